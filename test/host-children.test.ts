import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import type { Json } from '../src/json.ts'
import type { Workflow } from '../src/spec/ir.ts'
import { checkSpec, loadSpec } from '../src/spec/load.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { Store } from '../src/store/store.ts'
import { type ActBench, call, createActBench, told, workflowOf } from './act-bench.ts'

/** The workflow with its children, by the paths of their specs. */
function parentOf(stages: (child: string) => readonly Json[], child: Workflow): Workflow {
  const parent = workflowOf(stages('call').map((stage) => JSON.parse(JSON.stringify(stage).replaceAll('"workflow":"child"', '"call":"./w.ts#w"')) as Json))
  return { ...parent, stages: asChildren(parent.stages), workflows: { child } }
}

/** Steps named `child…` run one. */
function asChildren(value: Workflow['stages']): Workflow['stages'] {
  const isChild = (block: object): boolean => 'id' in block && String(block.id).startsWith('child') && 'kind' in block && block.kind === 'call'
  return JSON.parse(JSON.stringify(value), (_, one: object | null) =>
    typeof one === 'object' && one !== null && isChild(one) ? { ...one, kind: 'workflow', workflow: 'child', with: '${{ prev }}', target: undefined } : one,
  ) as Workflow['stages']
}

/** All runs as they are, for another host after a kill. */
async function killed(store: Store): Promise<Store> {
  const other = createMemoryStore()
  for (const { runId } of await store.list()) {
    const { spec, events } = await store.read(runId)
    const writer = await other.create(spec)
    writer.append(events)
    await writer.close()
  }
  return other
}

async function runs(bench: ActBench): Promise<string[]> {
  return (await bench.store.list()).map(({ runId, status }) => `${runId} ${status}`).sort()
}

const inner = workflowOf([call('x'), call('y')])

