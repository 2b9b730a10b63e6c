import { isJsonObject, type JsonObject } from '../../json.ts'
import { didYouMean } from '../nearest.ts'
import type { Finding } from '../report.ts'
import type { SourcePath } from '../source.ts'
import { type OrderedGroup, type OrderedStage, textsOf } from './stage-order-schema.ts'

/** A `stages.yaml`, read. */
export interface StageOrder {
  readonly data: JsonObject
  readonly stages: ReadonlyMap<string, OrderedStage>
  /** The keys of the stages in their order, known or not. */
  readonly order: readonly string[]
  readonly groups: readonly OrderedGroup[]
  /** The review stage of a work stage, by their keys. */
  readonly reviews: ReadonlyMap<string, string>
}

type Report = (finding: Finding) => unknown

/** The end of the order may be a mark that nothing happens at. */
export function isEndMark(stage: OrderedStage, order: readonly string[]): boolean {
  const hasWork = stage.workers.length > 0 || stage.reviewAgent !== undefined || stage.isReview || stage.isAcceptance
  return stage.key === 'COMPLETE' && order.at(-1) === stage.key && !hasWork
}

/** The work stage that a review stage is about: the one it is mapped to, else the nearest one before it. */
export function reviewedStage(review: OrderedStage, { stages, order, reviews }: StageOrder): OrderedStage | undefined {
  const mapped = [...reviews].find(([, key]) => key === review.key)?.[0]
  if (mapped !== undefined) return stages.get(mapped)
  const before = order.slice(0, Math.max(0, order.indexOf(review.key)))
  const key = before.findLast((one) => stages.get(one)?.isReview === false)
  return key === undefined ? undefined : stages.get(key)
}

/** Reports what cannot work, by name. */
export function checkStageOrder(spec: StageOrder, report: Report): void {
  checkOrder(spec, report)
  for (const stage of spec.stages.values()) checkStage(stage, spec, report)
  checkMapping(spec, report)
  checkGate(spec, report)
}

function checkOrder({ data, stages, order }: StageOrder, report: Report): void {
  if (Array.isArray(data['stage_order']) && order.length === 0) {
    const message = '`stage_order` is empty: name the stages in the order they run in.'
    report({ code: 'EMPTY_STAGE_ORDER', message, at: ['stage_order'] })
  }
  order.forEach((key, index) => {
    const at = ['stage_order', index]
    if (!stages.has(key)) report(unknownStage(key, at, stages))
    else if (order.indexOf(key) < index) {
      report({ code: 'REPEATED_STAGE', message: `\`${key}\` stands in the order already: a stage runs once. Remove it here.`, at })
    }
  })
  for (const { key, at } of stages.values()) {
    if (order.length === 0 || order.includes(key)) continue
    const message = `\`${key}\` never runs: it is not in \`stage_order\`. Add it there, or remove it here.`
    report({ code: 'STAGE_NOT_IN_ORDER', severity: 'warning', message, at, part: 'key' })
  }
}

export function unknownStage(key: string, at: SourcePath, stages: ReadonlyMap<string, OrderedStage>): Finding {
  const known = [...stages.keys()]
  const message = `There is no stage \`${key}\`: under \`stages\` there are ${known.join(', ')}.${didYouMean(key, known)}`
  return { code: 'UNKNOWN_STAGE', message, at }
}

