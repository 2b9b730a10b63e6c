import { createActor, SimulatedClock, toPromise } from 'xstate'
import { compileWorkflow } from '../src/compiler/compile.ts'
import { executeWith, workflowMachine } from '../src/compiler/workflow-machine.ts'
import { StepSkipped, TerminalError } from '../src/errors.ts'
import type { RunEvent } from '../src/events.ts'
import type { StepRequest } from '../src/executors/executor.ts'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import type { RunHandle, RunSettlement } from '../src/hosts/host.ts'
import { type Json, toText } from '../src/json.ts'
import type { Workflow } from '../src/spec/ir.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { RunSpec, Store } from '../src/store/store.ts'
import { createVirtualClock } from '../src/testing/virtual-clock.ts'
import type { Act, BlockCase } from './blocks-case.ts'
import { eventsOf } from './run-embedded.ts'

/** What a step does at its `turn`th start. `pause` takes so many ms of the run's time. */
export type Work = (request: StepRequest, turn: number, pause: (ms: number) => Promise<void>) => Json | Promise<Json>

export interface Execution {
  readonly path: string
  readonly turn: number
  readonly key: string
  readonly attempt: number
}

export interface Ran {
  readonly settlement: RunSettlement
  readonly events: readonly RunEvent[]
  /** Every execution that was begun, in order. */
  readonly executed: readonly Execution[]
  readonly spec: RunSpec
}

/** When runs begin, in ms since the epoch. */
const epoch = Date.UTC(2026, 0, 1)

/** What the case says that a step does. */
export function workOf({ work = {} }: BlockCase): Work {
  return async ({ path, input }, turn, pause) => {
    const acts = work[path] ?? []
    const act = acts[Math.min(turn, acts.length) - 1]
    if (act !== undefined && !isAct(act)) return act
    if (act !== undefined && act.ms > 0) await pause(act.ms)
    if (act?.act === 'break') throw new TerminalError('BROKE', `${path} broke`)
    if (act?.act === 'skip') throw new StepSkipped('nothing to do')
    return `${path}(${toText(input)})`
  }
}

function isAct(act: Json | Act): act is Act {
  return typeof act === 'object' && act !== null && 'act' in act && 'ms' in act
}

export async function runHosted(workflow: Workflow, input: Json, work: Work): Promise<Ran> {
  const store = createMemoryStore()
  return settle(store, epoch, work, (host) =>
    host.start({ workflow, input, runId: 'run', specDir: '/spec', workingDir: '/work', source: { file: null, text: '' } }),
  )
}

/** Goes on with a run whose journal ends after these events. */
export async function resumeHosted(
  spec: RunSpec,
  events: readonly RunEvent[],
  work: Work,
  checkpoint?: { readonly lastSeq: number; readonly tree: Json },
): Promise<Ran> {
  const store = createMemoryStore()
  const writer = await store.create(spec)
  writer.append(events)
  if (checkpoint !== undefined) {
    await writer.checkpoint({ format: 1, runId: spec.runId, savedAt: spec.createdAt, status: 'running', ...checkpoint })
  }
  await writer.close()
  const last = events.at(-1)
  return settle(store, last === undefined ? epoch : Date.parse(last.at), work, (host) => host.resume({ runId: 'run' }))
}

async function settle(
  store: Store,
  since: number,
  work: Work,
  begin: (host: ReturnType<typeof createEmbeddedHost>) => Promise<RunHandle>,
): Promise<Ran> {
  const clock = createVirtualClock(since)
  const executed: Execution[] = []
  const host = createEmbeddedHost({
    store,
    clock,
    env: {},
    execute: async (request, { turn = 1 }) => {
      executed.push({ path: request.path, turn, key: request.idempotencyKey, attempt: request.attempt })
      return { output: await work(request, turn, (ms) => new Promise((done) => void clock.schedule(done, ms))) }
    },
  })
  const handle = await begin(host)
  await pass(handle.settled, () => clock.advance(1))
  const { spec } = await store.read('run')
  return { settlement: await handle.settled, events: eventsOf(handle), executed, spec }
}

/** As a plain XState machine: no host, journal or limits. */
export async function runPlain(workflow: Workflow, input: Json, work: Work): Promise<RunSettlement> {
  const clock = new SimulatedClock()
  const turns = new Map<string, number>()
  const execute = executeWith(async (request) => {
    const turn = (turns.get(request.path) ?? 0) + 1
    turns.set(request.path, turn)
    return work(request, turn, (ms) => new Promise((done) => void clock.setTimeout(done, ms)))
  })
  const machine = workflowMachine(compileWorkflow(workflow), { actors: { execute } })
  const actor = createActor(machine, { input: input as never, clock })
  const ended = toPromise(actor)
  actor.start()
  await pass(ended, () => clock.increment(1))
  const outcome = await ended
  if (outcome.status === 'failed') return { status: 'failed', error: outcome.error }
  return { status: 'done', output: 'output' in outcome ? outcome.output : null }
}

/** Moves time on whenever nothing can happen without. */
async function pass(end: Promise<unknown>, tick: () => void): Promise<void> {
  let over = false
  const stop = (): void => {
    over = true
  }
  end.then(stop, stop)
  for (let idle = 0; !over && idle < 10_000; idle += 1) {
    await new Promise(setImmediate)
    if (!over) tick()
  }
  if (!over) throw new Error('The run did not settle in 10 s of its time.')
}

const marks: Readonly<Record<string, string>> = {
  'group.started': '(',
  'group.joined': ')',
  'step.started': '>',
  'step.completed': '=',
  'step.failed': '!',
  'step.skipped': '-',
  'step.cancelled': 'x',
  'step.retrying': '?',
}

/** The events in the notation of the cases. */
export function told(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => {
    const mark = marks[event.type]
    if (mark === undefined) return []
    const round = event.iteration === undefined ? '' : `#${event.iteration}`
    const reason = 'reason' in event.data ? ` ${event.data.reason}` : ''
    const status = event.type === 'group.joined' ? ` ${event.data.status}` : ''
    return [`${mark}${event.path}${round}${reason}${status}`]
  })
}
