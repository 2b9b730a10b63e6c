import type { Json, JsonObject } from '../../json.ts'
import type { Origins } from './origins.ts'
import { isEndMark, reviewedStage, type StageOrder } from './stage-order-checks.ts'
import {
  acceptancePrompt,
  artifactsOf,
  type EarlierResult,
  fixPrompt,
  reviewPrompt,
  reworkPrompt,
  workPrompt,
} from './stage-order-prompts.ts'
import type { OrderedGroup, OrderedStage } from './stage-order-schema.ts'
import { allScenariosPassed, approvedByReview } from './stage-order-verdicts.ts'
import { uniqueIds } from './unique-ids.ts'

const rounds = 4

/** The stages in their order as blocks, groups where their first stage stands. */
export function orderedBlocks(spec: StageOrder, origins: Origins): JsonObject[] {
  const places = placesOf(spec)
  const made = new Set<OrderedGroup>()
  return [...new Set(spec.order)].flatMap((key) => {
    const stage = spec.stages.get(key)
    if (stage === undefined || isEndMark(stage, spec.order)) return []
    const group = spec.groups.find(({ stages }) => stages.includes(key))
    if (group === undefined) return [stageBlock(stage, { spec, places, origins })]
    if (made.has(group)) return []
    made.add(group)
    return [groupBlock(group, { spec, places, origins })]
  })
}

interface Place {
  readonly id: string
  readonly path: string
  /** The blocks that have ended before it, by the keys of their stages. */
  readonly before: readonly string[]
}
type Places = ReadonlyMap<string, Place> & { readonly groupId: (group: OrderedGroup) => string }
interface Context {
  readonly spec: StageOrder
  readonly places: Places
  readonly origins: Origins
}

function placesOf({ order, groups, stages }: StageOrder): Places {
  const idOf = uniqueIds('stage')
  const places = new Map<string, Place>()
  const groupIds = new Map<OrderedGroup, string>()
  const inside = new Map<OrderedGroup, (name: string) => string>()
  order.forEach((key) => {
    if (places.has(key) || !stages.has(key)) return
    const group = groups.find((one) => one.stages.includes(key))
    if (group === undefined) {
      const id = idOf(key)
      places.set(key, { id, path: id, before: order.slice(0, order.indexOf(key)) })
      return
    }
    const groupId = groupIds.get(group) ?? idOf(group.name)
    const idInside = inside.get(group) ?? uniqueIds('stage')
    groupIds.set(group, groupId)
    inside.set(group, idInside)
    const id = idInside(key)
    const first = Math.min(...group.stages.map((one) => order.indexOf(one)).filter((place) => place >= 0))
    places.set(key, { id, path: `${groupId}.${id}`, before: order.slice(0, first) })
  })
  return Object.assign(places, { groupId: (group: OrderedGroup) => groupIds.get(group) ?? group.name })
}

function groupBlock(group: OrderedGroup, context: Context): JsonObject {
  const branches = [...new Set(group.stages)].flatMap((key) => {
    const stage = context.spec.stages.get(key)
    return stage === undefined ? [] : [stageBlock(stage, context)]
  })
  const block = { id: context.places.groupId(group), parallel: branches, on_branch_failure: 'settle', reduce: 'concat' }
  return context.origins.made(block, group.at, { parallel: ['stages'] })
}

function stageBlock(stage: OrderedStage, context: Context): JsonObject {
  const { name, key, at, isOptional } = stage
  const id = context.places.get(key)?.id ?? key
  const on_failure = isOptional ? 'continue' : undefined
  const head = { id, title: name === key ? undefined : name, on_failure }
  const keys = { title: ['name'], on_failure: ['optional'] }
  if (stage.isReview) return context.origins.made({ ...head, ...reviewOf(stage, context) }, at, keys)
  if (stage.isAcceptance) return context.origins.made({ ...head, ...acceptanceOf(stage, context) }, at, keys)
  const reviewer = context.spec.reviews.has(key) ? undefined : stage.reviewAgent
  if (reviewer === undefined) {
    const prompt = workPrompt(stage, earlierResults(stage, context), false)
    return context.origins.made({ ...head, ...workOf(stage, prompt, context) }, at, { ...keys, agent: ['work_agent'] })
  }
  const prompt = workPrompt(stage, earlierResults(stage, context), true)
  const review = {
    work: context.origins.made({ id: 'work', ...workOf(stage, prompt, context) }, at, { agent: ['work_agent'] }),
    reviewer: agentStep({ id: 'reviewer', agent: reviewer, prompt: reviewPrompt(stage, name) }, stage, 'review_agent', context),
    approved: approvedByReview,
    max: rounds,
  }
  return context.origins.made({ ...head, review }, at, keys)
}

