import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from './cli-terminal.ts'

let cwd = ''
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'forkchart-build-'))
  await writeFile(join(cwd, 'good.yaml'), `
forkchart: 1
name: hello
input: { type: object, required: [name], properties: { name: { type: string } } }
stages:
  - id: both
    parallel:
      - { id: a, run: [echo, "\${{ input.name }}"] }
      - { id: b, run: [echo, b] }
`)
  await writeFile(join(cwd, 'bad.yaml'), 'forkchart: 1\nname: bad\nstages:\n  - { id: a, agent: nobody, prompt: hi }\n  - { id: a, run: x }\n')
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

describe('check', () => {
  test('a good spec ends with 0', async () => {
    expect(await call(cwd, ['check', 'good.yaml'])).toEqual({ code: 0, out: 'good.yaml: ok, 2 steps, 1 parallel group\n', err: '' })
    expect(JSON.parse((await call(cwd, ['check', 'good.yaml', '--json'])).out)).toEqual({ ok: true, problems: [] })
  })

  test('counts what there is of each kind, a reducer that is a step too', async () => {
    await writeFile(join(cwd, 'kinds.yaml'), `
forkchart: 1
name: kinds
agents: { one: { uses: scripted, replies: [x] } }
stages:
  - { id: m, reduce: { synthesize: one }, map: { over: [1, 2], as: n, do: { id: a, run: "true" } } }
  - { id: g, graph: [{ id: a, run: "true" }, { id: b, run: "true", needs: [a] }] }
  - { id: l, loop: { max: 2, do: { id: a, run: "true" } } }
`)
    expect((await call(cwd, ['check', 'kinds.yaml'])).out).toMatch(/ok, 5 steps, 1 graph, 1 map, 1 loop\n$/)
  })

  test('a bad one ends with 2 and lists every problem with its place', async () => {
    const people = await call(cwd, ['check', 'bad.yaml'])
    expect(people.code).toBe(2)
    expect(people.out).toMatch(/^bad\.yaml:4:\d+ +UNKNOWN_AGENT +.*nobody.*\nbad\.yaml:5:\d+ +DUPLICATE_ID +/)
    const { code, out, err } = await call(cwd, ['check', 'bad.yaml', '--json'])
    expect({ code, err }).toEqual({ code: 2, err: '' })
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      problems: [
        { code: 'UNKNOWN_AGENT', severity: 'error', file: join(cwd, 'bad.yaml'), line: 4, column: expect.any(Number), path: 'a' },
        { code: 'DUPLICATE_ID', line: 5 },
      ],
    })
  })

  test('one that is not there ends with 2, for programs in the same shape', async () => {
    expect(await call(cwd, ['check', 'missing.yaml'])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('missing.yaml') })
    const { code, out } = await call(cwd, ['check', 'missing.yaml', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(out)).toMatchObject({ ok: false, problems: [{ code: 'SPEC_NOT_FOUND', line: 1 }] })
  })
})

describe('graph of a spec', () => {
  test('ascii is the tree, json the chart', async () => {
    expect((await call(cwd, ['graph', 'good.yaml'])).out).toMatch(/^hello\n└─ both .*parallel, 2 branches/)
    const { out } = await call(cwd, ['graph', 'good.yaml', '--format', 'json'])
    expect(JSON.parse(out)).toMatchObject({ format: 1, name: 'hello', workflow: { name: 'hello' } })
    expect((await call(cwd, ['graph', 'good.yaml', '--json'])).out).toBe(out)
    expect((await call(cwd, ['graph', 'good.yaml', '--format', 'mermaid'])).out).toMatch(/^stateDiagram-v2\n/)
  })

  test('an unknown format and a missing file end with 2', async () => {
    expect((await call(cwd, ['graph', 'good.yaml', '--format', 'png'])).code).toBe(2)
    expect(await call(cwd, ['graph', 'missing.yaml'])).toMatchObject({ code: 2, out: '' })
  })
})

