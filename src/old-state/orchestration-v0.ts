import { z } from 'zod'
import type { JsonObject } from '../json.ts'
import { type OldState, oldStatuses } from './old-state.ts'

/** `orchestration_state.json` as it was first: one stage at a time, and what the stages before it gave. */

/** `objective` is none of the old tool's: an export that knows the text and no file keeps it there. */
export const fieldsOfV0 = {
  objective_file: z.string().nullish(),
  objective: z.string().nullish(),
  current_stage: z.string().min(1),
  elapsed_seconds: z.number().min(0).nullish(),
  max_seconds: z.number().min(0).nullish(),
  status: z.enum(oldStatuses),
  stage_outputs: z.record(z.string(), z.string().nullable()).nullish(),
}
export const schemaOfV0 = z.looseObject(fieldsOfV0)

export function readV0(value: z.infer<typeof schemaOfV0>, document: JsonObject): OldState {
  const texts = Object.entries(value.stage_outputs ?? {}).filter((entry): entry is [string, string] => entry[1] !== null)
  return {
    format: 'orchestration_state v0',
    document,
    unknownKeys: Object.keys(document).filter((key) => !Object.hasOwn(fieldsOfV0, key)),
    status: value.status,
    position: { stage: value.current_stage },
    outputs: new Map(texts),
    stages: new Map(),
    groups: new Map(),
    objective: value.objective ?? null,
    objectiveFile: value.objective_file ?? null,
    feature: null,
    specFile: null,
    startedAt: null,
    elapsedMs: value.elapsed_seconds == null ? null : value.elapsed_seconds * 1000,
    testRounds: [],
  }
}
