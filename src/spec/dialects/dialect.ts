import { isJsonObject, type JsonObject } from '../../json.ts'
import { readSteps } from './steps.ts'
import type { Translation } from './translation.ts'

/** Recognises how a spec is written by its shape. `findings` are in paths of the file. */
export function translate(data: JsonObject): Translation {
  if (isStepsDialect(data)) return readSteps(data)
  if (data['forkchart'] === undefined) {
    const foreign = foreignKey(data)
    if (foreign !== undefined) {
      const hint = 'Write it with `forkchart: 1` and `stages`.'
      const message = `A spec with \`${foreign}\` is of a form that this version cannot read yet. ${hint}`
      return { ...asWritten(data), findings: [{ code: 'NOT_YET_AVAILABLE', message, at: [foreign], part: 'key' }] }
    }
  }
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

function isStepsDialect(data: JsonObject): boolean {
  const { steps } = data
  if (!Array.isArray(steps)) return false
  return data['key'] !== undefined || steps.some((step: unknown) => isJsonObject(step) && step['agent_key'] !== undefined)
}

function foreignKey(data: JsonObject): string | undefined {
  const { stages } = data
  const first: unknown = Array.isArray(stages) ? stages[0] : undefined
  if (data['key'] !== undefined || data['stage_order'] !== undefined || data['parallel_groups'] !== undefined) {
    return ['key', 'stage_order', 'parallel_groups'].find((key) => data[key] !== undefined)
  }
  const hasForeignKey = isJsonObject(first) && ['mode', 'steps', 'dependsOn'].some((key) => first[key] !== undefined)
  return isJsonObject(stages) || hasForeignKey ? 'stages' : undefined
}
