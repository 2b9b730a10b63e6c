import { isJsonObject, type Json, type JsonObject } from '../../json.ts'
import type { Finding } from '../report.ts'
import type { SourcePath } from '../source.ts'
import { hookReader, hookStep } from './hooks.ts'
import { createOrigins } from './origins.ts'
import { givenValue } from './given-value.ts'
import type { Translation, TranslationOptions } from './translation.ts'
import { uniqueIds } from './unique-ids.ts'
import { checkWorkflow } from './workflow-schema.ts'
import {
  branchesOf,
  guardOf,
  missingHook,
  priorSteps,
  type PriorStep,
  sequentialSteps,
  type StepContext,
} from './workflow-steps.ts'

/**
 * Workflows of steps that name agents: `key`, and `stages: [{ name, mode, steps, reducer }]` or flat `steps`, which are
 * one sequential stage named `stage-1`. A guard is the `when` of a step, a mapper its `input`, a reducer the `reduce` of
 * a group; those that are functions are steps of their own, called with what they expect.
 */
export function readWorkflow(data: JsonObject, options: TranslationOptions): Translation {
  const findings: Finding[] = []
  const report = (finding: Finding): number => findings.push(finding)
  const origins = createOrigins()
  checkWorkflow(data, report)
  const context: StepContext = { origins, report, hook: hookReader(options, data['functions']) }
  const { key, display_name: title, output_schema: output, description, version, input, agents, limits, env, parallel } = data
  const isStaged = data['stages'] !== undefined
  const top = { forkchart: 1, name: key, title, description, version, input, output, agents, limits, env, parallel }
  const keys = { name: ['key'], title: ['display_name'], output: ['output_schema'] }
  const stages = isStaged ? stagesOf(data['stages'], context) : flatStage(data['steps'], context)
  const translated = origins.made({ ...top, stages }, [], keys)
  return { dialect: isStaged ? 'stages' : 'steps', data: translated, original: origins.original(translated), findings }
}

function flatStage(steps: Json | undefined, context: StepContext): JsonObject[] {
  const blocks = sequentialSteps(steps, ['steps'], { path: 'stage-1', stage: 'stage-1', prior: [] }, context)
  return [context.origins.made({ id: 'stage-1', sequence: blocks }, ['steps'])]
}

function stagesOf(stages: Json | undefined, context: StepContext): JsonObject[] {
  const idOf = uniqueIds('stage')
  let prior: readonly PriorStep[] = []
  return (Array.isArray(stages) ? stages : []).map((stage: Json, index) => {
    if (!isJsonObject(stage)) return {}
    const name = typeof stage['name'] === 'string' ? stage['name'] : `stage-${index + 1}`
    const stageOf = stage['mode'] === 'parallel' ? parallelStage : sequentialStage
    const made = stageOf({ stage, name, id: idOf(name), at: ['stages', index], prior }, context)
    prior = made.prior
    return made.block
  })
}

interface StagePlace {
  readonly stage: JsonObject
  readonly name: string
  readonly id: string
  readonly at: SourcePath
  readonly prior: readonly PriorStep[]
}
interface MadeStage {
  readonly block: JsonObject
  /** The steps there have been when the stage is over. */
  readonly prior: readonly PriorStep[]
}

function sequentialStage({ stage, name, id, at, prior }: StagePlace, { origins, ...context }: StepContext): MadeStage {
  const done = [...prior]
  const place = { path: id, stage: name, prior: done }
  const sequence = sequentialSteps(stage['steps'], [...at, 'steps'], place, { origins, ...context })
  const block = { id, title: titleOf(name, id), on_failure: stage['on_failure'], sequence }
  return { block: origins.made(block, at, { id: ['name'], title: ['name'], sequence: ['steps'] }), prior: done }
}

const reducers: readonly unknown[] = ['list', 'merge', 'vote', 'concat', 'first', 'dedupe']

/**
 * All steps at once. Guards that are functions run before the fan-out, so that all of them see the same input; a reducer
 * that is no name of ours runs after it, unless every branch was skipped.
 */
function parallelStage({ stage, name, id, at, prior }: StagePlace, context: StepContext): MadeStage {
  const { reducer, on_branch_failure: rule = 'fail_fast', concurrency, join, on_failure } = stage
  const { origins } = context
  const steps = Array.isArray(stage['steps']) ? stage['steps'] : []
  const idOf = uniqueIds('step', ['reduce'])
  const ids = steps.map((step: Json) => idOf(isJsonObject(step) ? String(step['name'] ?? step['agent_key'] ?? 'step') : 'step'))
  const hasGuards = steps.some(
    (step: Json) => isJsonObject(step) && context.hook(step['guard'], step['guard_type']).kind === 'function',
  )
  const isNamed = reducer === undefined || reducers.includes(reducer)
  const isWrapped = hasGuards || !isNamed
  const path = isWrapped ? `${id}.branches` : id
  const guards = steps.flatMap((step: Json, index) => {
    if (!isJsonObject(step)) return []
    const guard = guardOf(step, [...at, 'steps', index], { path: id, id: ids[index] ?? '', prior }, context)
    return guard.block === undefined ? [] : [guard.block]
  })
  const branches = branchesOf(steps, [...at, 'steps'], { path, guardPath: id, ids, stage: name, prior }, context)
  const own = { on_branch_failure: rule, concurrency, join }
  const done = [...prior, ...branches.flatMap((branch) => branch.done)]
  const blocks = branches.map((branch) => branch.block)
  const title = titleOf(name, id)
  if (!isWrapped) {
    const block = { id, title, parallel: blocks, ...own, on_failure, reduce: reducer }
    const keys = { id: ['name'], title: ['name'], parallel: ['steps'], reduce: ['reducer'] }
    return { block: origins.made(block, at, keys), prior: done }
  }
  const fan = { id: 'branches', parallel: blocks, ...own, reduce: isNamed ? reducer : 'list' }
  const sequence = [
    ...guards,
    origins.made(fan, at, { parallel: ['steps'], reduce: ['reducer'] }),
    ...(isNamed ? [] : [reduceStep(stage, id, at, prior, context)]),
  ]
  const keys = { id: ['name'], title: ['name'] }
  return { block: origins.made({ id, title, on_failure, sequence }, at, keys), prior: done }
}

/** What the reducer makes of the list of outputs; not asked when every branch was skipped. */
function reduceStep(
  stage: JsonObject, id: string, at: SourcePath, prior: readonly PriorStep[], context: StepContext,
): JsonObject {
  const { reducer, reducer_type: type } = stage
  const reduce = context.hook(reducer, type)
  const base = { id: 'reduce', when: `stages.${id}.branches.status == "completed"` }
  const keys = { call: ['reducer'], input: ['reducer'] }
  if (reduce.kind === 'function') {
    const input = { outputs: '${{ prev }}', prior_steps: priorSteps(prior) }
    return context.origins.made({ ...base, call: hookStep(reduce, 'outputs'), input }, at, keys)
  }
  if (reduce.kind === 'missing') context.report(missingHook('reducer', reduce.name, at))
  const code = reduce.kind === 'expression' ? reduce.code : 'prev'
  const input = code.includes('${{') ? code : `\${{ ${code} }}`
  return context.origins.made(givenValue({ ...base, input }), at, keys)
}

function titleOf(name: string, id: string): string | undefined {
  return name === id ? undefined : name
}
