import { type AnyActorLogic, type AnyStateMachine, createMachine } from 'xstate'
import { blocksIn, isStep } from '../spec/blocks.ts'
import type { Block, StepBlock, Workflow } from '../spec/ir.ts'
import { reducerStep, reducerStepId } from '../spec/reducer-step.ts'
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
import {
  type BlockIndex,
  type chartImplementations,
  type Environment,
  reducerScope,
  whenVerdict,
} from './implementations.ts'
import { limitName, stepSource } from './names.ts'

export interface HydrateOptions {
  readonly env: Environment
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
  implementations: ReturnType<typeof chartImplementations>,
  options: HydrateOptions,
): AnyStateMachine {
  const machine = chart.machines[id]
  if (machine === undefined) throw new Error(`Chart "${chart.name}" has no machine "${id}".`)
  const sources = new Set<string>()
  const config = {
    ...hydrateState(machine, index, options.env, sources),
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
  if (machine.id.includes('#')) return { branches: context.branches }
  return branchSettlement(context, machine.id)
}

/** XState takes an invoke's input as a function; everything else stays the JSON it is. */
function hydrateState(state: ChartState, index: BlockIndex, env: Environment, sources: Set<string>): object {
  const { states, invoke, ...rest } = state
  if (invoke !== undefined) sources.add(invoke.src)
  return {
    ...rest,
    ...(states === undefined
      ? {}
      : {
          states: Object.fromEntries(
            Object.entries(states).map(([key, child]) => [key, hydrateState(child, index, env, sources)]),
          ),
        }),
    ...(invoke === undefined
      ? {}
      : {
          invoke: {
            ...invoke,
            input:
              invoke.src === stepSource
                ? stepInput(index, invoke.input.block, env)
                : ({ context }: { context: ChartContext }): ChartInput => ({ scope: context.scope }),
          },
        }),
  }
}

function stepInput(index: BlockIndex, path: string, env: Environment) {
  const block = index.step(path)
  const reduces = block.id === reducerStepId && block.group !== undefined && path === `${block.group}.${reducerStepId}`
  return ({ context }: { context: ChartContext }): StepInput => {
    const scope = reduces && block.group !== undefined ? reducerScope(index.group(block.group), context) : context.scope
    const when = whenVerdict(block, scope, env)
    return when === true ? { block, scope } : { block, scope, when }
  }
}

/** Finds blocks by path, reducers' steps too. An agent step without an output schema has its agent's. */
export function indexBlocks(workflow: Workflow): BlockIndex {
  const blocks = new Map<string, Block>()
  const add = (block: Block): void => {
    blocks.set(block.path, isStep(block) ? withAgentSchema(block, workflow) : block)
  }
  for (const block of blocksIn(workflow.stages)) {
    add(block)
    const reducer = block.kind === 'parallel' ? reducerStep(block) : undefined
    if (reducer !== undefined) add(reducer)
  }
  const find = (path: string): Block => {
    const block = blocks.get(path)
    if (block === undefined) throw new Error(`Workflow "${workflow.name}" has no block "${path}".`)
    return block
  }
  const limits: Record<string, number> = {}
  for (const block of blocks.values()) {
    if (!isStep(block) && block.timeoutMs !== undefined) limits[limitName(block.path)] = block.timeoutMs
  }
  return {
    limits,
    known: new Map([...blocks].map(([path, block]) => [block, path])),
    knownByName: blocks,
    block: find,
    group: (path) => {
      const block = find(path)
      if (block.kind !== 'parallel') throw new Error(`Block "${path}" is no parallel group.`)
      return block
    },
    step: (path) => {
      const block = find(path)
      if (!isStep(block)) throw new Error(`Block "${path}" is no step.`)
      return block
    },
  }
}

function withAgentSchema(block: StepBlock, workflow: Workflow): StepBlock {
  if (block.kind !== 'agent' || block.output !== undefined) return block
  const output = workflow.agents[block.agent]?.output
  return output === undefined ? block : { ...block, output }
}
