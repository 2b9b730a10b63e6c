import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { compileWorkflow } from '../src/compiler/compile.ts'
import { initialScope } from '../src/compiler/scope.ts'
import type { RunEvent } from '../src/events.ts'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import { cause } from '../src/runtime/cause.ts'
import { createProgram } from '../src/runtime/program.ts'
import { replay } from '../src/runtime/replay.ts'
import { RunTree } from '../src/runtime/run-tree.ts'
import { applyEvent, createRunView, mayHave, type RunView } from '../src/runtime/run-view.ts'
import { undoEnds } from '../src/runtime/undo-ends.ts'
import { blocksIn, isBranchGroup, workflowBlocks } from '../src/spec/blocks.ts'
import type { Block, Workflow } from '../src/spec/ir.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import { createVirtualClock } from '../src/testing/virtual-clock.ts'
import { act, durationOf, randomBlocks } from './blocks-random.ts'
import { type Ran, runHosted, type Work } from './blocks-run.ts'
import { eventsOf } from './run-embedded.ts'
import { evaluation } from './tree-driver.ts'
import { parallel, sequence, step, Story, workflowOf } from './tui-fixture.ts'
import { askOf, graphOf, mapOf, reacting } from './tui-fixture-groups.ts'

beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))
afterEach(() => vi.restoreAllMocks())

/** The settled run, gone on with: these run again. */
async function runAgain({ spec, events }: Ran, again: readonly string[], work: Work): Promise<readonly RunEvent[]> {
  const store = createMemoryStore()
  const writer = await store.create(spec)
  writer.append(events)
  await writer.close()
  const clock = createVirtualClock(Date.parse(events.at(-1)?.at ?? ''))
  const host = createEmbeddedHost({
    store, clock, env: {},
    execute: async (request, { turn = 1 }) => ({
      output: await work(request, turn, (ms) => new Promise((done) => void clock.schedule(done, ms))),
    }),
  })
  const handle = await host.resume({ runId: 'run', again })
  let isOver = false
  void handle.settled.finally(() => (isOver = true)).catch(() => undefined)
  for (let round = 0; !isOver && round < 500; round += 1) {
    clock.advance(1)
    await new Promise((done) => setImmediate(done))
  }
  expect(isOver, `the run ends after ${again.join()} is run again`).toBe(true)
  return eventsOf(handle).slice(events.length)
}

/** The journal as it would be had what was undone never ended. */
function withoutUndone({ spec, events }: Ran, again: readonly string[]): RunEvent[] {
  const program = createProgram(compileWorkflow(spec.workflow), evaluation)
  const scope = initialScope(spec.workflow, spec.input, spec.runId)
  const { causes, tree: before } = replay(new RunTree(program), events, scope)
  const { causes: kept } = undoEnds(new RunTree(program), causes, again, { scope, now: Date.parse(events.at(-1)?.at ?? ''), before })
  const tree = new RunTree(program)
  return kept.flatMap(({ event }) => {
    const emitted = (cause(tree, event, scope)?.events ?? []).map((one) => ({ ...one, runId: event.runId, at: event.at }) as RunEvent)
    return event.type === 'run.started' ? [event, ...emitted] : emitted
  })
}

function tell(view: RunView, events: readonly RunEvent[]): void {
  for (const event of events) applyEvent(view, { ...event, seq: view.lastSeq + 1 })
}

function repeats(block: Block): boolean {
  return [...blocksIn([block])].some(({ kind }) => kind === 'loop' || kind === 'review')
}

function isCappedGroup(block: Block | undefined): boolean {
  return block !== undefined && isBranchGroup(block) && block.concurrency !== undefined
}

