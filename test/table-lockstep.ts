import { isDeepStrictEqual } from 'node:util'
import type { AnyStateMachine } from 'xstate'
import type { Chart } from '../src/compiler/chart.ts'
import { createProgram, type MachineAction, type Program, type PureMachine, type PureSnapshot, type Step } from '../src/runtime/program.ts'
import { stockMachine } from '../src/runtime/stock-machine.ts'
import { tableMachine } from '../src/runtime/table/machine.ts'
import { evaluation } from './tree-driver.ts'

/** A snapshot of both engines: all that is read of it is the same in both. */
interface BothSnapshot extends PureSnapshot {
  readonly byTable: PureSnapshot
  readonly byStock: PureSnapshot
}

/** A program whose machines run on both engines at once and throw as soon as these differ in anything. */
export function lockstepProgram(chart: Chart): Program {
  const tables = createProgram(chart, evaluation)
  const stocks = createProgram(chart, evaluation, { engine: 'stock' })
  const machines = new Map<string, PureMachine>()
  return {
    chart,
    env: tables.env,
    index: tables.index,
    machine(src) {
      let known = machines.get(src)
      if (known === undefined) {
        const byTable = tables.machine(src)
        if (byTable.engine !== 'table') throw new Error(`The tables do not cover "${src}".`)
        known = lockstep(byTable, stocks.machine(src))
        machines.set(src, known)
      }
      return known
    },
  }
}

/** The machine on both engines, with a program's marks for children. */
export function lockstepMachine(machine: AnyStateMachine): PureMachine {
  const byTable = tableMachine(machine)
  if (byTable === undefined) throw new Error(`The tables do not cover "${machine.id}".`)
  return lockstep(byTable, stockMachine(machine))
}

function lockstep(table: PureMachine, stock: PureMachine): PureMachine {
  return {
    engine: 'table',
    initial: (input) => both('initial', () => table.initial(input), () => stock.initial(input)),
    step(snapshot, event) {
      const { byTable, byStock } = snapshot as BothSnapshot
      return both(JSON.stringify(event), () => table.step(byTable, event), () => stock.step(byStock, event))
    },
    restore(saved) {
      const restored = (machine: PureMachine) => () => ({ snapshot: machine.restore(saved), actions: [] })
      return both('restore', restored(table), restored(stock)).snapshot
    },
  }
}

export class EnginesDiffer extends Error {}

function both(what: string, byTable: () => Step, byStock: () => Step): Step {
  const table = attempt(byTable)
  const stock = attempt(byStock)
  if ('error' in table || 'error' in stock) {
    const told = (result: Result): string => ('error' in result ? messageOf(result.error) : 'no error')
    compare(what, 'errors', told(table), told(stock))
    throw 'error' in table ? table.error : new Error('unreachable')
  }
  compare(what, 'values', JSON.stringify(table.snapshot.value), JSON.stringify(stock.snapshot.value))
  compare(what, 'contexts', table.snapshot.context, stock.snapshot.context)
  compare(what, 'status', table.snapshot.status, stock.snapshot.status)
  compare(what, 'outputs', table.snapshot.output, stock.snapshot.output)
  compare(what, 'children', childrenOf(table.snapshot), childrenOf(stock.snapshot))
  compare(what, 'actions', table.actions.map(plainAction), stock.actions.map(plainAction))
  const { value, context, status, output, children } = table.snapshot
  const snapshot: BothSnapshot = { value, context, status, output, children, byTable: table.snapshot, byStock: stock.snapshot }
  return { snapshot, actions: table.actions }
}

type Result = Step | { readonly error: unknown }

function attempt(take: () => Step): Result {
  try {
    return take()
  } catch (error) {
    return { error }
  }
}

/** Recursion may end at another depth; all else is said alike. */
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : JSON.stringify(error)
}

function compare(what: string, part: string, table: unknown, stock: unknown): void {
  if (isDeepStrictEqual(table, stock)) return
  throw new EnginesDiffer(`${part} differ after ${what}:\n table ${JSON.stringify(table)}\n stock ${JSON.stringify(stock)}`)
}

function childrenOf({ children }: PureSnapshot): (string | undefined)[][] {
  return Object.entries(children).map(([id, child]) => [id, ...sourceOf(child)])
}

function sourceOf(child: unknown): (string | undefined)[] {
  const { id, src } = (child ?? {}) as { id?: string; src?: string }
  return [id, src]
}

/** What a host reads of an action. */
function plainAction({ type, params }: MachineAction): unknown {
  const given = (params ?? {}) as { id?: unknown; src?: unknown; input?: unknown; to?: { id?: string }; targetId?: string; event?: unknown; delay?: unknown }
  switch (type) {
    case 'xstate.spawnChild':
      return [type, given.id, given.src, given.input]
    case 'xstate.stopChild':
      return [type, given.id]
    case 'xstate.sendTo':
      return [type, given.to?.id, given.targetId, given.event, given.id, given.delay]
    default:
      return [type, params]
  }
}
