import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { RunEvent } from '../../src/events.ts'
import type { RunSettlement } from '../../src/hosts/host.ts'
import type { Dice } from '../sim/dice.ts'
import { checkHistory, type HistoryEntry, type Violation } from '../sim/history.ts'
import { caseScenario, runId } from './order.ts'
import { type ChaosProcess, startProcess } from './process.ts'

export interface ChaosCase {
  readonly seed: number
  /** The first process dies when the journal has so many events. */
  readonly boundary: number
  readonly expected: RunSettlement
  /** Decides what else goes wrong. */
  readonly dice: Dice
}

export interface ChaosResult {
  readonly kills: number
  readonly did: readonly string[]
  readonly violations: readonly Violation[]
}

/** Brings one run to its end over several real processes, most of which are killed. */
export async function runCase(chaos: ChaosCase): Promise<ChaosResult> {
  const dir = mkdtempSync(join(tmpdir(), 'forkchart-chaos-'))
  try {
    return await new Case(chaos, dir).run()
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

class Case {
  readonly #chaos: ChaosCase
  readonly #dir: string
  readonly #journal: string
  readonly #did: string[] = []
  readonly #violations: Violation[] = []
  #number = 0
  #kills = 0

  constructor(chaos: ChaosCase, dir: string) {
    this.#chaos = chaos
    this.#dir = dir
    this.#journal = join(dir, 'runs', runId, 'events.ndjson')
  }

  async run(): Promise<ChaosResult> {
    const { dice, boundary, seed, expected } = this.#chaos
    await this.#atBoundary(boundary)
    for (let more = dice.roll(4); more > 0; more -= 1) await this.#disturb()
    const { said } = await this.#start().ended
    if (said?.status === undefined) this.#broken('NEVER_ENDED', `the last process said ${JSON.stringify(said)}`)
    const { concurrency } = caseScenario(seed).workflow.limits
    const entries = this.#withoutStragglers(readHistory(this.#dir), concurrency)
    const violations = checkHistory({ entries, events: this.#events(), concurrency, expected })
    return { kills: this.#kills, did: this.#did, violations: [...this.#violations, ...violations] }
  }

  #start(changes: { readonly killAt?: number; readonly how?: 'written' | 'unwritten'; readonly force?: boolean; readonly isFull?: boolean } = {}, fileSizeKb?: number): ChaosProcess {
    const { dice, seed } = this.#chaos
    this.#number += 1
    // By little: what waits until an instant waits longer by a clock that is behind, and here that takes its time.
    const skewMs = dice.chance(25) ? dice.roll(4_000) - 2_000 : 0
    return startProcess({ dir: this.#dir, seed, number: this.#number, force: false, skewMs, ...changes }, fileSizeKb)
  }

  async #disturb(): Promise<void> {
    const ways = [() => this.#atBoundary(), () => this.#atAnyTime(), () => this.#atAnyTime(), () => this.#stop(), () => this.#second(), () => this.#damage(), () => this.#full()] as const
    await this.#chaos.dice.pick(ways)()
  }

  async #atBoundary(boundary = this.#events().length + 1 + this.#chaos.dice.roll(8)): Promise<void> {
    const how = this.#chaos.dice.pick(['written', 'unwritten'] as const)
    this.#did.push(`${how} ${boundary}`)
    await this.#gone(this.#start({ killAt: boundary, how }))
  }

  async #atAnyTime(): Promise<void> {
    const process = this.#start()
    const fromStart = this.#chaos.dice.chance(30)
    if (!fromStart) await process.working
    await delay(this.#chaos.dice.roll(fromStart ? 250 : 30))
    process.child.kill('SIGKILL')
    this.#did.push('any time')
    await this.#gone(process)
  }

  async #gone(process: ChaosProcess): Promise<void> {
    const { signal } = await process.ended
    if (signal === 'SIGKILL') this.#kills += 1
    this.#died()
  }

  /** A process is stopped, loses the run to another one, and goes on while that one works or has finished. */
  async #stop(): Promise<void> {
    const { dice } = this.#chaos
    const first = this.#start()
    await first.working
    await delay(dice.roll(20))
    await first.stop()
    const second = this.#start({ force: true })
    await second.working
    await delay(dice.roll(30))
    const before = await this.#quiet(second)
    first.child.kill('SIGCONT')
    const { said } = await first.ended
    this.#did.push(`stop: ${said?.code ?? said?.status}`)
    if (said?.status === undefined && said?.code !== 'LOCK_LOST') this.#broken('NO_LONGER_WRITER', `a stopped process went on and said ${JSON.stringify(said)}`)
    if (before !== undefined && readFileSync(this.#journal, 'utf8') !== before) {
      this.#broken('NO_LONGER_WRITER', 'a stopped process went on and wrote to the journal')
    }
    second.child.kill('SIGKILL')
    await this.#gone(second)
  }

  /** The journal, when nobody else writes it any more. */
  async #quiet(process: ChaosProcess): Promise<string | undefined> {
    if (this.#chaos.dice.chance(50)) return undefined
    await process.ended
    return readFileSync(this.#journal, 'utf8')
  }

  /** A second process that wants the run while another has it is told so. */
  async #second(): Promise<void> {
    const first = this.#start()
    await first.working
    await first.stop()
    const { said } = await this.#start().ended
    this.#did.push(`second: ${said?.code ?? said?.status}`)
    const isOver = this.#events().at(-1)?.type === 'run.settled'
    if (said?.code !== 'RUN_LOCKED' && !isOver) this.#broken('NO_LONGER_WRITER', `a second process was not refused, but said ${JSON.stringify(said)}`)
    first.child.kill('SIGKILL')
    await this.#gone(first)
  }

  /** The last record of the journal is cut or overwritten at one of its bytes. */
  async #damage(): Promise<void> {
    if (!existsSync(this.#journal)) return
    const { dice } = this.#chaos
    const bytes = readFileSync(this.#journal)
    const begin = bytes.subarray(0, -1).lastIndexOf(0x0a) + 1
    const at = begin + dice.roll(bytes.length - begin)
    const isCut = dice.chance(50)
    if (isCut) truncateSync(this.#journal, at)
    else writeFileSync(this.#journal, Buffer.concat([bytes.subarray(0, at), Buffer.from([0]), bytes.subarray(at + 1)]))
    this.#did.push(`${isCut ? 'cut' : 'damaged'} at ${at}`)
    const lost: HistoryEntry = { kind: 'damaged', lost: wholeLines(bytes).slice(this.#events().length) }
    this.#remember(JSON.stringify(lost))
    this.#died()
  }

  /** No file may grow any further. */
  async #full(): Promise<void> {
    const largest = existsSync(this.#journal) ? readFileSync(this.#journal).length / 1024 : 0
    const process = this.#start({ isFull: true }, Math.ceil(largest) + this.#chaos.dice.roll(3))
    const { said } = await process.ended
    for (const line of process.did()) this.#remember(line)
    this.#did.push(`full: ${said?.code ?? said?.status}`)
    if (said?.status === undefined && said?.code !== 'STORE_WRITE') this.#broken('DEFECT', `on a full disk a process said ${JSON.stringify(said)}`)
    this.#died()
  }

  /**
   * A process that is stopped between its look at the lock and the effect begins that one when it goes on: nothing but
   * the effect's idempotency key could prevent that. No more than run at once may, and they count for nothing.
   */
  #withoutStragglers(entries: readonly HistoryEntry[], concurrency: number): HistoryEntry[] {
    const late = new Map<number, number>()
    let writer = 0
    return entries.filter((entry) => {
      if (entry.kind === 'opened') writer = entry.process
      if (entry.kind !== 'began' || entry.process >= writer) return true
      late.set(entry.process, (late.get(entry.process) ?? 0) + 1)
      return (late.get(entry.process) ?? 0) > concurrency
    })
  }

  #died(): void {
    const entry: HistoryEntry = { kind: 'died', committed: this.#events() }
    this.#remember(JSON.stringify(entry))
  }

  #remember(line: string): void {
    appendFileSync(join(this.#dir, 'history.ndjson'), `${line}\n`)
  }

  #events(): RunEvent[] {
    return existsSync(this.#journal) ? wholeLines(readFileSync(this.#journal)) : []
  }

  #broken(code: Violation['code'], message: string): void {
    this.#violations.push({ code, message })
  }
}

function readHistory(dir: string): HistoryEntry[] {
  return readFileSync(join(dir, 'history.ndjson'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as HistoryEntry)
}

function wholeLines(bytes: Buffer): RunEvent[] {
  const events: RunEvent[] = []
  for (const line of bytes.toString().split('\n').slice(0, -1)) {
    try {
      events.push(JSON.parse(line) as RunEvent)
    } catch {
      break
    }
  }
  return events
}
