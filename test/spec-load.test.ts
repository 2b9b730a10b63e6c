import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { workflowBlocks } from '../src/spec/blocks.ts'
import { workflowSchema } from '../src/spec/ir.ts'
import { checkSpec, loadSpec, parseDefinition, parseSpec } from '../src/spec/load.ts'

let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forkchart-spec-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function file(name: string, text: string): Promise<string> {
  const path = join(dir, name)
  await writeFile(path, text)
  return path
}

const whole = `
forkchart: 1
name: whole
version: 2
limits: { agents: 3 }
env: [HOME]
agents:
  a: { uses: openai, model: m, base_url: "http://127.0.0.1", output: { type: object }, rehearse: [{ output: { a: 1 }, delay: 1.5s }] }
  s: { uses: scripted, replies: [hi, { output: 1, usage: { inputTokens: 1, outputTokens: 2 }, costUsd: 0.1 }, { error: rate_limit, message: no, delay: 1m }] }
stages:
  - { id: start, agent: a, max_turns: 2, retry: { attempts: 5, initial: 2s } }
  - title: Both
    parallel:
      - { agent: s, prompt: hello }
      - id: deep
        when: \${{ input != null }}
        sequence:
          - { run: [node, -e, 1], cwd: sub, env: { PORT: 8080 }, stdin: { a: 1 }, parse: json, timeout: 1m30s }
          - parallel: [{ run: ls }]
            on_branch_failure: fail_fast
            reduce: concat
`

describe('a spec', () => {
  it('gets its defaults, paths, groups and milliseconds', () => {
    const { workflow } = parseSpec(whole, { file: '/specs/whole.yaml', format: 'yaml' })
    expect(workflowSchema.parse(workflow)).toEqual(workflow)
    expect(JSON.parse(JSON.stringify(workflow))).toEqual(workflow)
    expect(workflow).toMatchObject({ format: 1, version: '2', limits: { concurrency: 4, agents: 3 }, env: ['HOME'] })
    expect(workflow.agents).toEqual({
      a: { uses: 'openai', model: 'm', baseUrl: 'http://127.0.0.1', output: { type: 'object' }, rehearse: [{ output: { a: 1 }, delayMs: 1500 }] },
      s: {
        uses: 'scripted',
        replies: [
          { output: 'hi' },
          { output: 1, usage: { inputTokens: 1, outputTokens: 2 }, costUsd: 0.1 },
          { error: 'rate_limit', message: 'no', delayMs: 60_000 },
        ],
      },
    })
    const blocks = [...workflowBlocks(workflow)]
    expect(blocks.map(({ path, kind, group, branch }) => [path, kind, group, branch])).toEqual([
      ['start', 'agent', undefined, undefined],
      ['stage-2', 'parallel', undefined, undefined],
      ['stage-2.branch-1', 'agent', 'stage-2', 'branch-1'],
      ['stage-2.deep', 'sequence', 'stage-2', 'deep'],
      ['stage-2.deep.step-1', 'run', 'stage-2', 'deep'],
      ['stage-2.deep.step-2', 'parallel', 'stage-2', 'deep'],
      ['stage-2.deep.step-2.branch-1', 'run', 'stage-2.deep.step-2', 'branch-1'],
    ])
    const [start, both, first, deep, command, inner, last] = blocks
    expect(start).toMatchObject({ prompt: '${{ prev }}', maxTurns: 2, retry: { attempts: 5, initialMs: 2000, factor: 2, maxMs: 60_000, jitter: 0.1, totalMs: 300_000 } })
    expect(both).toMatchObject({ title: 'Both', onBranchFailure: 'settle', reduce: 'auto', position: { line: 12, column: 5 } })
    expect(first).toMatchObject({ prompt: 'hello', retry: { attempts: 3, initialMs: 1000 } })
    expect(deep).toMatchObject({ when: 'input != null' })
    expect(command).toMatchObject({ command: ['node', '-e', '1'], cwd: 'sub', env: { PORT: '8080' }, stdin: { a: 1 }, parse: 'json', timeoutMs: 90_000 })
    expect(inner).toMatchObject({ onBranchFailure: 'fail_fast', reduce: 'concat' })
    expect(last).toMatchObject({ command: 'ls', parse: 'text', retry: { attempts: 1 } })
  })

  it('may use anchors and merge keys', () => {
    const text = 'forkchart: 1\nname: x\nstages:\n  - &a { id: a, run: ls, timeout: 2s }\n  - { <<: *a, id: b }\n  - { id: c, sequence: [*a] }\n'
    const { workflow } = parseSpec(text, { file: '/a.yaml', format: 'yaml' })
    expect([...workflowBlocks(workflow)].map(({ path, timeoutMs }) => [path, timeoutMs])).toEqual([
      ['a', 2000], ['b', 2000], ['c', undefined], ['c.a', 2000],
    ])
  })

  it('is loaded from YAML and from JSON alike', async () => {
    const yaml = await loadSpec(await file('a.yml', 'forkchart: 1\nname: x\nstages: [{ run: ls }]\n'))
    const json = await loadSpec(await file('a.json', '{\n\t"$schema": "x",\n\t"forkchart": 1, "name": "x",\n"stages": [{ "run": "ls" }]}'))
    expect(yaml).toMatchObject({ file: join(dir, 'a.yml'), dir, dialect: 'forkchart', functions: {}, warnings: [] })
    expect(yaml.text).toContain('name: x')
    const [first, second] = [yaml, json].map(({ workflow }) => workflow.stages.map(({ position: _, ...block }) => block))
    expect(first).toEqual(second)
  })

  it('that is not there, no file, or of another kind is the mistake of the caller', async () => {
    await expect(loadSpec(join(dir, 'none.yaml'))).rejects.toMatchObject({ code: 'SPEC_NOT_FOUND', kind: 'usage' })
    await expect(loadSpec(dir)).rejects.toMatchObject({ code: 'SPEC_UNREADABLE' })
    await expect(loadSpec(await file('a.toml', ''))).rejects.toMatchObject({ code: 'SPEC_FORMAT' })
  })

  it('can be checked without throwing', async () => {
    const bad = await checkSpec(await file('bad.yaml', 'forkchart: 1\nname: x\nstages: [{ rnu: ls }]\n'))
    expect(bad).toMatchObject({ ok: false, problems: [{ code: 'BLOCK_KIND', severity: 'error', file: join(dir, 'bad.yaml'), line: 3, column: 10, path: 'stage-1' }] })
    expect(bad.loaded).toBeUndefined()
    const good = await checkSpec(await file('good.yaml', 'forkchart: 1\nname: x\nstages: [{ run: ls }]\n'))
    expect(good).toMatchObject({ ok: true, problems: [], loaded: { workflow: { name: 'x' } } })
  })
})

