import { z } from 'zod'
import type { JsonObject } from '../json.ts'
import type { OldState } from './old-state.ts'
import { fieldsOfV1, readV1 } from './orchestration-v1.ts'

/** `orchestration_state.json` with parallel groups: how each stage of a group ended, under the names of the groups. */

const stageStatus = z.looseObject({
  status: z.enum(['completed', 'failed']),
  error: z.string().nullish(),
})
const fieldsOfV2 = {
  ...fieldsOfV1,
  parallel_group_status: z.record(z.string(), z.looseObject({ stages: z.record(z.string(), stageStatus) })).nullish(),
}
export const schemaOfV2 = z.looseObject(fieldsOfV2)

export function isV2(document: JsonObject): boolean {
  return document['parallel_group_status'] !== undefined
}

export function readV2(value: z.infer<typeof schemaOfV2>, document: JsonObject): OldState {
  const groups = Object.entries(value.parallel_group_status ?? {})
  return {
    ...readV1(value, document),
    format: 'orchestration_state v2',
    unknownKeys: Object.keys(document).filter((key) => !Object.hasOwn(fieldsOfV2, key)),
    stages: new Map(
      groups.flatMap(([, { stages }]) =>
        Object.entries(stages).map(([key, { status, error }]) => [key, error == null ? { status } : { status, error }] as const),
      ),
    ),
    groups: new Map(groups.map(([name, { stages }]) => [name, Object.keys(stages)])),
  }
}
