import { type Clock, systemClock } from '../clock.ts'
import { UsageError } from '../errors.ts'
import type { RunEvent } from '../events.ts'
import type { Json } from '../json.ts'
import { notWritten } from './inbox.ts'
import { MemoryRun } from './memory-run.ts'
import { newestFirst } from './newest-first.ts'
import { assertRunId } from './run-folder.ts'
import type { RunContents, RunSummary, RunWriter, Store } from './store.ts'

/** Runs that live as long as this object: for tests, and for embedding where nothing has to survive. */
export function createMemoryStore(options: { readonly clock?: Clock } = {}): Store {
  const clock = options.clock ?? systemClock
  const runs = new Map<string, MemoryRun>()
  const instant = (): string => new Date(clock.now()).toISOString()

  const existing = (runId: string): MemoryRun => {
    assertRunId(runId)
    const run = runs.get(runId)
    if (run === undefined) throw new UsageError('RUN_NOT_FOUND', `there is no run ${runId} in this process`)
    return run
  }

  return {
    create: async (spec): Promise<RunWriter> => {
      assertRunId(spec.runId)
      if (runs.has(spec.runId)) {
        throw new UsageError('RUN_EXISTS', `there is a run ${spec.runId} already: choose another id, or resume that one`)
      }
      const run = new MemoryRun(spec)
      runs.set(spec.runId, run)
      return run.take(instant())
    },

    open: async (runId, { force = false } = {}): Promise<{ writer: RunWriter; contents: RunContents }> => {
      const run = existing(runId)
      if (run.owner !== null && !force) {
        throw new UsageError(
          'RUN_LOCKED',
          `the run ${runId} is being written in this process (${run.owner.pid}) since ${run.owner.since}: close that writer first`,
          { details: { pid: run.owner.pid, host: run.owner.host, since: run.owner.since } },
        )
      }
      return { writer: run.take(instant()), contents: run.contents() }
    },

    read: async (runId): Promise<RunContents> => existing(runId).contents(),

    follow: async function* (runId, options): AsyncGenerator<RunEvent> {
      yield* existing(runId).follow(options)
    },

    post: async (runId, message): Promise<Json> => {
      const reply = existing(runId).post(JSON.parse(JSON.stringify(message)) as Json)
      if (reply === undefined) throw notWritten(runId)
      return reply
    },

    readLog: async (runId, path): Promise<string> => existing(runId).logs?.get(path) ?? '',

    status: async (runId): Promise<RunSummary> => existing(runId).summary(),

    list: async (): Promise<readonly RunSummary[]> =>
      [...runs.values()]
        .map((run) => run.summary())
        .sort(newestFirst),
  }
}
