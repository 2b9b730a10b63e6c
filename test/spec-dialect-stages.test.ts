import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { checkSpec } from '../src/spec/load.ts'
import { blockAt, load, outline, problemsOf, runLoaded } from './dialect-reading.ts'

const agents = 'agents: { a: { uses: openai }, b: { uses: openai } }\n'
const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function files(contents: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'forkchart-dialect-'))
  folders.push(folder)
  for (const [name, text] of Object.entries(contents)) writeFileSync(path.join(folder, name), text)
  return folder
}

describe('stages with steps that name agents', () => {
  const text = `key: vote
${agents}stages:
  - name: fan out
    mode: parallel
    concurrency: 2
    steps:
      - { agent_key: a, name: first, guard: input.go, input_mapper: "'x' + input.text" }
      - { agent_key: a, on_failure: continue }
      - { name: chain, steps: [{ agent_key: b }, { agent_key: b, output_schema: { type: object } }] }
    reducer: concat
  - { name: end, steps: [{ agent_key: b, max_turns: 2 }] }
`

  it('are groups and lists of agent steps', () => {
    const { workflow, dialect } = load(text)
    expect(dialect).toBe('stages')
    expect(outline(workflow.stages)).toEqual([
      'parallel fan-out', 'agent fan-out.first', 'agent fan-out.a', 'sequence fan-out.chain', 'agent fan-out.chain.b',
      'agent fan-out.chain.b-2', 'sequence end', 'agent end.b',
    ])
    const fan = blockAt(workflow.stages, 'fan-out')
    expect(fan).toMatchObject({
      title: 'fan out', reduce: 'concat', onBranchFailure: 'fail_fast', concurrency: 2, position: { line: 4, column: 5 },
    })
    expect(blockAt(workflow.stages, 'fan-out.first')).toMatchObject({
      when: 'input.go', input: "${{ 'x' + input.text }}", prompt: '${{ prev }}', position: { line: 8, column: 9 },
    })
    expect(blockAt(workflow.stages, 'fan-out.a')).toMatchObject({ onFailure: 'continue' })
    expect(blockAt(workflow.stages, 'end.b')).toMatchObject({ maxTurns: 2 })
  })

  it('win over flat steps, which is said', () => {
    expect(problemsOf(`${text}steps: [{ agent_key: a }]\n`)).toEqual(['13:1 STEPS_IGNORED'])
  })

  it('give one output as it is, several as a list in branch order, and pass through when all are skipped', async () => {
    const spec = load(`key: x\n${agents}stages:\n  - mode: parallel\n    steps:\n${[1, 2, 3].map((n) => `      - { agent_key: a, name: s${n}, guard: "input.exists(i, i == ${n})" }\n`).join('')}`)
    const outputs = async (input: number[]) => (await runLoaded(spec, input, ({ path: at }) => at)).settlement
    expect(await outputs([3, 1])).toMatchObject({ output: ['stage-1.s1', 'stage-1.s3'] })
    expect(await outputs([2])).toMatchObject({ output: 'stage-1.s2' })
    expect(await outputs([])).toMatchObject({ status: 'done', output: [] })
  })
})

