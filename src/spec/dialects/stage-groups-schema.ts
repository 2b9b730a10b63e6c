import { z } from 'zod'
import { isJsonObject, type Json, type JsonObject } from '../../json.ts'
import { didYouMean } from '../nearest.ts'
import type { Finding } from '../report.ts'
import type { SourcePath } from '../source.ts'
import { reportIssues } from '../zod-issues.ts'
import { asOurs, ownTopKeys } from './own-keys.ts'

/** The form of workflows of stage groups, and their parts with their defaults. */

const key = z.union([z.string().min(1), z.int()], 'expected a text or a whole number')
const groupSchema = z.strictObject({
  id: key,
  name: z.string().optional(),
  stages: z.array(z.unknown()).min(1),
  dependsOn: z.array(key).optional(),
  parallel: z.boolean().optional(),
  conditional: z.boolean().optional(),
})
const onSuccess = ['next', 'complete', 'decision'] as const
const onFailure = ['retry', 'block', 'notify', 'decision'] as const
const stageSchema = z.strictObject({
  name: z.string().min(1),
  agent: z.string().min(1),
  prompt: z.string().optional(),
  timeout: z.number().gt(0).optional(),
  retries: z.int().min(0).optional(),
  onSuccess: z.enum(onSuccess).optional(),
  onFailure: z.enum(onFailure).optional(),
  conditional: z.string().regex(/^needs_\w+$/, 'expected the name of a flag, needs_…').optional(),
  verify: z.union([z.string().min(1), z.looseObject({})], 'expected a command or a block').optional(),
})
const specSchema = z.strictObject({
  ...ownTopKeys,
  name: asOurs,
  title: asOurs,
  groups: asOurs,
  stageGroups: asOurs,
  stages: asOurs,
  maxParallelStages: z.int().min(1).optional(),
})
const laterKeys = new Set(['affinity', 'affinityRules', 'priority', 'circuitBreaker'])

/** Where the groups may stand; `stages` when its items are groups. */
export const groupKeys = ['groups', 'stageGroups', 'stages'] as const

export interface GroupStage {
  readonly name: string
  readonly at: SourcePath
  readonly agent: string
  readonly prompt: string | undefined
  /** In minutes. */
  readonly timeout: number | undefined
  readonly retries: number
  readonly needsVerdict: boolean
  readonly isLast: boolean
  /** Whether the delivery goes on when the stage fails. */
  readonly isForgiven: boolean
  /** The flag without which it does not run. */
  readonly flag: string | undefined
  readonly verify: Json | undefined
}
export interface StageGroup {
  /** As it is written. */
  readonly key: string
  readonly at: SourcePath
  readonly name: string
  readonly stages: readonly GroupStage[]
  readonly needs: readonly string[]
  readonly isParallel: boolean
}

/** The groups as they are written, and where; undefined when there is no list of them. */
export function groupsOf(data: JsonObject): StageGroup[] {
  const listKey = groupKeys.find((one) => data[one] !== undefined) ?? 'groups'
  const list = data[listKey]
  return (Array.isArray(list) ? list : []).flatMap((value: Json, index) => {
    if (!isJsonObject(value)) return []
    const { id, name, stages, dependsOn, parallel } = value
    const at = [listKey, index]
    const written = Array.isArray(stages) ? stages : []
    return [{
      key: String(id),
      at,
      name: typeof name === 'string' ? name : typeof id === 'string' ? id : `group-${id ?? index + 1}`,
      stages: written.flatMap((stage: Json, place) => (isJsonObject(stage) ? [stageOf(stage, [...at, 'stages', place])] : [])),
      needs: Array.isArray(dependsOn) ? dependsOn.map(String) : [],
      isParallel: parallel === true,
    }]
  })
}

function stageOf(value: JsonObject, at: SourcePath): GroupStage {
  const { name, agent, prompt, timeout, retries, conditional, verify } = value
  return {
    name: String(name ?? agent ?? 'stage'),
    at,
    agent: String(agent ?? ''),
    prompt: typeof prompt === 'string' ? prompt : undefined,
    timeout: typeof timeout === 'number' ? timeout : undefined,
    retries: typeof retries === 'number' ? retries : 0,
    needsVerdict: value['onSuccess'] === 'decision' || value['onFailure'] === 'decision',
    isLast: value['onSuccess'] === 'complete',
    isForgiven: value['onFailure'] === 'notify',
    flag: typeof conditional === 'string' ? conditional : undefined,
    verify,
  }
}

