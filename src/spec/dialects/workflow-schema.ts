import { z } from 'zod'
import { isJsonObject, type JsonObject } from '../../json.ts'
import { handsOff } from '../hands-off.ts'
import { didYouMean } from '../nearest.ts'
import type { Finding } from '../report.ts'
import type { SourcePath } from '../source.ts'
import { reportIssues } from '../zod-issues.ts'
import { isTarget } from './hooks.ts'
import { asOurs, ownTopKeys } from './own-keys.ts'

/** The form of workflows of steps that name agents, flat or in stages, and what may not stand in them. */

const hook = z.union(
  [z.string(), z.custom<object>((value) => typeof value === 'function')],
  'expected an expression or `./module.ts#export`',
)
const hookType = z.enum(['expression', 'function']).optional()
/** Options of our own blocks, which mean here what they mean there. */
const ownOptions = { on_failure: asOurs, retry: asOurs, timeout: asOurs }
const named = { name: z.string().min(1).optional(), guard: hook.optional(), guard_type: hookType, ...ownOptions }
const stepSchema = z.strictObject({
  ...named,
  agent_key: z.string(),
  input_mapper: hook.optional(),
  input_mapper_type: hookType,
  max_turns: z.int().min(1).optional(),
  output_schema: z.json().optional(),
})
/** A step that is several, one after another. */
const nestedSchema = z.strictObject({ ...named, steps: z.array(z.unknown()).min(1) })
const stageSchema = z.strictObject({
  name: z.string().min(1).optional(),
  mode: asOurs,
  steps: z.array(z.unknown()).min(1),
  reducer: hook.optional(),
  reducer_type: hookType,
  concurrency: asOurs,
  join: asOurs,
  on_branch_failure: asOurs,
  on_failure: asOurs,
})
const specSchema = z.strictObject({
  ...ownTopKeys,
  key: z.string(),
  display_name: z.string().optional(),
  default: z.boolean().optional(),
  allow_handoff_agents: z.boolean().optional(),
  output_schema: z.json().optional(),
  functions: z.record(z.string(), z.string()).optional(),
  steps: z.array(z.unknown()).min(1).optional(),
  stages: z.array(z.unknown()).min(1).optional(),
})

type Report = (finding: Finding) => void
const nothingLater = { laterIn: () => new Set<string>() }

/** Reports what is wrong with a workflow in its own terms; each part by itself, so that one mistake hides no other. */
export function checkWorkflow(data: JsonObject, report: Report): void {
  reportIssues({ report }, specSchema, data, [], nothingLater)
  checkFunctions(data['functions'], report)
  checkHandoffs(data, report)
  const { steps, stages } = data
  if (steps === undefined && stages === undefined) {
    report({ code: 'MISSING_KEY', message: '`stages` is missing: the list of what the workflow does.', at: [] })
  }
  if (steps !== undefined && stages !== undefined) {
    const message = '`steps` counts for nothing beside `stages`: remove it.'
    report({ code: 'STEPS_IGNORED', severity: 'warning', message, at: ['steps'], part: 'key' })
  } else if (Array.isArray(steps)) checkSteps(steps, ['steps'], report)
  if (!Array.isArray(stages)) return
  stages.forEach((stage: unknown, index) => checkStage(stage, ['stages', index], report))
}

function checkStage(stage: unknown, at: SourcePath, report: Report): void {
  reportIssues({ report }, stageSchema, stage, at, nothingLater)
  if (!isJsonObject(stage)) return
  const { mode, steps, reducer } = stage
  if (mode !== undefined && mode !== 'sequential' && mode !== 'parallel') {
    const hint = didYouMean(String(mode), ['sequential', 'parallel'])
    const message = `\`mode\`: expected sequential or parallel, got ${JSON.stringify(mode)}.${hint}`
    report({ code: 'STAGE_MODE', message, at: [...at, 'mode'] })
  }
  if (mode === undefined || mode === 'sequential') {
    for (const key of ['reducer', 'concurrency', 'join', 'on_branch_failure'].filter((name) => stage[name] !== undefined)) {
      const what = key === 'reducer' && reducer !== undefined ? 'has one output only' : 'has no branches'
      const message = `\`${key}\` goes with \`mode: parallel\`; a sequential stage ${what}.`
      report({ code: 'NEEDS_PARALLEL_MODE', message, at: [...at, key], part: 'key' })
    }
  }
  if (Array.isArray(steps)) checkSteps(steps, [...at, 'steps'], report)
}

function checkSteps(steps: readonly unknown[], at: SourcePath, report: Report): void {
  steps.forEach((step, index) => {
    const inner = isJsonObject(step) ? step['steps'] : undefined
    const schema = inner === undefined ? stepSchema : nestedSchema
    reportIssues({ report }, schema, step, [...at, index], nothingLater)
    if (Array.isArray(inner)) checkSteps(inner, [...at, index, 'steps'], report)
  })
}

function checkFunctions(functions: unknown, report: Report): void {
  if (!isJsonObject(functions)) return
  for (const [name, target] of Object.entries(functions)) {
    if (typeof target !== 'string' || isTarget(target)) continue
    const message = `\`${target}\` does not say what to call: write \`./module.ts#export\`, relative to the spec.`
    report({ code: 'CALL_TARGET', message, at: ['functions', name] })
  }
}

/** In a chain, an agent that hands over to another would take the rest of the work with it. */
function checkHandoffs(data: JsonObject, report: Report): void {
  if (data['allow_handoff_agents'] === true || !isJsonObject(data['agents'])) return
  for (const [name, agent] of Object.entries(data['agents'])) {
    if (!isJsonObject(agent)) continue
    const hasHandoffs = handsOff(agent['handoffs'])
    if (!hasHandoffs && agent['allow_handoffs'] !== true) continue
    const key = hasHandoffs ? 'handoffs' : 'allow_handoffs'
    const message =
      `The agent \`${name}\` can hand off and so take the rest of the work along: make who it hands off to a step, ` +
      'or write `allow_handoff_agents: true` at the top.'
    report({ code: 'HANDOFF_NOT_ALLOWED', message, at: ['agents', name, key], part: 'key' })
  }
}
