import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** What the guides show is type-checked and run against the sources, in a folder like a user's. */

const root = fileURLToPath(new URL('..', import.meta.url))
const guides = ['README.md', 'machines/README.md', 'specs/README.md']
const index = path.join(root, 'src/index.ts')
const bin = path.join(root, 'src/cli/bin.ts')
const vitest = path.join(root, 'node_modules/vitest/vitest.mjs')

interface Sample {
  readonly name: string
  readonly code: string
  /** The block that follows after "prints". */
  readonly prints: string | undefined
}

function samples(guide: string): Sample[] {
  const text = readFileSync(path.join(root, guide), 'utf8')
  return [...text.matchAll(/```ts\n(.*?)```(?:\n+prints\n+```text\n(.*?)```)?/gs)].map((match, number) => ({
    name: `${guide.replaceAll(/\W/g, '-').toLowerCase()}-${number + 1}.ts`,
    code: match[1] ?? '',
    prints: match[2],
  }))
}

function commands(guide: string): string[] {
  const text = readFileSync(path.join(root, guide), 'utf8')
  const lines = [...text.matchAll(/```sh\n(.*?)```/gs)].flatMap((match) => (match[1] ?? '').split('\n'))
  return lines.filter((line) => line.startsWith(prefix)).map((line) => line.replace(/ +#.*/, ''))
}

const prefix = 'npm run -s forkchart -- '
const all = guides.flatMap(samples)
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'forkchart-docs-'))
  for (const name of ['node_modules', 'specs']) symlinkSync(path.join(root, name), path.join(folder, name))
  for (const { name, code } of all) writeFileSync(path.join(folder, name), code)
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
  const compilerOptions = { paths: { forkchart: [index] }, typeRoots: [path.join(root, 'node_modules/@types')] }
  writeFileSync(
    path.join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: path.join(root, 'tsconfig.json'), compilerOptions, include: ['*.ts'] }),
  )
  const resolver = `
    import { registerHooks } from 'node:module'
    registerHooks({
      resolve: (name, context, next) => next(name === 'forkchart' ? ${JSON.stringify(pathToFileURL(index).href)} : name, context),
    })`
  writeFileSync(path.join(folder, 'resolver.mjs'), resolver)
  const config = { resolve: { alias: { forkchart: index } }, test: { include: ['*.ts'] } }
  writeFileSync(path.join(folder, 'vitest.config.mjs'), `export default ${JSON.stringify(config)}`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the guides', () => {
  test('show samples', () => {
    for (const guide of guides) {
      expect(samples(guide)).not.toEqual([])
      expect(commands(guide)).not.toEqual([])
    }
  })

  test('show TypeScript that passes the type check', () => {
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
    writeFileSync(path.join(folder, 'planted.ts'), "import { loadSpec } from 'forkchart'\n\nexport const planted: number = loadSpec\n")
    const argv = [tsc, '--noEmit', '--pretty', 'false', '-p', folder]
    const { stdout } = spawnSync(process.execPath, argv, { cwd: folder, encoding: 'utf8' })
    const places = stdout.split('\n').filter((line) => /^[^ ./]+\.ts\(/.test(line))
    expect(places).toEqual([expect.stringMatching(/^planted\.ts\(3,14\): error TS2322/)])
  }, 60_000)

  test.each(all)('$name runs and prints what the guide says', ({ name, code, prints }) => {
    const argv = code.includes("from 'vitest'") ? [vitest, 'run', name] : ['--import', './resolver.mjs', name]
    const child = spawnSync(process.execPath, argv, { cwd: folder, encoding: 'utf8' })
    expect({ status: child.status, stderr: child.stderr }).toEqual({ status: 0, stderr: '' })
    if (prints !== undefined) expect(child.stdout).toBe(prints)
  }, 60_000)

  test.each([...new Set(guides.flatMap(commands))])('%s', (line) => {
    const command = `"${process.execPath}" "${bin}" ${line.slice(prefix.length)}`
    const child = spawnSync(command, { cwd: folder, shell: true, encoding: 'utf8' })
    const status = line.includes('--no-wait') ? 3 : 0
    expect({ status: child.status, stderr: child.status === status ? '' : child.stderr }).toEqual({ status, stderr: '' })
  })
})