describe('a child run', () => {
  test('has its own id and journal, and its output is that of the step', async () => {
    const bench = createActBench()
    const handle = await bench.begin(parentOf(() => [call('a'), { id: 'g', parallel: [call('child'), call('child2')] }], inner))
    expect(await bench.settled(handle)).toEqual({ status: 'done', output: ['y', 'y'] })
    expect(await runs(bench)).toEqual(['run done', 'run.g.child done', 'run.g.child2 done'])
    expect((await bench.store.read('run.g.child')).spec).toMatchObject({ input: 'a', parent: { runId: 'run', path: 'g.child' } })
  })

  test('that somebody else has for a moment is waited for, and taken in the end when its parent was', async () => {
    for (const force of [false, true]) {
      const bench = createActBench()
      const handle = await bench.begin(parentOf(() => [call('child')], workflowOf([{ id: 'q', ask: '?' }])))
      await bench.quiet()
      await handle.interrupt()
      const { writer } = await bench.store.open('run.child')
      const again = await bench.host.resume({ runId: 'run', force })
      await bench.quiet()
      expect(bench.open(again)).toEqual([])
      if (!force) await writer.close()
      for (let waited = 0; waited < 20_000; waited += 100) {
        bench.clock.advance(100)
        await bench.quiet()
      }
      await bench.host.act('run.child', { type: 'answer', ask: 'q', value: 'yes' })
      expect(await bench.settled(again)).toEqual({ status: 'done', output: 'yes' })
    }
  })

  test('that somebody takes over while it waits is taken up again when they let go of it', async () => {
    const bench = createActBench()
    const handle = await bench.begin(parentOf(() => [call('child')], workflowOf([call('x'), { id: 'q', ask: '?' }])))
    await bench.quiet()
    const { writer } = await bench.store.open('run.child', { force: true })
    await bench.quiet()
    await writer.close()
    bench.clock.advance(100)
    await bench.quiet()
    expect(told(handle, 'run.waiting')).toEqual([{ type: 'run.waiting', asks: ['run.child:q'] }])
    await bench.host.act('run.child', { type: 'answer', ask: 'q', value: 'yes' })
    expect(await bench.settled(handle)).toEqual({ status: 'done', output: 'yes' })
    expect(bench.executed).toEqual(['x'])
  })

  test('that fails fails the step, which names it; run again it is another one', async () => {
    const bench = createActBench()
    bench.break('y')
    const handle = await bench.begin(parentOf(() => [call('child')], inner))
    expect(await bench.settled(handle)).toMatchObject({
      status: 'failed', error: { code: 'BROKE', path: 'child', details: { runId: 'run.child', path: 'y' } },
    })
    bench.mend()
    const again = await bench.host.resume({ runId: 'run', again: 'failed' })
    expect(await bench.settled(again)).toEqual({ status: 'done', output: 'y' })
    expect(await runs(bench)).toEqual(['run done', 'run.child failed', 'run.child-2 done'])
  })

  test('is cancelled with its step, and interrupted with its parent', async () => {
    const bench = createActBench()
    bench.hold('y')
    const workflow = parentOf(() => [{ id: 'g', parallel: [call('child'), call('b')], on_branch_failure: 'continue' }], inner)
    const handle = await bench.begin(workflow)
    await bench.quiet()
    await handle.interrupt()
    expect(await runs(bench)).toEqual(['run interrupted', 'run.g.child interrupted'])
    const again = await bench.host.resume({ runId: 'run' })
    await bench.quiet()
    await again.act({ type: 'cancel', path: 'g.child', reason: 'no' })
    expect(await bench.settled(again)).toMatchObject({ status: 'done' })
    expect(await runs(bench)).toEqual(['run done', 'run.g.child cancelled'])
    expect(bench.executed).toEqual(['g.b', 'x', 'y', 'y'])
  })

  test('is cancelled with a parent that nobody works on', async () => {
    const bench = createActBench()
    const asking = workflowOf([{ id: 'q', ask: '?' }])
    const handle = await bench.begin(parentOf(() => [call('child')], parentOf(() => [call('child')], asking)), { noWait: true })
    expect(await bench.settled(handle)).toEqual({ status: 'waiting' })
    expect(await bench.host.act('run', { type: 'cancel', reason: 'over' })).toBe('saved')
    expect(await runs(bench)).toEqual(['run cancelled', 'run.child cancelled', 'run.child.child cancelled'])
  })

  test('that was cancelled with its parent is another one when that is run again', async () => {
    const bench = createActBench()
    const open = bench.hold('y')
    bench.break('g.b')
    const workflow = parentOf(() => [{ id: 'g', parallel: [call('child'), { id: 's', sequence: [{ id: 'w', wait: '1s' }, call('b')] }], on_branch_failure: 'fail_fast' }], inner)
    bench.break('g.s.b')
    expect(await bench.settled(await bench.begin(workflow))).toMatchObject({ status: 'failed' })
    expect(await runs(bench)).toEqual(['run failed', 'run.g.child cancelled'])
    bench.mend()
    open()
    const again = await bench.host.resume({ runId: 'run', again: 'failed' })
    expect(await bench.settled(again)).toEqual({ status: 'done', output: ['y', 'g.s.b'] })
    expect(await runs(bench)).toEqual(['run done', 'run.g.child cancelled', 'run.g.child-2 done'])
  })

  test('goes on after its parent\'s process died, and is not run again when it was done', async () => {
    const bench = createActBench()
    const open = [bench.hold('b'), bench.hold('g.b')]
    const handle = await bench.begin(parentOf(() => [{ id: 'g', parallel: [call('child'), call('b')] }], inner))
    bench.hold('y')
    await bench.quiet()
    expect(bench.executed).toEqual(['g.b', 'x', 'y'])
    const under = createActBench(undefined, { store: await killed(bench.store) })
    expect(await under.settled(await under.host.resume({ runId: 'run' }))).toEqual({ status: 'done', output: ['y', 'g.b'] })
    expect(under.executed.toSorted()).toEqual(['g.b', 'y'])
    expect(await runs(under)).toEqual(['run done', 'run.g.child done'])
    await handle.interrupt()
    for (const release of open) release()

    // It was done, and its parent had not heard of that.
    const done = createActBench()
    await done.settled(await done.begin(parentOf(() => [call('child')], inner)))
    const { spec, events } = await done.store.read('run')
    const cut = events.findIndex(({ type }) => type === 'step.completed')
    const store = createMemoryStore()
    for (const [one, journal] of [[spec, events.slice(0, cut)], [(await done.store.read('run.child')).spec, (await done.store.read('run.child')).events]] as const) {
      const writer = await store.create(one)
      writer.append(journal)
      await writer.close()
    }
    const later = createActBench(undefined, { store })
    expect(await later.settled(await later.host.resume({ runId: 'run' }))).toEqual({ status: 'done', output: 'y' })
    expect(later.executed).toEqual([])
  })

  test('asks for its parent too: the answer is given to the child, at work or saved', async () => {
    for (const noWait of [false, true]) {
      const bench = createActBench()
      const handle = await bench.begin(parentOf(() => [call('child'), call('b')], workflowOf([{ id: 'q', ask: '?' }, call('y')])), { noWait })
      await bench.quiet()
      expect(told(handle, 'run.waiting')).toEqual([{ type: 'run.waiting', path: undefined, asks: ['run.child:q'] }])
      const answered = bench.host.act('run.child', { type: 'answer', ask: 'q', value: 'x' })
      expect(await answered).toBe(noWait ? 'saved' : 'taken')
      const again = noWait ? await bench.host.resume({ runId: 'run' }) : handle
      expect(await bench.settled(again)).toEqual({ status: 'done', output: 'b' })
    }
  })

  test('is paused with its parent, and its parent with it; both go on', async () => {
    for (const paused of ['run', 'run.child']) {
      const bench = createActBench()
      const open = bench.hold('x')
      const handle = await bench.begin(parentOf(() => [call('child'), call('b')], inner))
      await bench.quiet()
      expect(await bench.host.act(paused, { type: 'pause' })).toBe('taken')
      await bench.quiet()
      open()
      expect(await bench.settled(handle)).toEqual({ status: 'interrupted' })
      expect(await runs(bench)).toEqual(['run interrupted', 'run.child interrupted'])
      expect(bench.executed).toEqual(['x'])
      expect(await bench.settled(await bench.host.resume({ runId: 'run' }))).toEqual({ status: 'done', output: 'b' })
      expect(bench.executed).toEqual(['x', 'y', 'b'])
    }
  })

  test('that began while its parent was pausing holds it up no longer than it is at work itself', async () => {
    for (const retries of [false, true]) {
      const bench = createActBench()
      const inside = workflowOf([{ id: 'q', ask: '?' }])
      const handle = await bench.begin(parentOf(() => [{ id: 'g', parallel: [call('child'), { id: 'w', wait: { event: 'go' } }] }], inside))
      await handle.act({ type: 'pause' })
      if (retries) await handle.act({ type: 'retry', again: ['g.child'] })
      expect(await bench.settled(handle)).toEqual({ status: 'interrupted' })
    }
  })

  test('that was paused is cancelled with its step all the same', async () => {
    const bench = createActBench()
    const open = [bench.hold('x'), bench.hold('g.b')]
    const handle = await bench.begin(parentOf(() => [{ id: 'g', parallel: [call('child'), call('b')] }], inner))
    await bench.quiet()
    await bench.host.act('run.g.child', { type: 'pause' })
    open[0]?.()
    await bench.quiet()
    await handle.act({ type: 'cancel', reason: 'over' })
    expect(await bench.settled(handle)).toMatchObject({ status: 'cancelled' })
    expect(await runs(bench)).toEqual(['run cancelled', 'run.g.child cancelled'])
  })

  test('takes the place of its step also after a restart', async () => {
    const bench = createActBench()
    bench.hold('y')
    const workflow = { ...parentOf(() => [{ id: 'g', parallel: [call('child'), call('b')] }], inner), limits: { concurrency: 1, agents: 20 } }
    const handle = await bench.begin(workflow)
    await bench.quiet()
    await handle.interrupt()
    const again = await bench.host.resume({ runId: 'run' })
    await bench.quiet()
    expect(bench.executed).toEqual(['x', 'y', 'y'])
    await again.interrupt()
  })
})

