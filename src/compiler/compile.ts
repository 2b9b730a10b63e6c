import type { Block, Workflow } from '../spec/ir.ts'
import type { Chart, ChartMachine, ChartState, ChartTransition } from './chart.ts'
import { branchMachineName, stateNames } from './names.ts'
import { crewState } from './crew.ts'
import { parallelState } from './parallel.ts'
import { loopState, reviewState, switchState } from './rounds.ts'
import { sequenceState, sequenceStates } from './sequence.ts'
import { stepState } from './step-state.ts'

/** Gathers the machines that the states of one chart invoke. */
export interface Emitter {
  /** The state that runs `block` and leaves by `onDone` once its outcome is settled. */
  readonly state: (block: Block, onDone: readonly ChartTransition[]) => ChartState
  /** Adds a machine. */
  readonly add: (machine: ChartMachine) => void
  /** Adds the machine of a composite branch; its id is the block's path. */
  readonly branchMachine: (block: Block) => void
}

/**
 * Compiles a checked workflow into charts. Pure: the same workflow gives the same chart, byte for byte. The chart is
 * plain JSON; `hydrateChart` makes it machines.
 */
export function compileWorkflow(workflow: Workflow): Chart {
  const machines: Record<string, ChartMachine> = {}
  const emitter: Emitter = {
    add: (machine) => {
      machines[machine.id] = machine
    },
    // That a branch's failure is forgiven is its group's business, when it joins.
    branchMachine: ({ onFailure, ...block }) => {
      const rest = onFailure === undefined || onFailure === 'continue' ? block : { ...block, onFailure }
      emitter.add(blocksMachine(branchMachineName(rest as Block), [rest as Block], emitter, { isBranch: true }))
    },
    state: (block, onDone) => {
      switch (block.kind) {
        case 'agent':
        case 'run':
        case 'call':
        case 'http':
        case 'wait':
        case 'event':
        case 'ask':
        case 'workflow':
          return stepState(block, onDone)
        case 'sequence':
          return sequenceState(block, onDone, emitter)
        case 'parallel':
          return parallelState(block, onDone, emitter)
        case 'graph':
        case 'map':
          return crewState(block, onDone, emitter)
        case 'loop':
          return loopState(block, onDone, emitter)
        case 'review':
          return reviewState(block, onDone, emitter)
        case 'switch':
          return switchState(block, onDone, emitter)
      }
    },
  }
  // No path has a colon: a stage may be named like its workflow.
  const root = `workflow:${workflow.name}`
  emitter.add(blocksMachine(root, workflow.stages, emitter))
  return { format: 1, name: workflow.name, root, machines, workflow }
}

/** A machine that runs blocks one after another and ends in a state named for how it went. */
function blocksMachine(
  id: string, blocks: readonly Block[], emitter: Emitter, placing: { readonly isBranch?: boolean } = {},
): ChartMachine {
  const { initial, states } = sequenceStates(blocks, emitter, placing)
  return {
    id,
    initial,
    states: {
      ...states,
      [stateNames.done]: {
        always: [
          { guard: { type: 'endedAs', params: { status: 'failed' } }, target: stateNames.failed },
          { guard: { type: 'endedAs', params: { status: 'cancelled' } }, target: stateNames.cancelled },
          { guard: { type: 'endedAs', params: { status: 'skipped' } }, target: stateNames.skipped },
          { target: stateNames.completed },
        ],
      },
      [stateNames.completed]: { type: 'final' },
      [stateNames.skipped]: { type: 'final' },
      [stateNames.failed]: { type: 'final' },
      [stateNames.cancelled]: { type: 'final' },
    },
  }
}
