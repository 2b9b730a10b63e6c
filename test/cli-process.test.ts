import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const bin = resolve(import.meta.dirname, '../src/cli/bin.ts')

let cwd = ''
const children: ChildProcess[] = []
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'forkchart-cli-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(cwd, { recursive: true, force: true })
})

function call(...argv: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...argv], { cwd, encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

async function spec(text: string): Promise<void> {
  await writeFile(join(cwd, 'work.yaml'), text)
}

describe('the command line as a process', () => {
  test('runs a workflow: its output on stdout, all else on stderr, exit code 0', async () => {
    await spec('forkchart: 1\nname: hello\nstages:\n  - { id: greet, run: [echo, "hi ${{ input.name }}"] }\n')
    const { code, out, err } = call('run', 'work.yaml', '--input', 'name=Ann')
    expect({ code, out: out.trim() }).toEqual({ code: 0, out: 'hi Ann' })
    expect(err).toContain('greet')
  })

  test('a failed run ends with 1, a bad spec with 2 and its place, a missing one with 2', async () => {
    await spec('forkchart: 1\nname: broken\nstages:\n  - { id: boom, run: [node, -e, "process.exit(3)"] }\n')
    expect(call('run', 'work.yaml', '--ui', 'none').code).toBe(1)
    await spec('forkchart: 1\nname: broken\nstages:\n  - { id: a, agent: nobody, prompt: hi }\n')
    expect(call('run', 'work.yaml')).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/^work\.yaml:4:\d+ +[A-Z_]+ +.*nobody/m) })
    expect(call('run', 'nowhere.yaml')).toMatchObject({ code: 2, out: '' })
  })

  test('interrupted it ends with 130 and says how to go on; resumed, what was done is not done again', async () => {
    await spec(`
forkchart: 1
name: slow
stages:
  - { id: first, run: "echo once >> first.txt; echo 1" }
  - { id: second, run: "echo x >> second.txt; test -f go || exec sleep 60; echo done" }
`)
    const child = spawn(process.execPath, [bin, 'run', 'work.yaml', '--ui', 'json', '--run-id', 'slow'], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    children.push(child)
    let err = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => { err += text })
    for await (const line of createInterface({ input: child.stdout })) {
      const { type, path } = JSON.parse(line)
      if (type === 'step.started' && path === 'second') child.kill('SIGINT')
    }
    const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode]
    expect(code).toBe(130)
    expect(err.trimEnd().split('\n').at(-1)).toBe('forkchart resume slow')

    await writeFile(join(cwd, 'go'), '')
    const resumed = call('resume', '--last', '--json')
    expect(resumed.code).toBe(0)
    expect(JSON.parse(resumed.out)).toMatchObject({ runId: 'slow', status: 'done', output: expect.stringContaining('done') })
    expect(await readFile(join(cwd, 'first.txt'), 'utf8')).toBe('once\n')
    expect(call('resume', 'slow', '--ui', 'none')).toMatchObject({ code: 0, out: expect.stringContaining('done') })
  })

  test('a reader that goes away ends it quietly', async () => {
    await spec('forkchart: 1\nname: wide\nstages:\n  - id: all\n    parallel:\n'
      + Array.from({ length: 60 }, (_, index) => `      - { id: b${index}, agent: a }\n`).join('')
      + 'agents: { a: { uses: scripted, replies: [ok] } }\n')
    const { code } = call('run', 'work.yaml', '--run-id', 'wide', '--ui', 'none')
    expect(code).toBe(0)
    const command = `"$1" "$2" events wide --json | head -n 1; echo "$?" >&2`
    const { stdout, stderr } = spawnSync('sh', ['-c', command, 'sh', process.execPath, bin], { cwd, encoding: 'utf8' })
    expect(JSON.parse(stdout)).toMatchObject({ seq: 1 })
    expect(stderr).toBe('0\n')
  })

  test('a Node that is too old is told so, and exits with 2', () => {
    const pretend = 'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})'
    const { status, stderr } = spawnSync(process.execPath, ['--import', pretend, bin, 'ls'], { cwd, encoding: 'utf8' })
    expect(status).toBe(2)
    expect(stderr).toMatch(/^error: forkchart needs Node 22.12 or newer; this is Node 20\.20\.2\.$/m)
  })
})
