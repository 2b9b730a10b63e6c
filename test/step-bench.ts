import { type Actor, createActor, fromCallback, fromPromise, SimulatedClock, type Snapshot } from 'xstate'
import { type ExecuteInput, type ExecuteResult, type StepInput, stepMachine } from '../machines/step.ts'
import type { ErrorData } from '../src/errors.ts'
import type { UnnumberedEvent } from '../src/events.ts'
import type { CallStep } from '../src/spec/ir.ts'
import type { Outcome, Scope } from '../src/spec/outcome.ts'

export const scope: Scope = { input: null, run: { id: 'run', workflow: 'w' }, stages: {}, prev: 'before' }

export const block: CallStep = {
  kind: 'call',
  id: 'a',
  path: 'group.a',
  group: 'group',
  branch: 'a',
  target: 'work',
  retry: { attempts: 1, initialMs: 100, factor: 2, maxMs: 60_000, jitter: 0, totalMs: 300_000 },
}

/** What the actors that a step invoked are doing now. */
export interface Invoked {
  slots: number
  executions: number
  inputs: ExecuteInput[]
}

export interface StepBench {
  readonly actor: Actor<typeof stepMachine>
  readonly clock: SimulatedClock
  readonly events: UnnumberedEvent[]
  readonly invoked: Invoked
  /** What happened, one word per event. */
  told(): string[]
  outcome(): Outcome | undefined
}

interface Options {
  readonly block?: Partial<CallStep>
  readonly when?: boolean | ErrorData
  /** Does each attempt; without it attempts end only by the events that a test sends. */
  readonly work?: (input: ExecuteInput, signal: AbortSignal) => Promise<ExecuteResult> | ExecuteResult
  /** False: places are granted only by the events that a test sends. */
  readonly grants?: boolean
  readonly snapshot?: Snapshot<unknown>
}

/** A started step under plain `createActor`, on a clock that stands still. */
export function startStep({ block: changes = {}, when, work, grants = true, snapshot }: Options = {}): StepBench {
  const invoked: Invoked = { slots: 0, executions: 0, inputs: [] }
  const slot = fromCallback(({ sendBack }) => {
    invoked.slots += 1
    if (grants) sendBack({ type: 'slot.granted' })
    return () => {
      invoked.slots -= 1
    }
  })
  const waiting = fromCallback<never, ExecuteInput>(({ input }) => {
    invoked.executions += 1
    invoked.inputs.push(input)
    return () => {
      invoked.executions -= 1
    }
  })
  const working = fromPromise<ExecuteResult, ExecuteInput>(async ({ input, signal }) => {
    invoked.inputs.push(input)
    return (work ?? (() => ({ output: null })))(input, signal)
  })
  const machine = stepMachine.provide({ actors: { slot, execute: work === undefined ? waiting : working } as never })
  const clock = new SimulatedClock()
  const input: StepInput = { block: { ...block, ...changes }, scope, ...(when === undefined ? {} : { when }) }
  const actor = createActor(machine, { input, clock, ...(snapshot === undefined ? {} : { snapshot }) } as never) as Actor<typeof stepMachine>
  const events: UnnumberedEvent[] = []
  actor.on('*', (event) => events.push(event))
  actor.start()
  return {
    actor,
    clock,
    events,
    invoked,
    told: () => events.map(({ type, attempt }) => `${type.slice('step.'.length)}${attempt === undefined ? '' : ` ${attempt}`}`),
    outcome: () => actor.getSnapshot().output,
  }
}

/** Lets promises that have settled be heard. */
export function settledPromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
