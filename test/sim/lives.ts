import type { RunEvent } from '../../src/events.ts'
import { toErrorData } from '../../src/errors.ts'
import { createEmbeddedHost } from '../../src/hosts/embedded/embedded-host.ts'
import type { Host, ResumeOptions, RunHandle, RunSettlement } from '../../src/hosts/host.ts'
import { createFileStore } from '../../src/store/file-store.ts'
import type { Store } from '../../src/store/store.ts'
import type { Dice } from './dice.ts'
import type { HistoryEntry } from './history.ts'
import { createIncidents, type IncidentKind, planIncidents } from './incidents.ts'
import { Labour } from './labour.ts'
import { Persons } from './persons.ts'
import type { SimJournal } from './sim-journal.ts'
import { SimJournals } from './sim-journals.ts'
import type { Scenario } from './scenario.ts'
import type { SimProcess, World } from './world.ts'

const runId = 'run'
/** Far more than any plan of incidents needs. */
const mostLives = 40
const retryMs = 5_000
/** How often some of a run is done again after its end. */
const mostAgains = 2
/** A lock goes stale after 15 s. */
const mostRefusals = 6

/** Stands between the host and its store; what it does wrong, the checker must find. */
export type Double = (store: Store, world: World) => Store

export interface Trial {
  readonly entries: readonly HistoryEntry[]
  readonly events: readonly RunEvent[]
  readonly settlement: RunSettlement | undefined
  /** The journals of the run's children. */
  readonly children: ReadonlyMap<string, readonly RunEvent[]>
  readonly moments: number
  readonly steps: number
  readonly struck: readonly IncidentKind[]
  /** Errors that no incident explains. */
  readonly defects: readonly string[]
}

/** How one process came to an end. */
type Life = { readonly end: 'settled'; readonly settlement: RunSettlement } | { readonly end: 'failed'; readonly error: unknown } | { readonly end: 'gone' | 'stopped' | 'hung' }

/** A run from its start to its end, over as many processes as it takes. */
export class Lives {
  readonly #scenario: Scenario
  readonly #world: World
  readonly #dice: Dice
  readonly #double: Double
  readonly #journal: SimJournal
  readonly #journals: SimJournals
  readonly #labour: Labour
  readonly #entries: HistoryEntry[] = []
  readonly #defects: string[] = []
  readonly #handles = new Map<SimProcess, RunHandle>()
  readonly #stopped: SimProcess[] = []
  readonly #hosts = new Map<SimProcess, Host>()
  #writer: SimProcess | undefined
  #again: ResumeOptions['again']
  #persons: Persons | undefined
  #acknowledged = false
  #powerOff = false
  #refused = 0
  #steps = 0
  #agains = 0
  #machine = 'machine-1'