type Report = (finding: Finding) => void

/** Reports what is wrong with the groups in their own terms; each part by itself, so that one mistake hides no other. */
export function checkStageGroups(data: JsonObject, groups: readonly StageGroup[], report: Report): void {
  const nothingLater = { laterIn: () => new Set<string>() }
  const { groups: own, stageGroups, stages, ...rest } = data
  reportIssues({ report }, specSchema, { ...rest }, [], { laterIn: () => laterKeys })
  const [listKey = 'groups', second] = groupKeys.filter((one) => data[one] !== undefined)
  const list = data[listKey]
  if (second !== undefined) {
    report({ code: 'GROUPS_TWICE', message: `Write \`${listKey}\` or \`${second}\`, not both.`, at: [second], part: 'key' })
  }
  if (!Array.isArray(list) || list.length === 0) {
    const code = Array.isArray(list) ? 'EMPTY_GROUP' : 'WRONG_TYPE'
    report({ code, message: `\`${listKey}\`: expected a list of groups that is not empty.`, at: [listKey] })
    return
  }
  list.forEach((group: Json, index) => {
    const at = [listKey, index]
    reportIssues({ report }, groupSchema, group, at, nothingLater)
    const written = isJsonObject(group) ? group['stages'] : undefined
    if (!Array.isArray(written)) return
    written.forEach((stage: Json, place) => {
      reportIssues({ report }, stageSchema, stage, [...at, 'stages', place], nothingLater)
      if (isJsonObject(stage) && isJsonObject(group)) checkCondition(stage, group, [...at, 'stages', place], report)
    })
  })
  groups.forEach((group, index) => checkGroup(group, groups, index, report))
}

function checkCondition(stage: JsonObject, group: JsonObject, at: SourcePath, report: Report): void {
  const { conditional, retries, onFailure: reaction } = stage
  if (group['conditional'] === true && conditional === undefined) {
    const message = 'A stage of a conditional group says which flag it needs: `conditional: needs_…`.'
    report({ code: 'CONDITION_MISSING', message, at })
  }
  if (group['conditional'] === false && conditional !== undefined) {
    const message = 'The group says `conditional: false`, so no stage of it can depend on a flag: remove one of the two.'
    report({ code: 'CONDITION_AGAINST_GROUP', message, at: [...at, 'conditional'] })
  }
  if (reaction === 'retry' && (retries === undefined || retries === 0)) {
    const message = '`onFailure: retry` needs `retries: 1` or more; to stop at the first failure write `onFailure: block`.'
    report({ code: 'RETRY_WITHOUT_RETRIES', message, at: [...at, 'onFailure'] })
  }
}

function checkGroup(group: StageGroup, groups: readonly StageGroup[], index: number, report: Report): void {
  const { key: id, at, needs, stages, isParallel } = group
  const keys = groups.map((one) => one.key)
  if (keys.indexOf(id) < index) {
    report({ code: 'DUPLICATE_ID', message: `The id \`${id}\` is taken by an earlier group: give this one another.`, at: [...at, 'id'] })
  }
  needs.forEach((need, place) => {
    if (keys.includes(need)) return
    const message = `There is no group \`${need}\`: there are ${keys.join(', ')}.${didYouMean(need, keys)}`
    report({ code: 'UNKNOWN_GROUP', message, at: [...at, 'dependsOn', place] })
  })
  const follower = groups.find((one) => one.needs.includes(id))
  stages.forEach((stage, place) => {
    if (stage.isLast && (follower !== undefined || (!isParallel && place < stages.length - 1))) {
      const next = follower === undefined ? 'a stage of its own group' : `the group \`${follower.name}\``
      const message = `\`onSuccess: complete\` ends the delivery, but ${next} comes after it: write \`onSuccess: next\`.`
      report({ code: 'COMPLETE_NOT_LAST', message, at: [...stage.at, 'onSuccess'] })
    }
  })
}