describe('compile', () => {
  test('writes the module, and says where on stderr', async () => {
    expect(await call(cwd, ['compile', 'good.yaml', '-o', 'hello.ts'])).toEqual({ code: 0, out: '', err: 'wrote hello.ts\n' })
    const text = await readFile(join(cwd, 'hello.ts'), 'utf8')
    expect(text).toContain("export type StepPath =\n  | 'both.a'\n  | 'both.b'\n")
    expect((await call(cwd, ['compile', 'good.yaml'])).out).toBe(text)
  })

  test('as JSON names the file and the steps', async () => {
    const { out } = await call(cwd, ['compile', 'good.yaml', '-o', 'again.ts', '--json'])
    expect(JSON.parse(out)).toEqual({ workflow: 'hello', file: join(cwd, 'again.ts'), steps: ['both.a', 'both.b'] })
  })

  test('a bad spec is not compiled, a file that cannot be written is named', async () => {
    expect(await call(cwd, ['compile', 'bad.yaml'])).toMatchObject({ code: 2, out: '' })
    expect(await call(cwd, ['compile', 'good.yaml', '-o', 'no/such/dir.ts'])).toMatchObject({ code: 2, err: expect.stringContaining('OUTPUT_UNWRITABLE') })
  })
})

describe('doctor', () => {
  test('names what is there and what is missing; a missing agent is no failure', async () => {
    const { code, out } = await call(cwd, ['doctor', '--json'], { env: { PATH: '/nowhere' } })
    expect(code).toBe(0)
    const { ok, findings } = JSON.parse(out)
    expect(ok).toBe(true)
    expect(findings).toContainEqual(expect.objectContaining({ kind: 'agent', name: 'openai', ok: false, missing: expect.stringContaining('OPENAI_API_KEY') }))
    expect(findings).toContainEqual(expect.objectContaining({ kind: 'program', name: 'git', ok: false }))
    expect((await call(cwd, ['doctor'])).out).toContain('agent    openai')
  })

  test('a store that cannot be one is a failure', async () => {
    const { code, out } = await call(cwd, ['doctor', '--json', '--store', 'good.yaml'])
    expect(code).toBe(1)
    expect(JSON.parse(out).findings).toContainEqual(expect.objectContaining({ kind: 'store', ok: false }))
  })
})

describe('usage', () => {
  test.each([
    [['nope']], [['run']], [['run', 'good.yaml', '--ui', 'pretty']], [['run', 'good.yaml', '--concurrency', '0']],
    [['run', 'good.yaml', '--no-such-flag']], [['ls', 'too', 'many']], [['resume']], [['resume', 'x', '--last']], [['events', 'x', '--after', 'y']], [[]],
  ])('%j ends with 2 and says why on stderr', async (argv) => {
    const { code, out, err } = await call(cwd, argv)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).not.toBe('')
  })

  test('with --json a wrong flag is an object too', async () => {
    expect(JSON.parse((await call(cwd, ['ls', '--json', '--nope'])).out)).toMatchObject({ error: { code: 'USAGE', message: expect.stringContaining('--nope') } })
  })

  test('help and version are data', async () => {
    expect(await call(cwd, ['--version'])).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' })
    const { code, out } = await call(cwd, ['--help'])
    expect(code).toBe(0)
    for (const name of ['run', 'resume', 'ls', 'show', 'events', 'logs', 'graph', 'compile', 'check', 'doctor']) {
      expect(out).toMatch(new RegExp(`^  ${name} `, 'm'))
      expect(await call(cwd, [name, '--help'])).toMatchObject({ code: 0, err: '' })
    }
  })
})

describe('run', () => {
  test('an input that does not fit the schema ends with 2 before anything starts', async () => {
    const { code, out } = await call(cwd, ['run', 'good.yaml', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'INPUT_INVALID' } })
    expect((await call(cwd, ['ls', '--json'])).out).toBe('[]\n')
  })

  test('gives the contract\'s object with --json, and the run can be looked at afterwards', async () => {
    const { code, out, err } = await call(cwd, ['run', 'good.yaml', '--input', 'name=Ann', '--run-id', 'r', '--json', '--concurrency', '1'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(JSON.parse(out)).toMatchObject({
      runId: 'r',
      status: 'done',
      output: ['Ann', 'b'],
      usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0, costUsd: null },
      elapsedMs: expect.any(Number),
      steps: [
        { path: 'both.a', status: 'completed', attempt: 1, group: 'both', branch: 'a', output: 'Ann' },
        { path: 'both.b', status: 'completed', attempt: 1, group: 'both', branch: 'b', output: 'b' },
      ],
    })
    expect((await call(cwd, ['logs', 'r', 'both.a'])).out).toBe('Ann\n')
    expect(await call(cwd, ['run', 'good.yaml', '--input', 'name=Ann', '--run-id', 'r'])).toMatchObject({ code: 2, err: expect.stringContaining('RUN_EXISTS') })
  })
})
