import { z } from 'zod'
import type { JsonObject } from '../json.ts'
import type { OldState } from './old-state.ts'
import { fieldsOfV0, readV0 } from './orchestration-v0.ts'

/** `orchestration_state.json` with configurable stages and acceptance tests. */

const testRound = z.looseObject({
  iteration: z.int().min(1),
  passed: z.int().min(0),
  failed: z.int().min(0),
  total: z.int().min(0),
  all_passed: z.boolean(),
  fix_applied: z.boolean().nullish().transform((applied) => applied ?? false),
  fix_summary: z.string().nullish(),
})
const addedFields = {
  stages_config_source: z.string().nullish(),
  feature_name: z.string().nullish(),
  acceptance_tests_passed: z.boolean().nullish(),
  acceptance_test_iterations: z.int().min(0).nullish(),
  acceptance_test_history: z.array(testRound).nullish(),
  acceptance_test_summary: z.string().nullish(),
}
export const fieldsOfV1 = { ...fieldsOfV0, ...addedFields }
export const schemaOfV1 = z.looseObject(fieldsOfV1)

export function isV1(document: JsonObject): boolean {
  return Object.keys(addedFields).some((key) => document[key] !== undefined)
}

export function readV1(value: z.infer<typeof schemaOfV1>, document: JsonObject): OldState {
  return {
    ...readV0(value, document),
    format: 'orchestration_state v1',
    unknownKeys: Object.keys(document).filter((key) => !Object.hasOwn(fieldsOfV1, key)),
    feature: value.feature_name ?? null,
    specFile: value.stages_config_source ?? null,
    testRounds: value.acceptance_test_history ?? [],
  }
}
