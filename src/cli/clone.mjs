// The command line in a clone: what `npm run forkchart` and `npm start` execute. Builds dist/ when it is missing or
// older than its sources, then runs the built program in this process, in the folder npm was called from.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const bin = join(root, 'dist/src/cli/bin.js')
/** Its time is when the last good build began, so that a change during a build is noticed by the next one. */
const stamp = join(root, 'dist/.built')
const lock = join(root, 'node_modules/.forkchart-build')
const compiler = join(root, 'node_modules/typescript/bin/tsc')

/** When the newest source changed; a folder's own time covers what was added to it or taken away. */
function newestChange(path) {
  const stats = statSync(path)
  if (!stats.isDirectory()) return stats.mtimeMs
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))))
}

function isBuilt() {
  if (!existsSync(stamp) || !existsSync(bin)) return false
  const sources = ['src', 'machines', 'tsconfig.json', 'package.json'].map((name) => join(root, name))
  return Math.max(...sources.map(newestChange)) < statSync(stamp).mtimeMs
}

/** Takes the right to build; false when another process has it. A lock whose owner died is taken over. */
function takeLock() {
  try {
    mkdirSync(lock)
    writeFileSync(join(lock, 'pid'), String(process.pid))
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  if (isAlive(lockOwner())) return false
  rmSync(lock, { recursive: true, force: true })
  return takeLock()
}

/** The process that builds; undefined in the moment before it has written its name, and after it has gone. */
function lockOwner() {
  try {
    return Number(readFileSync(join(lock, 'pid'), 'utf8')) || undefined
  } catch {
    return undefined
  }
}

function isAlive(pid) {
  if (pid === undefined) return existsSync(lock) && Date.now() - statSync(lock).mtimeMs < 2000
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function build() {
  if (!existsSync(compiler)) fail('the compiler is not installed here: run `npm ci` first')
  process.stderr.write('building forkchart…\n')
  // Without its output the compiler's own note of what is up to date would be wrong.
  if (!existsSync(bin)) rmSync(join(root, 'dist'), { recursive: true, force: true })
  const began = new Date()
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [compiler, '-p', join(root, 'src')], {
    cwd: root,
    encoding: 'utf8',
  })
  if (error !== undefined) fail(`the compiler could not be started: ${error.message}`)
  if (status !== 0) fail(`the build failed:\n${stdout}${stderr}`)
  writeFileSync(stamp, '')
  utimesSync(stamp, began, began)
}

async function ensureBuilt() {
  while (!isBuilt()) {
    if (takeLock()) {
      process.once('exit', releaseLock)
      try {
        if (!isBuilt()) build()
      } finally {
        releaseLock()
        process.off('exit', releaseLock)
      }
      return
    }
    await new Promise((wake) => setTimeout(wake, 100))
  }
}

function releaseLock() {
  rmSync(lock, { recursive: true, force: true })
}

function fail(message) {
  process.stderr.write(`error: ${message}\n`)
  process.exit(1)
}

const argv = process.argv.slice(2)
await ensureBuilt()

// npm starts a script in the package's folder and says where it was called from.
const calledFrom = process.env.INIT_CWD
// `npm start` names a spec of this package; every other path is the caller's.
if (process.env.npm_lifecycle_event === 'start' && argv[1] !== undefined) argv[1] = join(root, argv[1])
if (calledFrom !== undefined && process.cwd() === root) process.chdir(calledFrom)
if (process.env.npm_lifecycle_event !== undefined) {
  // npm looks for the package from the caller's folder upwards.
  const isInside = `${process.cwd()}${sep}`.startsWith(`${root}${sep}`)
  process.env.FORKCHART_CALLED_AS = `npm ${isInside ? '' : `--prefix ${root} `}run -s forkchart --`
}
process.argv = [process.argv[0], bin, ...argv]
await import(pathToFileURL(bin).href)
