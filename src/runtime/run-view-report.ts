import type { ErrorData } from '../errors.ts'
import type { Json } from '../json.ts'
import type { NodeStatus, OpenAsk, RunNode, RunView, RunViewStatus } from './run-view-nodes.ts'

/** One step as `run --json` prints it: null where there is nothing to say. */
export interface StepRecord {
  readonly path: string
  readonly status: NodeStatus
  readonly attempt: number | null
  readonly startedAt: string | null
  readonly endedAt: string | null
  readonly group: string | null
  readonly branch: string | null
  readonly output: Json
  readonly error?: ErrorData
}

export interface RunReport {
  readonly runId: string
  readonly status: 'done' | 'failed' | 'cancelled' | 'waiting' | 'stopped'
  readonly output: Json
  readonly error?: ErrorData
  readonly usage: {
    readonly inputTokens: number
    readonly outputTokens: number
    readonly totalTokens: number
    /** US dollars as reported. Null, for unknown, unless every attempt that used tokens came with its cost. */
    readonly costUsd: number | null
  }
  readonly elapsedMs: number
  /** What waits for an answer; absent when nothing does. */
  readonly asks?: readonly OpenAsk[]
  readonly steps: readonly StepRecord[]
}

/** The steps, not the groups, in document order. `startedAt` and `endedAt` are those of the attempt in `attempt`. */
export function stepRecords(view: RunView): StepRecord[] {
  return view.nodes.filter((node) => node.isStep).map(stepRecord)
}

/** The whole of what `run --json` prints. A run that has not settled counts as stopped: it can be resumed. */
export function runReport(view: RunView, elapsedMs: number): RunReport {
  const { inputTokens, outputTokens, costUsd } = view.usage ?? { inputTokens: 0, outputTokens: 0, costUsd: null }
  return {
    runId: view.runId,
    status: reportStatus(view.status),
    output: view.output ?? null,
    ...(view.error === null ? {} : { error: view.error }),
    usage: { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens, costUsd },
    elapsedMs,
    ...(view.asks.length === 0 ? {} : { asks: view.asks }),
    steps: stepRecords(view),
  }
}

function stepRecord(node: RunNode): StepRecord {
  return {
    path: node.path,
    status: node.status,
    attempt: node.attempt === 0 ? null : node.attempt,
    startedAt: node.startedAt,
    endedAt: node.endedAt,
    group: node.group,
    branch: node.branch,
    output: node.output ?? null,
    ...(node.error === null ? {} : { error: node.error }),
  }
}

function reportStatus(status: RunViewStatus): RunReport['status'] {
  return status === 'running' || status === 'interrupted' ? 'stopped' : status
}
