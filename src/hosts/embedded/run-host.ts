import type { Clock } from '../../clock.ts'
import type { ExecutionContext, StepResult, WorkflowRequest } from '../../executors/executor.ts'
import type { PriceTable } from '../../prices.ts'
import type { RunSpec } from '../../store/store.ts'
import type { ChildListener } from './child-runs.ts'
import type { EmbeddedRun } from './embedded-run.ts'

/** What the runs of a process have in common. */
export interface RunHost {
  readonly clock: Clock
  /** What models cost whose attempts come without their cost. */
  readonly prices: PriceTable | undefined
  /** Runs a child of a step of `parent`. */
  runChild(child: WorkflowRequest, context: ExecutionContext, of: { readonly parent: RunSpec; readonly listener: ChildListener }): Promise<StepResult>
  /** Pauses a child that this process works on. */
  pauseChild(runId: string, reason: string): void
  /** Detaches a run from what it shares with others; called once, at its end. */
  release(run: EmbeddedRun): void
}
