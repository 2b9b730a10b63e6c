import { z } from 'zod'
import { isJsonObject, type JsonObject } from '../../json.ts'
import type { Finding } from '../report.ts'
import type { SourcePath } from '../source.ts'
import { reportIssues } from '../zod-issues.ts'
import { asOurs, ownTopKeys } from './own-keys.ts'

/** The form of a `stages.yaml`, and its parts with their defaults. */

const names = z.array(z.string()).nullish()
const agent = z.string().min(1).nullish()
const flag = z.boolean().nullish()
const stageSchema = z.strictObject({
  name: z.string().nullish(),
  description: z.string().nullish(),
  work_agent: agent,
  review_agent: agent,
  allowed_personas: names,
  artifacts: names,
  exit_criteria: names,
  optional: flag,
  is_review_stage: flag,
  is_acceptance_test_stage: flag,
  requires_acceptance_tests_passed: flag,
  parallel_agents: names,
  prompt_template: z.string().nullish(),
  include_objective: flag,
})
const specSchema = z.strictObject({
  ...ownTopKeys,
  name: asOurs,
  title: asOurs,
  stages: z.record(z.string(), z.unknown()),
  stage_order: z.array(z.string()),
  parallel_groups: asOurs,
  work_to_review_mapping: z.record(z.string(), z.string()).nullish(),
})
const groupBase = { name: z.string().optional(), stages: z.array(z.string()) }
const stageName = z.string().nullish()
const groupSchemas = [
  z.strictObject({ ...groupBase, after: stageName, before: stageName }),
  z.strictObject({ ...groupBase, trigger: stageName, next_stage: stageName }),
] as const

/** A stage as it is written, its defaults filled in. */
export interface OrderedStage {
  readonly key: string
  readonly at: SourcePath
  readonly name: string
  readonly description: string
  readonly workAgent: string | undefined
  readonly reviewAgent: string | undefined
  readonly personas: readonly string[]
  readonly artifacts: readonly string[]
  readonly criteria: readonly string[]
  readonly isOptional: boolean
  readonly isReview: boolean
  readonly isAcceptance: boolean
  readonly isGated: boolean
  /** All who do the work, at once; none for a stage without one. */
  readonly workers: readonly string[]
  readonly template: string | undefined
  readonly withObjective: boolean
}

/** A group of stages that run at once, whichever way it is spelt. */
export interface OrderedGroup {
  readonly name: string
  readonly at: SourcePath
  readonly stages: readonly string[]
  readonly after?: { readonly stage: string; readonly key: string } | undefined
  readonly before?: { readonly stage: string; readonly key: string } | undefined
}

type Report = (finding: Finding) => unknown
const nothingLater = { laterIn: () => new Set<string>() }

/** Reports what is not of the form it must have; each part by itself, so that one mistake hides no other. */
export function checkStageOrderShape(data: JsonObject, report: Report): void {
  const context = { report: (finding: Finding) => void report(finding) }
  reportIssues(context, specSchema, data, [], nothingLater)
  for (const [key, stage] of entriesOf(data['stages'])) {
    reportIssues(context, stageSchema, stage, ['stages', key], nothingLater)
  }
  const { parallel_groups: groups } = data
  if (groups !== undefined && groups !== null && typeof groups !== 'object') {
    const message = '`parallel_groups`: expected groups by their names, or a list of them.'
    report({ code: 'WRONG_TYPE', message, at: ['parallel_groups'] })
  }
  for (const { value, at } of writtenGroups(groups)) {
    const isTriggered = isJsonObject(value) && (value['trigger'] !== undefined || value['next_stage'] !== undefined)
    reportIssues(context, groupSchemas[isTriggered ? 1 : 0], value, at, nothingLater)
  }
}

/** The stages by their keys; what is of a wrong form counts as absent. */
export function stagesOf(data: JsonObject): ReadonlyMap<string, OrderedStage> {
  return new Map(entriesOf(data['stages']).map(([key, value]) => [key, stageOf(key, isJsonObject(value) ? value : {})]))
}

function stageOf(key: string, value: JsonObject): OrderedStage {
  const workAgent = textOf(value['work_agent'])
  const together = textsOf(value['parallel_agents'])
  return {
    key,
    at: ['stages', key],
    name: textOf(value['name']) ?? key,
    description: textOf(value['description'])?.trim() ?? '',
    workAgent,
    reviewAgent: textOf(value['review_agent']),
    personas: textsOf(value['allowed_personas']),
    artifacts: textsOf(value['artifacts']),
    criteria: textsOf(value['exit_criteria']),
    isOptional: value['optional'] === true,
    isReview: value['is_review_stage'] === true,
    isAcceptance: value['is_acceptance_test_stage'] === true,
    isGated: value['requires_acceptance_tests_passed'] === true,
    workers: [...new Set([...(workAgent === undefined ? [] : [workAgent]), ...together])],
    template: textOf(value['prompt_template']),
    withObjective: value['include_objective'] !== false,
  }
}

export function groupsOf(data: JsonObject): OrderedGroup[] {
  return writtenGroups(data['parallel_groups']).flatMap(({ value, at, name }) => {
    if (!isJsonObject(value)) return []
    const side = (...keys: readonly string[]): OrderedGroup['after'] => {
      const key = keys.find((one) => typeof value[one] === 'string')
      return key === undefined ? undefined : { stage: String(value[key]), key }
    }
    const own = textOf(value['name'])
    const group = { name: own ?? name, at, stages: textsOf(value['stages']) }
    return [{ ...group, after: side('after', 'trigger'), before: side('before', 'next_stage') }]
  })
}

/** Groups by their names, a list of groups, or one group by itself. */
function writtenGroups(groups: unknown): { value: unknown; at: SourcePath; name: string }[] {
  const top = 'parallel_groups'
  if (Array.isArray(groups)) {
    return groups.map((value: unknown, index) => ({ value, at: [top, index], name: `group-${index + 1}` }))
  }
  if (!isJsonObject(groups)) return []
  if (Array.isArray(groups['stages'])) return [{ value: groups, at: [top], name: 'group-1' }]
  return Object.entries(groups).map(([name, value]) => ({ value, at: [top, name], name }))
}

function entriesOf(value: unknown): [string, unknown][] {
  return isJsonObject(value) ? Object.entries(value) : []
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}

/** The texts of a list. */
export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
}
