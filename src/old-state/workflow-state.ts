import { z } from 'zod'
import type { JsonObject } from '../json.ts'
import type { OldStage, OldState } from './old-state.ts'

/** `workflow_state.json`, older than the others: a history of stages, with files and notes in place of outputs. */

const instant = z.iso.datetime({ offset: true, local: true })
const entry = z.looseObject({
  stage: z.string().min(1),
  started_at: instant.nullish(),
  completed_at: instant.nullish(),
  skipped: z.boolean().nullish(),
  artifacts: z.array(z.string()).nullish(),
  notes: z.string().nullish(),
})
const fields = {
  current_stage: z.string().min(1),
  started_at: instant.nullish(),
  history: z.array(entry),
  objective: z.string().nullish(),
  metadata: z.record(z.string(), z.json()).nullish(),
}
export const schemaOfWorkflowState = z.looseObject(fields)

export function isWorkflowState(document: JsonObject): boolean {
  return Array.isArray(document['history']) && document['stage_outputs'] === undefined
}

/** A stage that is in the history twice stands as it did the last time. */
export function readWorkflowState(value: z.infer<typeof schemaOfWorkflowState>, document: JsonObject): OldState {
  const { current_stage: stage, started_at, history, objective } = value
  const startedAt = started_at == null ? null : Date.parse(started_at)
  const times = history.flatMap((one) => [one.started_at, one.completed_at]).flatMap((at) => (at == null ? [] : [Date.parse(at)]))
  return {
    format: 'workflow_state',
    document,
    unknownKeys: Object.keys(document).filter((key) => !Object.hasOwn(fields, key)),
    status: stage.toUpperCase() === 'COMPLETE' ? 'complete' : 'in_progress',
    position: { stage },
    outputs: new Map(history.flatMap((one) => (one.completed_at == null ? [] : [[one.stage, resultOf(one)] as const]))),
    stages: new Map(history.map((one) => [one.stage, stageOf(one)])),
    groups: new Map(),
    objective: objective ?? null,
    objectiveFile: null,
    feature: null,
    specFile: null,
    startedAt,
    elapsedMs: startedAt === null ? null : Math.max(startedAt, ...times) - startedAt,
    testRounds: [],
  }
}

function stageOf({ skipped, started_at, completed_at }: z.infer<typeof entry>): OldStage {
  return {
    status: skipped === true ? 'skipped' : completed_at == null ? 'open' : 'completed',
    ...(started_at == null ? {} : { startedAt: Date.parse(started_at) }),
    ...(completed_at == null ? {} : { endedAt: Date.parse(completed_at) }),
  }
}

function resultOf({ notes, artifacts }: z.infer<typeof entry>): string {
  const files = artifacts == null || artifacts.length === 0 ? '' : `Files: ${artifacts.join(', ')}`
  return [notes ?? '', files].filter((part) => part !== '').join('\n\n')
}