describe('a called module', () => {
  it('must be there, load, and export that function', async () => {
    await file('steps.ts', 'export const good = (input: number): number => input\nexport const number: number = 1\n')
    await file('broken.ts', 'throw new Error("it broke")\n')
    const spec = await file(
      'calls.yaml',
      `forkchart: 1
name: x
stages:
  - call: ./steps.ts#good
  - call: ./steps.ts#goood
  - call: ./steps.ts#number
  - call: ./nowhere.ts#good
  - call: ./broken.ts#good
  - { parallel: [{ run: ls }], reduce: { call: ./steps.ts#good } }
  - { parallel: [{ run: ls }], reduce: { call: ./steps.ts#bad } }
`,
    )
    const { problems } = await checkSpec(spec)
    expect(problems.map(({ line, column, code }) => `${line}:${column} ${code}`)).toEqual([
      '5:11 EXPORT_NOT_FOUND', '6:11 EXPORT_NOT_FOUND', '7:11 MODULE_NOT_FOUND', '8:11 MODULE_FAILED', '10:48 EXPORT_NOT_FOUND',
    ])
    expect(problems[0]?.message).toContain('Did you mean `good`?')
    expect(problems[3]?.message).toContain('it broke')
  })
})

describe('a TypeScript spec', () => {
  const definition = (exported: string): string => `
import type { WorkflowSpec } from '${new URL('../src/spec/define-workflow.ts', import.meta.url).pathname}'
async function double(input: number): Promise<number> { return input * 2 }
const made: WorkflowSpec = {
  forkchart: 1, name: 'typed',
  stages: [
    { id: 'one', call: double },
    { id: 'group', parallel: [{ call: double }, { sequence: [{ run: ['ls'] }] }], reduce: { call: (list: readonly number[]) => list.length } },
  ],
}
${exported}
`

  it.each(['export const workflow = made', 'export default made'])('registers its functions by path: %s', async (exported) => {
    const loaded = await loadSpec(await file(`typed-${exported.length}.ts`, definition(exported)))
    expect(workflowSchema.parse(loaded.workflow)).toEqual(loaded.workflow)
    expect(loaded.workflow.stages).toMatchObject([
      { target: 'one' },
      { reduce: { call: 'group:reduce' }, branches: [{ target: 'group.branch-1' }, {}] },
    ])
    expect(Object.keys(loaded.functions)).toEqual(['one', 'group.branch-1', 'group:reduce'])
    expect(await loaded.functions['one']?.(4, {} as never)).toBe(8)
    expect(loaded.functions['group:reduce']?.([1, 2], {} as never)).toBe(2)
  })

  it('that exports none or does not load is a problem of the spec', async () => {
    expect((await checkSpec(await file('none.ts', 'export const x = 1'))).problems).toMatchObject([{ code: 'MODULE_FAILED', line: 1 }])
    const thrown = await checkSpec(await file('thrown.mjs', '\n\nthrow new Error("no luck")\n'))
    expect(thrown.problems).toMatchObject([{ code: 'MODULE_FAILED', line: 3, message: expect.stringContaining('no luck') }])
  })

  it('is checked like any other', () => {
    expect(() => parseDefinition({ forkchart: 1, name: 'x', stages: [{ agent: 'nobody' }] }, { file: '/x/spec.ts' })).toThrow(/UNKNOWN_AGENT/)
    const { workflow, functions, dir: folder } = parseDefinition({ forkchart: 1, name: 'x', steps: [{ call: (text: string) => text.length }] }, { file: '/x/spec.ts' })
    expect(workflow.stages[0]).toMatchObject({ path: 'stage-1', blocks: [{ path: 'stage-1.step-1', target: 'stage-1.step-1' }] })
    expect(Object.keys(functions)).toEqual(['stage-1.step-1'])
    expect(folder).toBe('/x')
  })
})
