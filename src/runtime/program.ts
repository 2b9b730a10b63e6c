import type { AnyStateMachine } from 'xstate'
import { stepMachine } from '../../machines/step.ts'
import { type BlockIndex, indexBlocks } from '../compiler/block-index.ts'
import type { Chart } from '../compiler/chart.ts'
import type { Evaluation } from '../compiler/environment.ts'
import { hydrateMachine } from '../compiler/hydrate.ts'
import { chartImplementations } from '../compiler/implementations.ts'
import { stepSource } from '../compiler/names.ts'
import type { Engine, PureMachine } from './pure-machine.ts'
import { inert, stockMachine } from './stock-machine.ts'
import { tableMachine } from './table/machine.ts'

export type { MachineAction, PureMachine, PureSnapshot, SavedSnapshot, Step } from './pure-machine.ts'

/** The machines of one chart, made when first needed and shared by all of its runs. */
export interface Program {
  readonly chart: Chart
  /** The variables that the workflow reads. */
  readonly env: Evaluation['env']
  readonly index: BlockIndex
  machine(src: string): PureMachine
}

export interface ProgramOptions {
  /** `table` unless told: tables for all machines that they cover, XState itself for the others. */
  readonly engine?: Engine
}

export function createProgram(chart: Chart, evaluation: Evaluation, { engine = 'table' }: ProgramOptions = {}): Program {
  const index = indexBlocks(chart.workflow)
  const implementations = chartImplementations(index, evaluation)
  const machines = new Map<string, PureMachine>([[stepSource, pureStep[engine]]])
  return {
    chart,
    env: evaluation.env,
    index,
    machine(src) {
      let known = machines.get(src)
      if (known === undefined) {
        known = pureMachine(hydrateMachine(chart, src, index, implementations, { evaluation, actor: () => inert }), engine)
        machines.set(src, known)
      }
      return known
    },
  }
}

function pureMachine(machine: AnyStateMachine, engine: Engine): PureMachine {
  return (engine === 'table' ? tableMachine(machine) : undefined) ?? stockMachine(machine)
}

const inertStep = stepMachine.provide({ actors: { execute: inert, slot: inert } as never })
const pureStep: Readonly<Record<Engine, PureMachine>> = {
  table: pureMachine(inertStep, 'table'),
  stock: pureMachine(inertStep, 'stock'),
}
