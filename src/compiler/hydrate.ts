import { type AnyActorLogic, type AnyStateMachine, createMachine } from 'xstate'
import type { StepInput } from '../../machines/step.ts'
import type { Chart, ChartMachine, ChartState } from './chart.ts'
import {
  branchSettlement,
  type ChartContext,
  type ChartInput,
  type ChartOutput,
  checkOutput,
  initialContext,
  machineOutcome,
} from './chart-context.ts'
import type { BlockIndex } from './block-index.ts'
import type { Evaluation } from './environment.ts'
import { stepInput } from './evaluation.ts'
import type { Implementations } from './chart-events.ts'
import { sliceOf } from './crew-implementations.ts'
import { reducerScope } from './implementations.ts'
import { pathOfActor, stepSource } from './names.ts'

export interface HydrateOptions {
  readonly evaluation: Evaluation
  /** The logic behind each `src` of the chart: `step`, or the id of another machine of the chart. */
  readonly actor: (src: string) => AnyActorLogic
}

/**
 * Makes one machine of a chart a live XState machine: names get their implementations, and each invoke the input that
 * its block needs. The machine takes `{ scope }` and ends with a `ChartOutput`.
 */
export function hydrateMachine(
  chart: Chart,
  id: string,
  index: BlockIndex,
  implementations: Implementations,
  options: HydrateOptions,
): AnyStateMachine {
  const machine = chart.machines[id]
  if (machine === undefined) throw new Error(`Chart "${chart.name}" has no machine "${id}".`)
  const sources = new Set<string>()
  const config = {
    ...hydrateState(machine, index, options.evaluation, sources),
    context: ({ input }: { input: ChartInput }) => initialContext(input),
    output: ({ context }: { context: ChartContext }): ChartOutput => machineOutput(chart, machine, context),
  }
  const actors = Object.fromEntries([...sources].map((src) => [src, options.actor(src)]))
  return createMachine(
    config as unknown as Parameters<typeof createMachine>[0],
    { ...implementations, actors } as unknown as NonNullable<Parameters<typeof createMachine>[1]>,
  )
}

function machineOutput(chart: Chart, machine: ChartMachine, context: ChartContext): ChartOutput {
  if (machine.id === chart.root) return checkOutput({ output: chart.workflow.output }, machineOutcome(context))
  if (machine.id.includes('#')) return { slice: sliceOf(context) }
  return branchSettlement(context, pathOfActor(machine.id))
}

/** XState takes an invoke's input as a function; everything else stays the JSON it is. */
function hydrateState(state: ChartState, index: BlockIndex, evaluation: Evaluation, sources: Set<string>): object {
  const { states, invoke, ...rest } = state
  if (invoke !== undefined) sources.add(invoke.src)
  // Actors that a state spawns by itself are named there.
  for (const src of Array.isArray(rest.meta?.actors) ? rest.meta.actors : []) sources.add(String(src))
  return {
    ...rest,
    ...(states === undefined
      ? {}
      : {
          states: Object.fromEntries(
            Object.entries(states).map(([key, child]) => [key, hydrateState(child, index, evaluation, sources)]),
          ),
        }),
    ...(invoke === undefined
      ? {}
      : {
          invoke: {
            ...invoke,
            input:
              invoke.src === stepSource
                ? invokedStep(index, invoke.input.block, evaluation)
                : ({ context }: { context: ChartContext }): ChartInput => ({ scope: context.scope }),
          },
        }),
  }
}

function invokedStep(index: BlockIndex, path: string, evaluation: Evaluation) {
  const block = index.step(path)
  const group = index.reducedBy(path)
  return ({ context }: { context: ChartContext }): StepInput =>
    stepInput(block, group === undefined ? context.scope : reducerScope(group, context), evaluation)
}
