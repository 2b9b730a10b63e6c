import { createHash } from 'node:crypto'
import { StepSkipped, TerminalError } from '../src/errors.ts'
import type { RunEvent } from '../src/events.ts'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import type { Host, RunHandle, RunSettlement } from '../src/hosts/host.ts'
import { canonicalJson, type Json } from '../src/json.ts'
import { blocksIn, workflowBlocks } from '../src/spec/blocks.ts'
import type { Block, Workflow } from '../src/spec/ir.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { RunSpec, Store } from '../src/store/store.ts'
import { createVirtualClock, type VirtualClock } from '../src/testing/virtual-clock.ts'

/** Runs whose steps break until somebody mends them: for what is run again. */

export interface Execution {
  readonly path: string
  readonly key: string
  readonly attempt: number
}

export interface RetryBench {
  readonly host: Host
  readonly store: Store
  readonly clock: VirtualClock
  /** Every execution that was begun, in order. */
  readonly executed: Execution[]
  /** Steps that do not break any more. */
  readonly mended: Set<string>
  begin(workflow: Workflow): Promise<RunHandle>
  settled(handle: RunHandle): Promise<RunSettlement>
}

/** What a step gives, or how it breaks, follows from the seed, its path and what reached it, not from how often it ran. */
export interface Luck {
  readonly seed: number
  readonly breaks: (path: string) => boolean
}

export function luckOf(seed: number, share = 15): Luck {
  return { seed, breaks: (path) => chance(seed, 'breaks', path) < share }
}

export function createRetryBench({ seed, breaks }: Luck, store: Store = createMemoryStore(), now = Date.UTC(2026, 0, 1)): RetryBench {
  const clock = createVirtualClock(now)
  const executed: Execution[] = []
  const mended = new Set<string>()
  const pause = (ms: number): Promise<void> => new Promise((done) => void clock.schedule(done, ms))
  const host = createEmbeddedHost({
    store, clock, env: {},
    execute: async ({ path, input, attempt, idempotencyKey }, { turn = 1 }) => {
      executed.push({ path, key: idempotencyKey, attempt })
      const ms = chance(seed, 'ms', path, turn) % 5
      if (ms > 0) await pause(ms)
      if (breaks(path) && !mended.has(path)) throw new TerminalError('BROKE', `${path} broke`)
      if (chance(seed, 'skips', path) < 7) throw new StepSkipped('nothing to do')
      return { output: outputOf(seed, path, input) }
    },
  })
  return {
    host, store, clock, executed, mended,
    begin: (workflow) =>
      host.start({ workflow, input: 'in', runId: 'run', specDir: '/spec', workingDir: '/work', source: { file: null, text: '' } }),
    settled: (handle) => settledOn(clock, handle),
  }
}

function outputOf(seed: number, path: string, input: Json): Json {
  const text = digest([path, input]).slice(0, 6)
  const kind = chance(seed, 'output', path)
  if (kind < 30) return 'ok'
  if (kind < 45) return [text, 'same']
  return kind < 60 ? { [path.slice(path.lastIndexOf('.') + 1)]: text } : `${path}:${text}`
}

function digest(value: unknown): string {
  return createHash('sha1').update(canonicalJson(value)).digest('hex')
}

function chance(...of: readonly (string | number)[]): number {
  return Number.parseInt(digest(of).slice(0, 6), 16) % 100
}

/** Moves the clock on whenever nothing can happen without, until the run settles. */
export async function settledOn(clock: VirtualClock, handle: RunHandle): Promise<RunSettlement> {
  let over = false
  const end = (): void => {
    over = true
  }
  handle.settled.then(end, end)
  for (let idle = 0; !over && idle < 3_000; idle += 1) {
    await new Promise(setImmediate)
    if (!over) clock.advance(1)
  }
  if (!over) throw new Error('The run did not settle in 3 s of its time.')
  return handle.settled
}

/** A store that holds the run as it was when its process died. */
export async function cutStore(spec: RunSpec, events: readonly RunEvent[]): Promise<Store> {
  const store = createMemoryStore()
  const writer = await store.create(spec)
  writer.append(events)
  await writer.close()
  return store
}

/** Whether nothing in it is done in rounds: there a step is run again in its last one only. */
export function isWithoutRounds(workflow: Workflow): boolean {
  return [...workflowBlocks(workflow)].every(
    ({ kind, onFailure }) => kind !== 'loop' && kind !== 'review' && !(typeof onFailure === 'object' && 'goto' in onFailure),
  )
}

/** Whether the step at `path` can only have begun after the one at `other` in branches that have nothing to do with each other. */
export function areBeside(workflow: Workflow, path: string, other: string): boolean {
  const [one, two] = [path.split('.'), other.split('.')]
  let common = 0
  while (common < one.length && one[common] === two[common]) common += 1
  const around = blockAt(workflow, one.slice(0, common))
  if (around === undefined || common >= one.length || common >= two.length) return false
  const inner = (keys: readonly string[]): boolean =>
    around.kind === 'map' ? /^\d+$/.test(keys[common] ?? '') : around.kind === 'parallel' && around.branches.some(({ id }) => id === keys[common])
  return inner(one) && inner(two)
}

function blockAt(workflow: Workflow, keys: readonly string[]): Block | undefined {
  const wanted = keys.join('.')
  for (const block of blocksIn(workflow.stages)) {
    const pattern = block.path.split('.').map((key) => (key === '[]' ? '\\d+' : key.replaceAll(/[^\w-]/g, '\\$&'))).join('\\.')
    if (new RegExp(`^${pattern}$`).test(wanted)) return block
  }
  return undefined
}
