import { type AnyStateMachine, createActor } from 'xstate'
import { type Children, settledChildren } from '../machine-children.ts'
import type { PureMachine, PureSnapshot, SavedSnapshot, Step } from '../pure-machine.ts'
import { inert } from '../stock-machine.ts'
import { Table } from './table.ts'
import { type MachineEvent, NotCovered } from './actions.ts'
import type { Done, Plan, Selector } from './configuration.ts'
import type { TableNode, TableTransition } from './nodes.ts'
import { TableRun } from './run.ts'
import { TableSnapshot } from './snapshot.ts'

/**
 * The same machine from tables: who reacts to an event in which states, what is left and entered then and in what order
 * is worked out when it first happens and remembered; guards, actions and outputs are all that is left to each event.
 *
 * Undefined for a machine of which something is not covered: history states, actors without a name, ids for the whole
 * system, several targets in one region, a limit to its iterations, kinds of actions that XState does not have today.
 */
export function tableMachine(machine: AnyStateMachine): PureMachine | undefined {
  try {
    if (machine.options.maxIterations !== Infinity) throw new NotCovered('a limit to iterations')
    return new TableMachine(new Table(machine))
  } catch (error) {
    if (error instanceof NotCovered) return undefined
    throw error
  }
}

const none: readonly TableTransition[] = []
class TableMachine implements PureMachine {
  readonly engine = 'table'
  readonly #table: Table
  readonly #run: TableRun

  constructor(table: Table) {
    this.#table = table
    this.#run = new TableRun(table.machine, createActor(inert), table.before)
  }

  initial(input: unknown): Step {
    const run = this.#run
    const event = { type: 'xstate.init', input }
    const { context } = this.#table.machine.config as { context?: unknown }
    run.begin(this.#table.before, typeof context === 'function' ? {} : ((context ?? {}) as PureSnapshot['context']), {})
    if (typeof context === 'function') run.start(context as (args: unknown) => object, event)
    this.#take(this.#table.initial, event)
    this.#settle(event)
    return this.#end()
  }

  step(snapshot: PureSnapshot, event: MachineEvent): Step {
    if (!(snapshot instanceof TableSnapshot)) throw new Error('The snapshot is not one of this machine.')
    const run = this.#run
    run.begin(snapshot.configuration, snapshot.context, snapshot.children)
    const transitions = this.#select(event)
    // As in XState: an actor's failure that no one expects is the machine's own.
    if (transitions.length === 0 && event.type.startsWith('xstate.error.actor')) throw (event as { error?: unknown }).error
    if (transitions.length > 0) this.#take(this.#table.plan(run.configuration, transitions), event)
    this.#settle(event)
    return this.#end()
  }

  restore(saved: SavedSnapshot): PureSnapshot {
    const { configuration, status } = this.#table.restore(saved.value)
    const children: Children = Object.fromEntries(Object.entries(saved.children).map(([id, src]) => [id, { id, src }]))
    return new TableSnapshot(configuration, saved.context, status, undefined, settledChildren(saved.context, children))
  }

  #end(): Step {
    const run = this.#run
    const { configuration, context, status, output, children, actions } = run
    run.end()
    return { snapshot: new TableSnapshot(configuration, context, status, output, settledChildren(context, children)), actions }
  }

  /** Takes transitions without an event and raised events until nothing is left to do. */
  #settle(event: MachineEvent): void {
    const run = this.#run
    let current = event
    let mayBeEventless = true
    while (run.status === 'active') {
      let transitions: readonly TableTransition[] = mayBeEventless ? this.#selectEventless(current) : none
      const isEventless = transitions.length > 0
      if (!isEventless) {
        const raised = run.raised.shift()
        if (raised === undefined) break
        current = raised
        transitions = this.#select(current)
      }
      run.hasChanged = false
      if (transitions.length > 0) this.#take(this.#table.plan(run.configuration, transitions), current)
      // A transition without an event that changes nothing would be taken for ever.
      mayBeEventless = !isEventless || run.hasChanged
    }
    if (run.status === 'active') return
    for (const child of Object.values(run.children)) run.actions.push({ type: 'xstate.stopChild', params: child })
  }

  #take(plan: Plan, event: MachineEvent): void {
    const run = this.#run
    run.perform(plan.before, event)
    for (const { ops, invoked, done, completes } of plan.entries) {
      run.performEntry(ops, invoked, event)
      for (const each of done) run.raised.push(this.#doneEvent(each, event))
      if (completes === undefined) continue
      run.status = 'done'
      run.output = this.#output(completes, event)
    }
    run.perform(plan.ending, event)
    if (plan.next !== run.configuration) run.hasChanged = true
    run.configuration = plan.next
  }

  #doneEvent({ type, output }: Done, event: MachineEvent): MachineEvent {
    return { type, output: this.#run.resolve(output, event) } as MachineEvent
  }

  #output(completes: TableNode, event: MachineEvent): unknown {
    const { output } = this.#table
    if (output === undefined) return undefined
    const inner = completes.parent === undefined ? undefined : completes.output
    return this.#run.resolve(output, this.#doneEvent({ type: `xstate.done.state.${completes.id}`, output: inner }, event))
  }

  #select(event: MachineEvent): readonly TableTransition[] {
    const selector = this.#table.selector(this.#run.configuration, event.type)
    if (selector === null) return none
    return this.#react(selector, event)
  }

  #react({ inner, own }: Selector, event: MachineEvent): readonly TableTransition[] {
    let taken = none
    for (const selector of inner) {
      const more = this.#react(selector, event)
      if (more.length > 0) taken = taken.length === 0 ? more : [...taken, ...more]
    }
    if (taken.length > 0) return taken
    for (const transition of own) if (this.#mayTake(transition, event)) return transition.alone
    return none
  }

  #mayTake({ guard, source }: TableTransition, event: MachineEvent): boolean {
    try {
      return guard === undefined || guard.holds(this.#run, event)
    } catch (error) {
      const name = guard?.name === undefined ? '' : `'${guard.name}' `
      const place = `in transition for event '${event.type}' in state node '${source.id}'`
      throw new Error(`Unable to evaluate guard ${name}${place}:\n${(error as Error).message}`, { cause: error })
    }
  }

  #selectEventless(event: MachineEvent): readonly TableTransition[] {
    const { eventless } = this.#run.configuration
    if (eventless.length === 0) return none
    let taken = none
    for (const chain of eventless) {
      const found = chain.find(({ guard }) => guard === undefined || guard.holds(this.#run, event))
      if (found === undefined || taken.includes(found)) continue
      taken = taken.length === 0 ? found.alone : [...taken, found]
    }
    return taken
  }
}
