import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, realpath, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

/** A stand-in for the compiler: notes each build and writes a program that tells how it was started. */
const fakeCompiler = `
const { appendFileSync, mkdirSync, writeFileSync, existsSync } = require('node:fs')
appendFileSync('builds', 'x')
if (existsSync('broken')) { console.log('src/a.ts(1,1): error TS1: no'); process.exit(2) }
mkdirSync('dist/src/cli', { recursive: true })
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150)
writeFileSync('dist/src/cli/bin.js', 'console.log(JSON.stringify({ argv: process.argv.slice(2), cwd: process.cwd(), as: process.env.FORKCHART_CALLED_AS }))')
`

let root = ''
let caller = ''
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'forkchart-clone-')))
  caller = join(root, 'specs')
  for (const dir of ['src/cli', 'machines', 'specs', 'node_modules/typescript/bin']) await mkdir(join(root, dir), { recursive: true })
  await cp(resolve(import.meta.dirname, '../src/cli/clone.mjs'), join(root, 'src/cli/clone.mjs'))
  await writeFile(join(root, 'package.json'), '{ "type": "module" }')
  await writeFile(join(root, 'tsconfig.json'), '{}')
  await writeFile(join(root, 'node_modules/typescript/package.json'), '{}')
  await writeFile(join(root, 'node_modules/typescript/bin/tsc'), fakeCompiler)
  await writeFile(join(root, 'src/a.ts'), '')
  // Sources from before now, so that a build is younger than they are.
  await settle()
})
afterEach(() => rm(root, { recursive: true, force: true }))

async function settle(): Promise<void> {
  const before = new Date(Date.now() - 60_000)
  for (const path of ['src/a.ts', 'src/cli/clone.mjs', 'src/cli', 'src', 'machines', 'package.json', 'tsconfig.json']) {
    await utimes(join(root, path), before, before)
  }
}

/** What npm does to start a script: in the package's folder, with the caller's folder and the script's name in the environment. */
function call(script: string, ...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { PATH: process.env['PATH'], INIT_CWD: caller, npm_lifecycle_event: script }
  return new Promise((done) => {
    execFile(process.execPath, ['src/cli/clone.mjs', ...argv], { cwd: root, env }, (error, out, err) => {
      done({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })
}

async function builds(): Promise<number> {
  return (await readFile(join(root, 'builds'), 'utf8').catch(() => '')).length
}

describe('the command line in a clone', () => {
  test('is built first when needed, and runs in the folder it was called from', async () => {
    const first = await call('forkchart', 'ls', '--json')
    expect(JSON.parse(first.out)).toEqual({ argv: ['ls', '--json'], cwd: caller, as: 'npm run -s forkchart --' })
    expect(first).toMatchObject({ code: 0, err: 'building forkchart…\n' })
    expect(await call('forkchart', 'ls')).toMatchObject({ code: 0, err: '' })
    expect(await builds()).toBe(1)
  })

  test('called from elsewhere it says so in its hints', async () => {
    caller = tmpdir()
    expect(JSON.parse((await call('forkchart')).out)).toMatchObject({ as: `npm --prefix ${root} run -s forkchart --` })
  })

  test('is built again after a source changed or was added', async () => {
    await call('forkchart')
    await utimes(join(root, 'src/a.ts'), new Date(), new Date())
    await call('forkchart')
    expect(await builds()).toBe(2)
    await settle()
    await writeFile(join(root, 'machines/new.ts'), '')
    await call('forkchart')
    expect(await builds()).toBe(3)
  })

  test('two at once build once', async () => {
    const both = await Promise.all([call('forkchart', 'a'), call('forkchart', 'b')])
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect(await builds()).toBe(1)
  })

  test('a lock whose owner died is taken over', async () => {
    await mkdir(join(root, 'node_modules/.forkchart-build'))
    // No process has a number this high.
    await writeFile(join(root, 'node_modules/.forkchart-build/pid'), '99999999')
    expect(await call('forkchart')).toMatchObject({ code: 0 })
  })

  test('a failed build says what the compiler said, and is tried again', async () => {
    await writeFile(join(root, 'broken'), '')
    expect(await call('forkchart')).toMatchObject({ code: 1, out: '', err: expect.stringContaining('error TS1: no') })
    await rm(join(root, 'broken'))
    expect(await call('forkchart')).toMatchObject({ code: 0 })
  })

  test('npm start names a spec of the package, wherever it was called from', async () => {
    const { out } = await call('start', 'run', 'specs/x.yaml', '--input', 'path=specs/x.yaml')
    expect(JSON.parse(out)).toMatchObject({ argv: ['run', join(root, 'specs/x.yaml'), '--input', 'path=specs/x.yaml'], cwd: caller })
  })

  test('without an install it says what to do', async () => {
    await rm(join(root, 'node_modules/typescript'), { recursive: true })
    expect(await call('forkchart')).toMatchObject({ code: 1, err: expect.stringContaining('npm ci') })
  })
})
