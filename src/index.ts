/** The public API of Forkchart. What is not listed here may change at any time. */

export { type StepInput, stepMachine } from '../machines/step.ts'
export type { Clock } from './clock.ts'
export type { Chart, ChartMachine, ChartState } from './compiler/chart.ts'
export { compileWorkflow } from './compiler/compile.ts'
export {
  executeWith,
  type WorkflowActors,
  type WorkflowMachine,
  workflowMachine,
  type WorkflowMachineOptions,
  type WorkflowOutcome,
} from './compiler/workflow-machine.ts'
export type { Config } from './config.ts'
export {
  CancelledError,
  type ErrorData,
  type ErrorKind,
  ForkchartError,
  RetryableError,
  StepSkipped,
  TerminalError,
  toErrorData,
  UsageError,
} from './errors.ts'
export { type EphemeralEvent, type EventData, type EventType, parseRunEvent, type RunEvent } from './events.ts'
export type {
  AgentMemory,
  AgentRequest,
  CallRequest,
  ExecutionContext,
  Executor,
  HttpRequest,
  RunRequest,
  StepRequest,
  StepResult,
  WaitRequest,
} from './executors/executor.ts'
export { createEmbeddedHost, type EmbeddedHostOptions } from './hosts/embedded/embedded-host.ts'
export type { Host, ResumeOptions, RunHandle, RunSettlement, StartOptions } from './hosts/host.ts'
export type { Json, JsonObject, JsonSchema } from './json.ts'
export { applyEvent, createRunView, type RunView } from './runtime/run-view.ts'
export { defineWorkflow } from './spec/define-workflow.ts'
export type { Block, Workflow } from './spec/ir.ts'
export { checkSpec, type LoadedSpec, loadSpec } from './spec/load.ts'
export type { RedactHook } from './redact.ts'
export type { Outcome, UsageTotal } from './spec/outcome.ts'
export type { CallContext, StepFunction } from './step-function.ts'
export { createFileStore } from './store/file-store.ts'
export { createMemoryStore } from './store/memory-store.ts'
export type { RunSummary, Store } from './store/store.ts'