/** What can be taken back to a round that is over: a view does not know what stood in that one before it runs again. */
function isRepeatedWhole(workflow: Workflow, path: string): boolean {
  const view = createRunView(workflow)
  if (!mayHave(workflow, path)) return true
  const block = [...workflowBlocks(workflow)].find((one) => one.path === path.replaceAll(/\.\d+\./g, '.[].'))
  const around = path.split('.').map((_, index, keys) => view.byPath.get(keys.slice(0, index).join('.'))?.kind)
  const goesBack = [...workflowBlocks(workflow)].some(({ onFailure }) => typeof onFailure === 'object' && 'goto' in onFailure)
  const isRepeated = around.includes('loop') || around.includes('review') || /\.\d+\./.test(path)
  // Where few run at once, it is the order of their ends that says which had begun.
  const isCapped = path.split('.').some((_, index, keys) => isCappedGroup(view.byPath.get(keys.slice(0, index + 1).join('.'))?.block))
  return block === undefined || isCapped || goesBack || isRepeated || repeats(block)
}

/** All that the counts are made of, and the counts. */
function standing(view: RunView): unknown {
  const nodes = view.nodes.map(({ path, status, attempt, iteration, steps }) => {
    const counts = Object.entries(steps).filter(([, count]) => count > 0).map(([word, count]) => `${count} ${word}`)
    return `${path} ${status}, attempt ${attempt}, round ${iteration}: ${counts.join(', ')}`
  })
  return { nodes: nodes.sort(), steps: view.steps, total: view.total, status: view.status, active: [...view.active].map(({ path }) => path).sort() }
}

function statuses(view: RunView): Record<string, string> {
  return Object.fromEntries(view.nodes.map(({ path, status }) => [path, status]))
}