  constructor(scenario: Scenario, world: World, dice: Dice, double: Double) {
    this.#scenario = scenario
    this.#world = world
    this.#dice = dice
    this.#double = double
    this.#journals = new SimJournals(world.disk, runId)
    this.#journal = this.#journals.of(runId)
    this.#labour = new Labour({
      runId,
      scenario,
      world,
      dice,
      durable: () => this.#journal.durable(),
      tell: (entry) => void this.#entries.push(entry),
    })
  }

  /** Without `moments` nothing goes wrong. */
  async run(moments: number | undefined): Promise<Trial> {
    const world = this.#world
    const plan = moments === undefined ? [] : planIncidents(this.#dice, moments)
    const incidents = createIncidents(plan, this.#dice.fork(), {
      powerOff: () => this.#cutPower(),
      fillDisk: () => {
        world.diskFull = true
      },
      makeReadOnly: () => {
        world.readOnly = true
        world.after(this.#dice.roll(this.#dice.chance(50) ? 200 : 20_000), undefined, () => {
          world.readOnly = false
        })
      },
      interrupt: (process) => void world.after(0, process, () => void this.#handles.get(process)?.interrupt()),
      stop: (process) => {
        process.stopped = true
        this.#stopped.push(process)
      },
    })
    world.incident = (moment) => incidents.strike(moment, world.moments)
    if (this.#scenario.reads !== undefined) this.#persons = this.#invite()
    let settlement = await this.#live()
    this.#persons?.end()
    this.#persons = undefined
    if (moments !== undefined && settlement !== undefined && this.#dice.chance(30)) {
      // Whoever was told an end is told the same one ever after.
      world.incident = () => {}
      this.#cutPower()
      this.#powerIsBack()
      settlement = await this.#live()
    }
    return {
      entries: this.#entries,
      events: this.#journal.events(),
      children: this.#journals.children(),
      settlement,
      moments: world.moments,
      steps: this.#steps,
      struck: incidents.struck,
      defects: this.#defects,
    }
  }

  /** One process after another, until one brings the run to its end. */
  async #live(): Promise<RunSettlement | undefined> {
    for (let lives = 0; lives < mostLives; lives += 1) {
      // It may have gone while nobody worked on the run.
      if (this.#powerOff) this.#powerIsBack()
      const process = this.#world.spawn(this.#machine, this.#dice.chance(20) ? this.#dice.roll(60_000) - 30_000 : 0)
      const life = await this.#lifeOf(process)
      this.#world.diskFull = false
      if (life.end === 'hung') return undefined
      if (life.end === 'settled') {
        const [written, durable] = [this.#journal.events().length, this.#journal.durable()]
        this.#entries.push({ kind: 'settled', process: process.id, settlement: life.settlement, written, durable })
        if (life.settlement.status !== 'interrupted' && !this.#wantsAgain()) {
          await this.#wakeStopped()
          return life.settlement
        }
      }
      this.#refused = life.end === 'failed' && toErrorData(life.error).code === 'RUN_LOCKED' ? this.#refused + 1 : 0
      // Somebody tries until the disk can be written again.
      if (life.end === 'failed' && this.#world.readOnly) lives -= 1
      if (life.end === 'failed' && !this.#isExplained(life.error)) this.#defects.push(`process ${process.id}: ${describe(life.error)}`)
      if (life.end === 'stopped') this.#machine = this.#dice.chance(50) ? this.#machine : `${this.#machine}+`
      else process.alive = false
      if (this.#powerOff) this.#powerIsBack()
      else if (life.end === 'gone') this.#died(this.#journal.events())
      await this.#pass(this.#dice.chance(70) ? this.#dice.roll(100) : retryMs)
    }
    return undefined
  }

  async #lifeOf(process: SimProcess): Promise<Life> {
    let life: Life | undefined
    const world = this.#world
    // With a clock that was put back, the age of a lock says nothing: then it takes a person.
    const force = this.#stopped.some(({ alive }) => alive) || this.#refused > mostRefusals
    world.after(0, process, () => {
      this.#begin(process, force).then(
        (settlement) => {
          life = { end: 'settled', settlement }
        },
        (error: unknown) => {
          life = { end: 'failed', error }
        },
      )
    })
    while (life === undefined) {
      if (!process.alive) return { end: 'gone' }
      if (process.stopped) return { end: 'stopped' }
      if (!(await world.step())) return { end: 'hung' }
      this.#steps += 1
      // Stopped ones go on some time after another one has taken over.
      if (this.#stopped.length > 0 && this.#dice.chance(1)) await this.#wakeOne(process)
    }
    return process.alive ? life : { end: 'gone' }
  }

  #hostOf(process: SimProcess): Host {
    const clock = this.#world.clockOf(process)
    const files = this.#double(createFileStore('/store', { clock }), this.#world)
    const store: Store = {
      ...files,
      open: async (id, options) => {
        const found = await files.open(id, options)
        if (id === runId) this.#entries.push({ kind: 'opened', process: process.id, events: found.contents.events })
        return found
      },
    }
    return createEmbeddedHost({ store, clock, env: {}, execute: (request, context) => this.#labour.execute(process, request, context) })
  }

  async #begin(process: SimProcess, force: boolean): Promise<RunSettlement> {
    const host = this.#hostOf(process)
    this.#hosts.set(process, host)
    this.#writer = process
    const again = this.#again
    this.#again = undefined
    let handle: RunHandle
    try {
      handle = await host.resume({ runId, force, ...(again && { again }) })
    } catch (error) {
      if (again !== undefined && toErrorData(error).code === 'NOTHING_TO_RETRY') return { status: 'interrupted' }
      if (this.#acknowledged || toErrorData(error).code !== 'RUN_NOT_FOUND') throw error
      const { workflow } = this.#scenario
      handle = await host.start({ workflow, input: 'in', runId, specDir: '/', workingDir: '/', source: { file: null, text: '' } })
    }
    this.#acknowledged = true
    this.#handles.set(process, handle)
    return handle.settled
  }

  /** Whoever has the run's end wants some of it done again, now and then. */
  #wantsAgain(): boolean {
    if (this.#persons === undefined || this.#agains === mostAgains || !this.#dice.chance(35)) return false
    this.#agains += 1
    const ends = this.#journal.events().flatMap(({ path, type }) => (path !== undefined && type.startsWith('step.') ? [path] : []))
    const [first = 'first', ...rest] = ends
    this.#again = this.#dice.chance(50) ? 'failed' : [this.#dice.chance(20) ? 'g' : this.#dice.pick([first, ...rest])]
    return true
  }

  #invite(): Persons {
    const world = this.#world
    world.hasVisitors = true
    return new Persons({
      world,
      dice: this.#dice.fork(),
      writer: () => {
        const process = this.#writer
        const host = process?.alive === true && !process.stopped ? this.#hosts.get(process) : undefined
        return process === undefined || host === undefined ? undefined : { process, host }
      },
      visitor: () => {
        if (this.#powerOff) return undefined
        const process = world.spawn(this.#machine)
        return { process, host: this.#hostOf(process) }
      },
      runs: () => [...this.#journals.all()].map(([id, journal]) => ({ runId: id, events: journal.events(), durable: () => journal.durable() })),
      tell: (entry) => void this.#entries.push(entry),
      onDefect: (error) => void this.#defects.push(describe(error)),
    })
  }

  #cutPower(): void {
    this.#powerOff = true
    this.#died(this.#journal.durableEvents())
    this.#world.killAll()
  }

  #powerIsBack(): void {
    this.#powerOff = false
    this.#stopped.length = 0
    this.#machine = `${this.#machine}'`
    this.#world.disk.cutPower(this.#dice)
    this.#journals.forget()
  }

  #died(committed: readonly RunEvent[]): void {
    this.#entries.push({ kind: 'died', committed })
  }

  async #wakeStopped(): Promise<void> {
    while (this.#stopped.length > 0) await this.#wakeOne(undefined)
    await this.#pass(retryMs)
  }

  /** Not the one that another waits for: it would only give way. */
  async #wakeOne(writer: SimProcess | undefined): Promise<void> {
    if (writer !== undefined && !this.#entries.some((entry) => entry.kind === 'opened' && entry.process === writer.id)) return
    const process = this.#stopped.shift()
    if (process?.alive === true) this.#world.resume(process)
  }

  async #pass(ms: number): Promise<void> {
    let over = false
    this.#world.after(ms, undefined, () => {
      over = true
    })
    while (!over && (await this.#world.step())) this.#steps += 1
  }

  /** Whether something that was done to the process is to blame. */
  #isExplained(error: unknown): boolean {
    const { code } = toErrorData(error)
    return ['STORE_WRITE', 'STORE_READ', 'RUN_LOCKED', 'LOCK_LOST'].includes(code)
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
