import { z } from 'zod'
import { isJsonObject, type JsonObject } from '../json.ts'
import { groupMark, type OldStage, type OldState } from './old-state.ts'
import { fieldsOfV1, readV1 } from './orchestration-v1.ts'

/** `orchestration_state.json` as a design proposed it: it stands at a group by name, and keeps what its stages gave there. */

const instant = z.iso.datetime({ offset: true, local: true }).nullish()
const stageStatus = z.looseObject({
  status: z.enum(['complete', 'completed', 'in_progress', 'pending', 'failed']),
  output: z.string().nullish(),
  error: z.string().nullish(),
  started_at: instant,
  completed_at: instant,
})
const fieldsOfProposed = {
  ...fieldsOfV1,
  parallel_group_status: z
    .looseObject({ group_name: z.string(), trigger_stage: z.string().nullish(), stages: z.record(z.string(), stageStatus) })
    .nullish(),
}
export const schemaOfProposed = z.looseObject(fieldsOfProposed)

export function isProposed(document: JsonObject): boolean {
  const { current_stage: stage, parallel_group_status: group } = document
  return (typeof stage === 'string' && stage.startsWith(groupMark)) || (isJsonObject(group) && typeof group['group_name'] === 'string')
}

export function readProposed(value: z.infer<typeof schemaOfProposed>, document: JsonObject): OldState {
  const base = readV1(value, document)
  const { current_stage: at, parallel_group_status: group } = value
  const stages = Object.entries(group?.stages ?? {})
  const given = stages.flatMap(([key, { output }]): [string, string][] => (output == null ? [] : [[key, output]]))
  return {
    ...base,
    format: 'orchestration_state as proposed',
    unknownKeys: Object.keys(document).filter((key) => !Object.hasOwn(fieldsOfProposed, key)),
    position: at.startsWith(groupMark) ? { group: at.slice(groupMark.length) } : { stage: at },
    outputs: new Map([...base.outputs, ...given]),
    stages: new Map(stages.map(([key, stage]) => [key, stageOf(stage)])),
    groups: group == null ? new Map() : new Map([[group.group_name, Object.keys(group.stages)]]),
  }
}

function stageOf({ status, error, started_at, completed_at }: z.infer<typeof stageStatus>): OldStage {
  const isDone = status === 'complete' || status === 'completed'
  return {
    status: isDone ? 'completed' : status === 'failed' ? 'failed' : 'open',
    ...(error == null ? {} : { error }),
    ...(started_at == null ? {} : { startedAt: Date.parse(started_at) }),
    ...(completed_at == null ? {} : { endedAt: Date.parse(completed_at) }),
  }
}
