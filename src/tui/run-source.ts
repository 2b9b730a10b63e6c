import type { EphemeralEvent, RunEvent } from '../events.ts'
import type { OpenAsk } from '../runtime/run-view.ts'
import type { Workflow } from '../spec/ir.ts'

/** What a screen needs of a run; a `RunHandle` with `readLog` is one. */
export interface RunSource {
  readonly runId: string
  readonly workflow: Workflow
  /** Calls back with each event from the first on, past ones at once, until unsubscribed. */
  subscribe(listener: (event: RunEvent | EphemeralEvent) => void): () => void
  /** Text of a step's log so far; '' when there is none. */
  readLog(path: string): Promise<string>
  /** What somebody types in another terminal to answer. */
  readonly answerCommand?: (runId: string, ask: OpenAsk) => string
}
