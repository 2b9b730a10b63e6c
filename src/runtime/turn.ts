import type { UnnumberedEvent } from '../events.ts'
import type { Outcome } from '../spec/outcome.ts'
import type { StepBlock } from '../spec/ir.ts'
import type { ExecuteInput } from '../../machines/step.ts'
import type { Cell, TreeEvent } from './cell.ts'
import type { Step } from './program.ts'

/** What the host of a tree is asked to do, in this order. */
export type Effect =
  | { readonly type: 'execute'; readonly path: string; readonly input: ExecuteInput }
  | { readonly type: 'abort'; readonly path: string }
  | { readonly type: 'acquire'; readonly path: string; readonly block: StepBlock }
  | { readonly type: 'release'; readonly path: string }
  | { readonly type: 'arm'; readonly actor: string; readonly timer: string; readonly dueAt: number }
  | { readonly type: 'disarm'; readonly actor: string; readonly timer: string }
  | { readonly type: 'settled'; readonly outcome: Outcome }

/** What came of one event: what happened, in order, and what is to be done. */
export interface Turn {
  readonly events: UnnumberedEvent[]
  readonly effects: Effect[]
}

/** What an actor that has taken an event still wants done. */
export interface Work {
  readonly cell: Cell
  readonly step: Step
  /** The first of its actions that was not performed. */
  next: number
  /** That of the actor which started this one: it goes on when this is done. */
  readonly after: Work | undefined
}

interface Mail {
  readonly cell: Cell
  readonly event: TreeEvent
}

/** A turn while it is taken: what is still to be done, and what came of it since its last piece. */
export class OpenTurn {
  /** Of the actor that is in the middle of what it wants done. */
  work: Work | undefined
  events: UnnumberedEvent[] = []
  effects: Effect[] = []
  #mailbox: Mail[] = []
  /** Those before this one are taken. */
  #head = 0

  get hasRest(): boolean {
    return this.work !== undefined || this.#head < this.#mailbox.length
  }

  post(cell: Cell, event: TreeEvent): void {
    this.#mailbox.push({ cell, event })
  }

  nextMail(): Mail | undefined {
    const mail = this.#mailbox[this.#head]
    this.#head += 1
    return mail
  }

  takePiece(): Turn {
    const { events, effects } = this
    this.events = []
    this.effects = []
    // Between turns nothing of them is held on to.
    if (!this.hasRest) this.#forgetMail()
    return { events, effects }
  }

  /** Gives up what is left. */
  drop(): void {
    this.work = undefined
    this.events = []
    this.effects = []
    this.#forgetMail()
  }

  #forgetMail(): void {
    if (this.#mailbox.length > 0) this.#mailbox = []
    this.#head = 0
  }
}