describe('what is run again', () => {
  const row = workflowOf([
    step('find'),
    mapOf('each', sequence('each.[].do', [step('each.[].do.a'), step('each.[].do.b')], { group: 'each' })),
    parallel('gate', [askOf('gate.ask'), step('gate.test')]),
    step('end'),
  ])
  const mapped = (): Story => new Story().begin().start('find').complete('find', 'x').open('each', ['0', '1'])
    .start('each.0.do.a').complete('each.0.do.a', 'x').start('each.1.do.a').complete('each.1.do.a', 'x')
    .start('each.0.do.b').complete('each.0.do.b', 'x').start('each.1.do.b').fail('each.1.do.b', 'no')
    .join('each', 'failed').settle('failed')

  test('is at work again in a run that had settled, and so are the groups around; what came after is still to come', () => {
    const view = mapped().resume({ again: ['each.1.do.b'], undone: [] }).view(row)
    expect(view).toMatchObject({ status: 'running', error: null, steps: { completed: 4, running: 1, pending: 3, failed: 0 }, total: 8 })
    expect(statuses(view)).toMatchObject({ each: 'running', 'each.1.do': 'running', 'each.0.do': 'completed', 'each.1.do.b': 'running', gate: 'pending' })
    expect(view.byPath.get('each')).toMatchObject({ endedAt: null, error: null })
  })

  test('makes a map that came after forget its items, while one that is run again keeps them', () => {
    const later = mapped().resume({ again: ['find'], undone: ['each.0.do.a', 'each.0.do.b', 'each.1.do.a', 'each.1.do.b'] }).view(row)
    expect(statuses(later)).toEqual({ find: 'running', each: 'pending', gate: 'pending', 'gate.ask': 'pending', 'gate.test': 'pending', end: 'pending' })
    expect(later.total).toBe(4)
    const whole = mapped().resume({ again: ['each'], undone: [] }).view(row)
    expect(whole.steps).toMatchObject({ completed: 1, running: 2, pending: 5 })
  })

  test('takes back that the run was cancelled: what was stopped with it goes on, a question without a word', () => {
    const stop = { reason: 'enough', by: 'workflow:row' }
    const story = mapped().resume().join('each', 'completed').open('gate').start('gate.ask').start('gate.test')
      .ask('gate.ask', 'Go?').fail('gate.test', 'no').tell({ type: 'step.cancelled', path: 'gate.ask', data: stop })
      .join('gate', 'cancelled').settle('cancelled').resume({ again: ['gate.test'], undone: [] })
    expect(statuses(story.view(row))).toMatchObject({ gate: 'running', 'gate.ask': 'waiting', 'gate.test': 'running', end: 'pending' })
    const view = story.ask('gate.ask', 'Go?', { ask: 'gate.ask~2' }).view(row)
    expect(view.asks).toMatchObject([{ ask: 'gate.ask~2' }])
    expect([...view.active].map(({ path }) => path).toSorted()).toEqual(['gate.ask', 'gate.test'])
  })

  test('leaves alone what somebody cancelled by itself', () => {
    const story = mapped().resume().join('each', 'completed').open('gate').start('gate.ask').start('gate.test')
      .tell({ type: 'step.cancelled', path: 'gate.ask', data: { reason: 'no need', by: 'gate.ask' } }).fail('gate.test', 'no')
      .join('gate', 'failed').settle('failed').resume({ again: ['gate.test'], undone: [] })
    expect(statuses(story.view(row))).toMatchObject({ 'gate.ask': 'cancelled', 'gate.test': 'running' })
  })

  test('may need what was passed over when the group had ended', () => {
    const part = sequence('g.row', [step('g.row.x'), step('g.row.y')])
    const flow = workflowOf([reacting(parallel('g', [part, step('g.z')]), 'continue'), step('end')])
    const story = new Story().begin().open('g').start('g.row.x').fail('g.row.x', 'no').start('g.z').complete('g.z', 'x').join('g', 'failed')
    expect(statuses(story.view(flow))).toMatchObject({ 'g.row.y': 'skipped' })
    expect(statuses(story.resume({ again: ['g.z'], undone: [] }).view(flow))).toMatchObject({ 'g.row.y': 'pending', g: 'running' })
  })

  test('needs what stands after it in a graph anew, and nothing beside it', () => {
    const node = (id: string, ...needs: string[]) => ({ ...step(`g.${id}`), ...(needs.length === 0 ? {} : { needs }) })
    const graph = workflowOf([graphOf('g', [node('last', 'mid'), node('a'), node('b'), node('mid', 'a')])])
    const story = new Story().begin().open('g')
    for (const id of ['a', 'b', 'mid', 'last']) story.start(`g.${id}`).complete(`g.${id}`, 'x')
    const view = story.join('g', 'completed').settle('done').resume({ again: ['g.a'], undone: [] }).view(graph)
    expect(statuses(view)).toEqual({ g: 'running', 'g.a': 'running', 'g.b': 'completed', 'g.mid': 'pending', 'g.last': 'pending' })
  })

  test('stands as in a run in which it had not ended, at once and to the end', async () => {
    let compared = 0
    await fc.assert(
      fc.asyncProperty(randomBlocks, fc.nat(), async (random, dice) => {
        const { workflow, seed } = random
        const work: Work = async ({ path, input }, turn, pause) => {
          await pause(durationOf(seed, path, turn))
          return act(seed, path, turn, input)
        }
        const ran = await runHosted(workflow, 'in', work)
        const steps = [...new Set(ran.executed.map(({ path }) => path))]
        const chosen = steps[dice % Math.max(1, steps.length)]
        if (chosen === undefined) return
        const depth = dice % 3 === 0 ? Math.max(1, chosen.split('.').length - 1) : undefined
        const again = [chosen.split('.').slice(0, depth).join('.')]
        if (isRepeatedWhole(workflow, again[0] ?? '')) return
        const more = await runAgain(ran, again, work)
        const [resumed, ...after] = more
        if (resumed === undefined) throw new Error('It was not resumed.')
        const fresh = withoutUndone(ran, again)
        const begun = { ...resumed, data: { afterSeq: 0 } } as RunEvent
        const one = createRunView(workflow)
        const other = createRunView(workflow)
        tell(one, [...ran.events, resumed])
        tell(other, [...fresh, begun])
        expect({ again, view: standing(one) }).toEqual({ again, view: standing(other) })
        for (const [index, event] of after.entries()) {
          tell(one, [event])
          tell(other, [event])
          expect({ again, index, view: standing(one) }).toEqual({ again, index, view: standing(other) })
          compared += 1
        }
      }),
      { numRuns: 25 },
    )
    expect(compared).toBeGreaterThan(30)
  }, 60_000)
})