describe('guards, mappers and reducers that are functions', () => {
  const calls: unknown[] = []
  const functions = {
    'app.guards:has_text': (current: unknown, prior: readonly unknown[]) => {
      calls.push(['guard', current, prior])
      return Promise.resolve(current !== '')
    },
    'app.maps.shout': (current: unknown) => String(current).toUpperCase(),
    'app.reducers:last': (outputs: unknown, prior: readonly unknown[]) => {
      calls.push(['reduce', outputs, prior])
      return (outputs as unknown[]).at(-1)
    },
  }
  const text = `key: x
${agents}stages:
  - name: first
    steps: [{ agent_key: a, name: start }]
  - name: fan
    mode: parallel
    steps:
      - { agent_key: a, name: one, guard: app.guards:has_text }
      - { agent_key: b, name: two, input_mapper: app.maps.shout, input_mapper_type: function, guard: "prev == 'go'" }
    reducer: app.reducers:last
  - name: end
    steps: [{ agent_key: b, guard: app.guards:has_text, guard_type: function, input_mapper: app.maps.shout, input_mapper_type: function }]
`

  it('are steps of their own: guards before the fan-out, mappers in the branch, the reducer after it', () => {
    const { workflow } = load(text, { functions })
    expect(outline(workflow.stages)).toEqual([
      'sequence first', 'agent first.start',
      'sequence fan', 'call fan.one-guard', 'parallel fan.branches', 'agent fan.branches.one', 'sequence fan.branches.two',
      'call fan.branches.two.input', 'agent fan.branches.two.agent', 'call fan.reduce',
      'sequence end', 'call end.b-guard', 'sequence end.b', 'call end.b.input', 'agent end.b.agent',
    ])
    expect(blockAt(workflow.stages, 'fan.branches.one')).toMatchObject({ when: 'stages.fan.one-guard.status == "completed"' })
    expect(blockAt(workflow.stages, 'end.b-guard')).toMatchObject({ position: { line: 13, column: 13 } })
  })

  it('get what they get there, and a false guard leaves the input as it was', async () => {
    calls.length = 0
    const spec = load(text, { functions })
    const run = await runLoaded(spec, 'hi', ({ path: at, input }) => (at === 'first.start' ? 'go' : `${at}: ${String(input)}`))
    expect(run.settlement).toMatchObject({ status: 'done', output: 'end.b.agent: FAN.BRANCHES.TWO.AGENT: GO' })
    const start = {
      name: 'start', agent_key: 'a', stage_name: 'first', parallel_group: null, branch_index: null,
      response_text: 'go', structured_output: null,
    }
    expect(calls).toMatchObject([
      ['guard', 'go', [start]],
      ['reduce', ['fan.branches.one: go', 'fan.branches.two.agent: GO'], [start]],
      ['guard', 'fan.branches.two.agent: GO', [start, { name: 'one', parallel_group: 'fan', branch_index: 0 }, { name: 'two', branch_index: 1 }]],
    ])
    const skipped = await runLoaded(spec, 'hi', () => '')
    expect(skipped.settlement).toMatchObject({ status: 'done', output: '' })
    expect(skipped.paths('step.completed')).toEqual(['first.start'])
  })

  it('may be expressions: a reducer sees the outputs as prev', async () => {
    const spec = load(`key: x\n${agents}stages:\n  - { mode: parallel, name: f, steps: [{ agent_key: a }, { agent_key: b }], reducer: "prev.join('+')" }\n`)
    expect(outline(spec.workflow.stages)).toContain('wait f.reduce')
    expect((await runLoaded(spec, null, ({ path: at }) => at)).settlement).toMatchObject({ output: 'f.branches.a+f.branches.b' })
  })

  it('fail a guard that says neither yes nor no', async () => {
    const spec = load(`key: x\n${agents}steps: [{ agent_key: a, guard: g, guard_type: function }]\n`, { functions: { g: () => 'yes' } })
    const { settlement } = await runLoaded(spec, null, () => 'never')
    expect(settlement).toMatchObject({ status: 'failed', error: { code: 'GUARD_NOT_BOOLEAN', path: 'stage-1.a-guard' } })
  })

  it('are loaded from modules, which are missed where they are named', async () => {
    const spec = `key: x\n${agents}functions: { app.ok: "./hooks.mjs#ok" }\nstages:\n  - name: s\n    steps:\n      - { agent_key: a, guard: app.ok }\n      - { agent_key: b, input_mapper: ./hooks.mjs#up }\n`
    const folder = files({ 'a.yaml': spec, 'hooks.mjs': 'export const ok = async (c) => c === "yes"\nexport const up = (c, p) => c + p.length\n' })
    const { loaded, problems } = await checkSpec(path.join(folder, 'a.yaml'))
    expect(problems).toEqual([])
    if (loaded === undefined) throw new Error('not loaded')
    expect((await runLoaded(loaded, 'yes', ({ input }) => `<${String(input)}>`)).settlement).toMatchObject({ output: '<<yes>1>' })
    expect((await runLoaded(loaded, 'no', ({ input }) => `<${String(input)}>`)).settlement).toMatchObject({ output: '<no0>' })
    writeFileSync(path.join(folder, 'b.yaml'), spec.replace('./hooks.mjs#up', './none.mjs#up').replace('#ok', '#okay'))
    const wrong = await checkSpec(path.join(folder, 'b.yaml'))
    expect(wrong.problems.map(({ line, column, code }) => `${line}:${column} ${code}`)).toEqual(['7:32 EXPORT_NOT_FOUND', '8:39 MODULE_NOT_FOUND'])
  })
})
