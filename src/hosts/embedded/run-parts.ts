import type { RunEvent } from '../../events.ts'
import type { ExecutionContext, StepRequest, StepResult } from '../../executors/executor.ts'
import type { Redactor } from '../../redact.ts'
import type { Program } from '../../runtime/program.ts'
import type { RunTree } from '../../runtime/run-tree.ts'
import type { Scheduler } from '../../runtime/scheduler.ts'
import type { Undone } from '../../runtime/undo-ends.ts'
import type { Workflow } from '../../spec/ir.ts'
import type { Scope } from '../../spec/outcome.ts'
import type { RunSpec, RunWriter } from '../../store/store.ts'
import type { RunHost } from './run-host.ts'
import type { RunTrace } from './run-trace.ts'
import type { TraceExporter } from './trace-exporter.ts'

/** What a run is made of. */
export interface EmbeddedRunOptions {
  readonly host: RunHost
  readonly spec: RunSpec
  readonly program: Program
  /** The workflow without its secrets, for whoever looks at the run. */
  readonly shown: Workflow
  readonly writer: RunWriter
  readonly scheduler: Scheduler
  /** What the root is started with. */
  readonly scope: Scope
  readonly execute: (request: StepRequest, context: ExecutionContext) => Promise<StepResult>
  readonly redactor: Redactor
  readonly trace: RunTrace
  /** Absent: its trace is sent nowhere. */
  readonly exporter: TraceExporter | undefined
  /** See `StartOptions`. */
  readonly noWait: boolean
}

/** A run that somebody wants to go on though it had ended, or its steps had: the tree without those ends. */
export interface Again extends Undone {
  readonly again: readonly string[]
  /** It was under way. */
  readonly live?: true
  /** The id of the action by which that was wanted. */
  readonly action?: string
}

/** Where a run is taken up. It goes on from there, so nobody is to hold on to it. */
export interface RunBefore {
  readonly tree: RunTree
  /** Events already in the journal. */
  readonly events: readonly RunEvent[]
}