/** One agent, or all of them at once; then no single one of them answers for the files of the stage. */
function workOf(stage: OrderedStage, prompt: string, { origins }: Context): Partial<Record<string, Json>> {
  const { workers, at } = stage
  const [agent, second] = workers
  if (second === undefined) return { agent, prompt, ...filesOf(stage) }
  const idOf = uniqueIds('agent')
  const branches = workers.map((one) => origins.made({ id: idOf(one), agent: one, prompt }, at, { agent: ['parallel_agents'] }))
  return { parallel: branches, on_branch_failure: 'settle', reduce: 'concat' }
}

/** Rounds of work and review of what another stage made. */
function reviewOf(stage: OrderedStage, context: Context): Record<string, Json> {
  const reviewed = reviewedStage(stage, context.spec)
  const subject = reviewed?.name ?? stage.name
  const worker = stage.workAgent ?? reviewed?.workAgent
  const reviewer = stage.reviewAgent ?? reviewed?.reviewAgent
  const files = filesOf(stage)
  const isReady = reviewed !== undefined && context.places.get(stage.key)?.before.includes(reviewed.key) === true
  return {
    ...(isReady ? { input: `\${{ ${outputOf(reviewed, context)} }}` } : {}),
    review: {
      work: agentStep({ id: 'work', agent: worker, prompt: reworkPrompt(stage, subject) }, stage, 'work_agent', context),
      reviewer: agentStep({ id: 'reviewer', agent: reviewer, prompt: reviewPrompt(stage, subject), ...files }, stage, 'review_agent', context),
      approved: approvedByReview,
      max: rounds,
    },
  }
}

/** Runs the scenarios; what does not pass is fixed, and they run again. */
function acceptanceOf(stage: OrderedStage, context: Context): Record<string, Json> {
  const runner = stage.reviewAgent ?? stage.workAgent
  const scenarios = scenarioTexts(stage, context)
  const key = stage.reviewAgent === undefined ? 'work_agent' : 'review_agent'
  const fix = { id: 'fix', agent: stage.workAgent, prompt: fixPrompt(stage), when: 'loop.iteration > 1' }
  return {
    review: {
      work: agentStep(fix, stage, 'work_agent', context),
      reviewer: agentStep({ id: 'run', agent: runner, prompt: acceptancePrompt(stage, scenarios), ...filesOf(stage) }, stage, key, context),
      approved: allScenariosPassed(scenarios),
      max: rounds,
    },
  }
}

/** A step of a stage; `key` is the one that names its agent. */
function agentStep(
  step: { id: string; agent: string | undefined; prompt: string; when?: string; artifacts?: string[] },
  stage: OrderedStage,
  key: string,
  { origins }: Context,
): JsonObject {
  return origins.made(step, stage.at, { agent: [key] })
}

/** The files of a stage, as those of the step that is asked for them: what it answers becomes those it does not write. */
function filesOf({ artifacts }: OrderedStage): { artifacts?: string[] } {
  return artifacts.length === 0 ? {} : { artifacts: artifactsOf(artifacts) }
}

/** Where the scenarios stand: in the specification as it was approved, or in any earlier work where there is none. */
function scenarioTexts(stage: OrderedStage, context: Context): string[] {
  const earlier = earlierStages(stage, context)
  const specification = earlier.filter(
    ({ key, isReview }) => key === 'SPEC' || (isReview && context.spec.reviews.get('SPEC') === key),
  )
  const holders = specification.length > 0 ? specification.slice(-1) : earlier
  return holders.map((one) => outputOf(one, context))
}

function earlierResults(stage: OrderedStage, context: Context): EarlierResult[] {
  return earlierStages(stage, context).map((one) => {
    const reviewed = one.isReview ? reviewedStage(one, context.spec) : undefined
    return { name: (reviewed ?? one).name, output: outputOf(one, context) }
  })
}

/** The stages whose results a later one is told: of work that was reviewed, only what came out of the review. */
function earlierStages({ key }: OrderedStage, { spec, places }: Context): OrderedStage[] {
  const before = [...new Set(places.get(key)?.before)].flatMap((one) => spec.stages.get(one) ?? [])
  const reviewed = new Set(before.filter(({ isReview }) => isReview).map((one) => reviewedStage(one, spec)?.key))
  return before.filter((one) => !reviewed.has(one.key) || one.isAcceptance)
}

function outputOf({ key, isAcceptance }: OrderedStage, { places }: Context): string {
  const path = places.get(key)?.path ?? key
  return isAcceptance ? `stages.${path}.?run.?output.orValue("")` : `stages.${path}.output`
}