describe('children in specs', () => {
  let dir = ''
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'forkchart-children-'))
  })
  afterEach(() => rm(dir, { recursive: true, force: true }))
  const write = (name: string, text: string): Promise<void> => writeFile(join(dir, name), text)
  const problems = async (name: string): Promise<unknown> => (await checkSpec(join(dir, name))).problems.map(({ code, line }) => ({ code, line }))
  const head = (name: string): string => `forkchart: 1\nname: ${name}\n`

  test('that are missing, wrong or never end are reported where they are named', async () => {
    await write('a.yaml', `${head('a')}stages:\n  - { id: b, workflow: ./b.yaml }\n  - { id: c, workflow: ./c.yaml }\n  - { id: d, workflow: ./nope.yaml }\n`)
    await write('b.yaml', `${head('b')}stages:\n  - { id: a, workflow: ./a.yaml }\n`)
    await write('c.yaml', `${head('c')}stages:\n  - { id: x, agent: nobody }\n`)
    await write('s.yaml', `${head('s')}stages:\n  - { id: a, workflow: ./s.yaml }\n`)
    expect(await problems('a.yaml')).toEqual([{ code: 'CHILD_INVALID', line: 4 }, { code: 'CHILD_INVALID', line: 5 }, { code: 'CHILD_NOT_FOUND', line: 6 }])
    expect(await problems('s.yaml')).toEqual([{ code: 'CHILD_CYCLE', line: 4 }])
  })

  test('are rehearsed with their parent, call their own functions, and their usage counts', async () => {
    await write('parent.yaml', `${head('parent')}stages:\n  - { id: one, workflow: ./child.ts, with: { n: 2 } }\n  - { id: two, workflow: ./said.yaml }\n`)
    await write('child.ts', `export default { forkchart: 1, name: 'child', stages: [{ id: 'sum', call: (input: { n: number }) => input.n + 1 }, { id: 'deep', workflow: './deep.ts' }] }\n`)
    await write('deep.ts', `export default { forkchart: 1, name: 'deep', stages: [{ id: 'sum', call: (input: number) => input * 10 }] }\n`)
    await write('said.yaml', `${head('said')}agents: { w: { uses: scripted, replies: [{ output: ok, usage: { inputTokens: 3, outputTokens: 4 } }] } }\nstages: [{ id: say, agent: w, prompt: hi }]\n`)
    const { workflow, functions, file, text } = await loadSpec(join(dir, 'parent.yaml'))
    const store = createMemoryStore()
    const host = createEmbeddedHost({ store, functions, env: {} })
    const handle = await host.start({ workflow, input: null, runId: 'run', scripted: false, specDir: dir, workingDir: dir, source: { file, text } })
    expect(await handle.settled).toEqual({ status: 'done', output: 'ok' })
    expect(told(handle, 'step.completed')).toMatchObject([
      { path: 'one', output: 30 }, { path: 'two', output: 'ok', usage: { inputTokens: 3, outputTokens: 4 } },
    ])
    const rehearsed = await host.start({ workflow, input: null, runId: 'tried', scripted: true, specDir: dir, workingDir: dir, source: { file, text } })
    expect(await rehearsed.settled).toMatchObject({ status: 'done' })
    expect((await store.read('tried.two')).spec.options.scripted).toBe(true)
  })
})
