import { TerminalError } from '../src/errors.ts'
import type { RunEvent } from '../src/events.ts'
import { executeAsk } from '../src/executors/ask.ts'
import { executeWait } from '../src/executors/wait.ts'
import type { StepRequest } from '../src/executors/executor.ts'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import type { Host, RunHandle, RunSettlement, StartOptions } from '../src/hosts/host.ts'
import type { Json, JsonObject } from '../src/json.ts'
import type { Workflow } from '../src/spec/ir.ts'
import { parseSpec } from '../src/spec/load.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { Store } from '../src/store/store.ts'
import { createVirtualClock, type VirtualClock } from '../src/testing/virtual-clock.ts'
import { settledOn } from './retry-bench.ts'
import { eventsOf } from './run-embedded.ts'

/** What a step gives that neither asks nor waits. */
export type ActWork = (request: StepRequest, signal: AbortSignal) => Json | Promise<Json>

/** A host on a clock that stands still, whose steps ask, wait and run children, break on demand and can be held. */
export interface ActBench {
  readonly host: Host
  readonly store: Store
  readonly clock: VirtualClock
  readonly work: ActWork
  /** Paths of what was executed but asks, waits and children, in order. */
  readonly executed: string[]
  /** Keys of the same. */
  readonly keys: string[]
  break(...paths: readonly string[]): void
  mend(): void
  /** Has the step wait until the returned function is called. */
  hold(path: string): () => void
  begin(workflow: Workflow, options?: Partial<StartOptions>): Promise<RunHandle>
  /** Resolves when nothing can happen any more without time or people. */
  quiet(): Promise<void>
  settled(handle: RunHandle): Promise<RunSettlement>
  /** Ids of the questions that are open. */
  open(handle: RunHandle): string[]
}

export function workflowOf(stages: readonly Json[], extra: JsonObject = {}): Workflow {
  const text = JSON.stringify({ forkchart: 1, name: 'acted', ...extra, stages })
  return parseSpec(text, { file: '/spec/acted.json', format: 'json' }).workflow
}

/** A step that gives its path. */
export const call = (id: string): JsonObject => ({ id, call: './w.ts#w' })

/** Events of these types so far, flat. */
export function told(handle: RunHandle, ...types: RunEvent['type'][]): unknown[] {
  return eventsOf(handle).filter(({ type }) => types.includes(type)).map(({ type, path, data }) => ({ type, path, ...data }))
}

interface BenchOptions {
  readonly store?: Store
  readonly now?: number
  readonly env?: Record<string, string>
}

export function createActBench(work: ActWork = ({ path }) => path, options: BenchOptions = {}): ActBench {
  const { store = createMemoryStore(), now = Date.UTC(2026, 0, 1), env = {} } = options
  const clock = createVirtualClock(now)
  const executed: string[] = []
  const keys: string[] = []
  const broken = new Set<string>()
  const held = new Map<string, Promise<void>>()
  const host = createEmbeddedHost({
    store, clock, env,
    execute: async (request, context) => {
      if (request.kind === 'ask' || request.kind === 'event') return executeAsk(request, context)
      if (request.kind === 'wait') return executeWait(request, context, clock)
      if (request.kind === 'workflow') {
        if (context.runChild === undefined) throw new Error('There is no host.')
        return context.runChild(request)
      }
      executed.push(request.path)
      keys.push(request.idempotencyKey)
      const { promise: aborted, reject } = Promise.withResolvers<never>()
      aborted.catch(() => {})
      context.signal.addEventListener('abort', () => reject(context.signal.reason), { once: true })
      await Promise.race([held.get(request.path), aborted])
      if (broken.has(request.path)) throw new TerminalError('BROKE', `${request.path} broke`)
      return { output: await Promise.race([work(request, context.signal), aborted]) }
    },
  })
  return {
    host, store, clock, work, executed, keys,
    break: (...paths) => paths.forEach((path) => broken.add(path)),
    mend: () => broken.clear(),
    hold: (path) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      held.set(path, promise)
      return () => {
        held.delete(path)
        resolve()
      }
    },
    begin: (workflow, more = {}) =>
      host.start({ workflow, input: null, runId: 'run', specDir: '/spec', workingDir: '/work', source: { file: null, text: '' }, ...more }),
    quiet: async () => {
      for (let turn = 0; turn < 30; turn += 1) await new Promise(setImmediate)
    },
    settled: (handle) => settledOn(clock, handle),
    open: (handle) => {
      const asks = new Set<string>()
      const paths = new Map<string, string>()
      for (const { type, data, path = '' } of eventsOf(handle)) {
        if (type === 'ask.opened') {
          asks.add(data.ask)
          paths.set(path, data.ask)
        } else if (type === 'ask.answered' || type === 'ask.expired') asks.delete(data.ask)
        else if (type === 'step.cancelled' || type === 'step.retrying') asks.delete(paths.get(path) ?? '')
      }
      return [...asks]
    },
  }
}
