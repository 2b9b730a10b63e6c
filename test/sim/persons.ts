import { toErrorData } from '../../src/errors.ts'
import type { RunEvent } from '../../src/events.ts'
import type { Host } from '../../src/hosts/host.ts'
import type { RunAction } from '../../src/run-action.ts'
import { AskBook } from '../../src/runtime/ask-book.ts'
import type { Dice } from './dice.ts'
import type { ActionEntry } from './history-actions.ts'
import type { SimProcess, World } from './world.ts'

interface Surroundings {
  readonly world: World
  readonly dice: Dice
  /** Whoever works on the run now, and its host. */
  readonly writer: () => { readonly process: SimProcess; readonly host: Host } | undefined
  /** A process of its own, as each command is one; none while there is no power. */
  readonly visitor: () => { readonly process: SimProcess; readonly host: Host } | undefined
  /** The runs that there are, with their events and how many of those are on disk. */
  readonly runs: () => readonly { readonly runId: string; readonly events: readonly RunEvent[]; readonly durable: () => number }[]
  readonly tell: (entry: ActionEntry) => void
  readonly onDefect: (error: unknown) => void
}

type Seen = ReturnType<Surroundings['runs']>[number]

/** A simulated day has more, but by then everything has been answered often. */
const mostLooks = 2_000

/**
 * People and programs that act on the runs by the public interface, from inside the process that works on them or from
 * one of their own. First they do what they like; in the end they only answer what is asked, so that a run can end.
 */
export class Persons {
  readonly #of: Surroundings
  #deeds = 0
  #looks = 0
  #whims: number
  #isOver = false

  constructor(surroundings: Surroundings) {
    this.#of = surroundings
    this.#whims = 1 + surroundings.dice.roll(7)
    this.#wait()
  }

  /** They lose interest. */
  end(): void {
    this.#isOver = true
  }

  #wait(): void {
    const { world, dice } = this.#of
    this.#looks += 1
    if (this.#isOver || this.#looks > mostLooks) return
    world.after(1 + dice.roll(dice.chance(20) ? 3_000 : 200), undefined, () => {
      this.#do(this.#whims > 0 && dice.chance(50))
      this.#wait()
    })
  }

  #do(isWhim: boolean): void {
    if (this.#isOver) return
    const { dice, runs } = this.#of
    const [first, ...rest] = runs()
    if (first === undefined) return
    const run = isWhim && dice.chance(75) ? first : dice.pick([first, ...rest])
    const action = isWhim ? this.#whim(run) : this.#help(run)
    if (action === undefined) return
    if (isWhim) this.#whims -= 1
    this.#act(run, action)
    // In a hurry, or by two people at once.
    if (dice.chance(8)) this.#act(run, action)
  }

  /** What is waited for; now and then once more, or what nobody asked. */
  #help({ events }: Seen): RunAction | undefined {
    const { dice } = this.#of
    const book = new AskBook()
    for (const event of events) book.take(event)
    const [first, ...rest] = book.open()
    if (first === undefined) return undefined
    const { ask, event, schema } = dice.pick([first, ...rest])
    const number = this.#deeds + 1
    if (event !== undefined) return { type: 'send', event, payload: { number } }
    return { type: 'answer', ask, value: schema === undefined ? `answer ${number}` : number }
  }

  #whim({ events }: Seen): RunAction | undefined {
    const { dice } = this.#of
    const number = this.#deeds + 1
    const way = dice.roll(100)
    if (way < 25) return this.#help({ runId: '', events, durable: () => 0 })
    if (way < 35) return { type: 'send', event: 'go', payload: { number } }
    if (way < 45) return { type: 'pause' }
    if (way < 53) return { type: 'cancel', reason: `cancel ${number}` }
    const paths = events.flatMap(({ path, type }) => (path !== undefined && type.startsWith('step.') ? [path] : []))
    const [first, ...rest] = [...new Set(paths)]
    if (first === undefined) return undefined
    const path = dice.chance(15) ? 'g' : dice.pick([first, ...rest])
    if (way < 78) return { type: 'cancel', reason: `cancel ${number}`, path }
    return { type: 'retry', again: dice.chance(30) ? 'failed' : [path] }
  }

  #act({ runId, events, durable }: Seen, action: RunAction): void {
    const { world, dice, writer, visitor, tell, onDefect } = this.#of
    this.#deeds += 1
    const number = this.#deeds
    const inside = dice.chance(60) ? writer() : undefined
    const actor = inside ?? visitor()
    if (actor === undefined) return
    const { process, host } = actor
    world.after(0, process, () => {
      tell({ kind: 'acted', run: runId, number, process: process.id, action, written: events.length })
      host.act(runId, action).then(
        () => {
          if (process.alive) tell({ kind: 'acknowledged', run: runId, number, durable: durable() })
        },
        (error: unknown) => {
          if (!process.alive) return
          tell({ kind: 'refused', run: runId, number, code: toErrorData(error).code })
          if (!refusals.has(toErrorData(error).code)) onDefect(error)
        },
      ).finally(() => {
        if (inside === undefined) process.alive = false
      })
    })
  }
}

/** What somebody is told who cannot do what they want now. */
const refusals: ReadonlySet<string> = new Set([
  'ASK_NOT_OPEN', 'STEP_NOT_ACTIVE', 'NOTHING_TO_RETRY', 'RUN_SETTLED', 'RUN_STOPPING', 'RUN_NOT_WRITTEN', 'RUN_NOT_FOUND', 'RUN_LOCKED',
  'NO_REPLY', 'LOCK_LOST', 'STORE_WRITE', 'STORE_READ',
])