function checkStage(stage: OrderedStage, spec: StageOrder, report: Report): void {
  const { key, at, isReview, isAcceptance, personas, workers } = stage
  if (!spec.order.includes(key) || isEndMark(stage, spec.order)) return
  if (isReview && isAcceptance) {
    const message = `\`${key}\` cannot be a review and an acceptance test at once: make two stages of it.`
    report({ code: 'STAGE_KIND', message, at: [...at, 'is_acceptance_test_stage'] })
  }
  const reviewed = isReview ? reviewedStage(stage, spec) : undefined
  if (isReview && reviewed === undefined) {
    const message = `\`${key}\` has nothing to review: no work stage is before it. Put one there, or name it under \`work_to_review_mapping\`.`
    report({ code: 'REVIEW_WITHOUT_WORK', message, at, part: 'key' })
  }
  if (workers.length === 0 && reviewed?.workAgent === undefined) {
    const message = `The stage \`${key}\` has no agent: name one as \`work_agent\`.`
    report({ code: 'STAGE_WITHOUT_AGENT', message, at, part: 'key' })
  }
  const reviewer = stage.reviewAgent ?? reviewed?.reviewAgent
  if (isReview && reviewed !== undefined && reviewer === undefined) {
    const message = `The review \`${key}\` has no reviewer: name one as \`review_agent\`.`
    report({ code: 'STAGE_WITHOUT_AGENT', message, at, part: 'key' })
  }
  if (personas.length === 0) return
  const agents = isReview ? [reviewer].filter((name) => name !== undefined) : workers
  for (const agent of agents) {
    if (personasOf(agent, spec.data).some((persona) => personas.includes(persona))) continue
    const allowed = `allowed are ${personas.join(', ')}. Name one of them, or add \`${agent}\` to the list`
    const message = `The agent \`${agent}\` may not do \`${key}\`: ${allowed}.`
    report({ code: 'PERSONA_NOT_ALLOWED', message, at: [...at, 'allowed_personas'] })
  }
}

/** What an agent counts as: its name, also without a number at its end (`builder-2`), and its `persona`. */
function personasOf(name: string, { agents }: JsonObject): string[] {
  const agent = isJsonObject(agents) ? agents[name] : undefined
  const persona = isJsonObject(agent) ? agent['persona'] : undefined
  return [name, name.replace(/-\d+$/, ''), ...(typeof persona === 'string' ? [persona] : textsOf(persona))]
}

function checkMapping({ data, stages, order }: StageOrder, report: Report): void {
  const { work_to_review_mapping: mapping } = data
  for (const [work, review] of isJsonObject(mapping) ? Object.entries(mapping) : []) {
    const at = ['work_to_review_mapping', work]
    if (!stages.has(work)) report({ ...unknownStage(work, at, stages), part: 'key' })
    if (typeof review !== 'string') continue
    const stage = stages.get(review)
    if (stage === undefined) report(unknownStage(review, at, stages))
    else if (!stage.isReview) {
      const message = `\`${review}\` is no review: write \`is_review_stage: true\` in it, or map \`${work}\` to another.`
      report({ code: 'NOT_A_REVIEW', message, at })
    } else if (order.includes(review) && order.indexOf(review) < order.indexOf(work)) {
      report({ code: 'REVIEW_BEFORE_WORK', message: `\`${review}\` comes before \`${work}\` in \`stage_order\`: move it behind.`, at })
    }
  }
}

/** Tests that did not pass end the run, so what follows them is gated; unless they may fail, or there are none. */
function checkGate({ stages, order }: StageOrder, report: Report): void {
  for (const stage of stages.values()) {
    if (!stage.isGated || !order.includes(stage.key)) continue
    const at = [...stage.at, 'requires_acceptance_tests_passed']
    const before = order.slice(0, order.indexOf(stage.key))
    const tests = before.map((key) => stages.get(key)).filter((one) => one?.isAcceptance === true)
    if (tests.length === 0) {
      const known = 'no stage before it has `is_acceptance_test_stage: true`: put one there, or remove this'
      const message = `\`${stage.key}\` needs acceptance tests that passed, and ${known}.`
      report({ code: 'GATE_WITHOUT_TESTS', message, at })
    }
    for (const test of tests) {
      if (test?.isOptional !== true) continue
      const message = `\`${stage.key}\` needs the acceptance tests of \`${test.key}\` to pass, so they cannot be optional: remove this.`
      report({ code: 'GATE_ON_OPTIONAL', message, at: [...test.at, 'optional'] })
    }
  }
}
