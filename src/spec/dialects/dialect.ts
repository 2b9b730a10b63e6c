import { isJsonObject, type JsonObject } from '../../json.ts'
import { readStageGroups } from './stage-groups.ts'
import { readStageOrder } from './stage-order.ts'
import type { Translation, TranslationOptions } from './translation.ts'
import { readWorkflow } from './workflow-stages.ts'

/** Recognises how a spec is written by its shape. `findings` are in paths of the file. */
export function translate(data: JsonObject, options: TranslationOptions): Translation {
  if (isStageOrder(data)) return readStageOrder(data, options)
  if (isStageGroups(data)) return readStageGroups(data, options)
  if (isWorkflow(data)) return readWorkflow(data, options)
  return data['steps'] === undefined ? asWritten(data) : oneStage(data)
}

function asWritten(data: JsonObject): Translation {
  return { dialect: 'forkchart', data, original: (path) => path, findings: [] }
}

/** `steps` in our own spelling: one stage, its blocks one after another. */
function oneStage({ steps, ...rest }: JsonObject): Translation {
  if (rest['stages'] !== undefined) {
    const message = 'Write `stages` or `steps`, not both: `steps` is short for one stage.'
    return { ...asWritten(rest), findings: [{ code: 'STEPS_AND_STAGES', message, at: ['steps'], part: 'key' }] }
  }
  return {
    dialect: 'forkchart',
    data: { ...rest, stages: [{ id: 'stage-1', sequence: steps }] },
    original: ([first, , , ...inside]) => (first === 'stages' ? ['steps', ...inside] : [first ?? '', ...inside]),
    findings: [],
  }
}

/** `stages` by their names, and lists that say in which order they come. */
function isStageOrder(data: JsonObject): boolean {
  if (['stage_order', 'parallel_groups', 'work_to_review_mapping'].some((key) => data[key] !== undefined)) return true
  return data['forkchart'] === undefined && isJsonObject(data['stages'])
}

/** Groups of stages, each with the groups that it depends on. */
function isStageGroups({ groups, stageGroups, stages }: JsonObject): boolean {
  return groups !== undefined || stageGroups !== undefined || hasItem(stages, ['dependsOn'])
}

/** Steps that name agents, flat or in stages. */
function isWorkflow({ forkchart, key, steps, stages }: JsonObject): boolean {
  if (hasItem(steps, ['agent_key']) || hasItem(stages, ['mode', 'steps', 'reducer'])) return true
  return key !== undefined && (forkchart === undefined || steps !== undefined)
}

function hasItem(list: unknown, keys: readonly string[]): boolean {
  return Array.isArray(list) && list.some((item: unknown) => isJsonObject(item) && keys.some((key) => item[key] !== undefined))
}
