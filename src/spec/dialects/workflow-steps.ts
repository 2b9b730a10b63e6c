import { isJsonObject, type Json, type JsonObject } from '../../json.ts'
import type { Finding } from '../report.ts'
import type { SourcePath } from '../source.ts'
import { guardStep, type Hook, hookStep } from './hooks.ts'
import type { Origins } from './origins.ts'
import { uniqueIds } from './unique-ids.ts'

/** Steps of foreign workflows as blocks: an agent step each, with steps in front of it where its hooks are functions. */

export interface StepContext {
  readonly origins: Origins
  readonly report: (finding: Finding) => unknown
  readonly hook: (value: unknown, type: unknown) => Hook
}

/** A step that ran before, as the hooks of later ones are told of it. */
export interface PriorStep {
  readonly name: string
  readonly agent: string
  readonly stage: string
  readonly group: string | null
  readonly branch: number | null
  /** Path of its block. */
  readonly path: string
}

interface ListPlace {
  readonly path: string
  readonly stage: string
  /** Grows with the steps of the list. */
  readonly prior: PriorStep[]
  readonly group?: string | undefined
  readonly branch?: number | undefined
}

/** Steps one after another. */
export function sequentialSteps(steps: Json | undefined, at: SourcePath, place: ListPlace, context: StepContext): JsonObject[] {
  const idOf = uniqueIds('step')
  return (Array.isArray(steps) ? steps : []).flatMap((step: Json, index) => {
    if (!isJsonObject(step)) return [{}]
    const id = idOf(nameOf(step))
    const here = [...at, index]
    const guard = guardOf(step, here, { path: place.path, id, prior: place.prior }, context)
    const before = [...place.prior]
    const block = stepBlock(step, here, { ...place, id, when: guard.when, before, done: place.prior }, context)
    return guard.block === undefined ? [block] : [guard.block, block]
  })
}

interface BranchesPlace {
  /** Path of the group, and of where the steps stand that are the guards of its branches. */
  readonly path: string
  readonly guardPath: string
  readonly ids: readonly string[]
  readonly stage: string
  readonly prior: readonly PriorStep[]
}

/** Steps at once; none is told of the others. `done` are the steps of a branch. */
export function branchesOf(
  steps: readonly Json[],
  at: SourcePath,
  { path, guardPath, ids, stage, prior }: BranchesPlace,
  context: StepContext,
): { block: JsonObject; done: PriorStep[] }[] {
  return steps.map((step, index) => {
    const done: PriorStep[] = []
    if (!isJsonObject(step)) return { block: {}, done }
    const id = ids[index] ?? ''
    const here = [...at, index]
    const { when } = guardOf(step, here, { path: guardPath, id, prior }, { ...context, report: () => 0 })
    const place = { path, id, stage, when, before: prior, done, group: stage, branch: index }
    return { block: stepBlock(step, here, place, context), done }
  })
}

/** The condition of a step, and the step that finds it out when it is a function. */
export function guardOf(
  step: JsonObject,
  at: SourcePath,
  { path, id, prior }: { path: string; id: string; prior: readonly PriorStep[] },
  context: StepContext,
): { when?: string; block?: JsonObject } {
  if (step['guard'] === undefined) return {}
  const guard = context.hook(step['guard'], step['guard_type'])
  if (guard.kind === 'expression') return { when: guard.code }
  if (guard.kind === 'missing') {
    context.report(missingHook('guard', guard.name, at))
    return {}
  }
  const own = `${id}-guard`
  const input = { current_input: '${{ prev }}', prior_steps: priorSteps(prior) }
  const block = { id: own, title: `Guard of ${nameOf(step)}`, call: guardStep(guard), input }
  return {
    when: `stages.${path}.${own}.status == "completed"`,
    block: context.origins.made(block, at, { call: ['guard'], input: ['guard'] }),
  }
}

interface StepPlace extends Omit<ListPlace, 'prior'> {
  readonly id: string
  readonly when: string | undefined
  /** The steps before this one, and the list that it joins. */
  readonly before: readonly PriorStep[]
  readonly done: PriorStep[]
}

function stepBlock(step: JsonObject, at: SourcePath, place: StepPlace, context: StepContext): JsonObject {
  const { id, when } = place
  const { on_failure, retry, timeout } = step
  const name = nameOf(step)
  const head = { id, title: name === id ? undefined : name, when, on_failure }
  const path = `${place.path}.${id}`
  const names = { id: ['name'], title: ['name'], when: ['guard'] }
  if (step['steps'] !== undefined) {
    const prior = [...place.before]
    const sequence = sequentialSteps(step['steps'], [...at, 'steps'], { ...place, path, prior }, context)
    place.done.push(...prior.slice(place.before.length))
    return context.origins.made({ ...head, timeout, retry, sequence }, at, { ...names, sequence: ['steps'] })
  }
  const { agent_key: agent, input_mapper: mapper, max_turns, output_schema: output } = step
  const { stage, group = null, branch = null } = place
  place.done.push({ name, agent: String(agent), stage, group, branch, path })
  const work = { agent, max_turns, output, retry, timeout }
  const keys = { ...names, agent: ['agent_key'], output: ['output_schema'], input: ['input_mapper'] }
  const map = mapper === undefined ? undefined : context.hook(mapper, step['input_mapper_type'])
  if (map?.kind === 'missing') context.report(missingHook('input_mapper', map.name, at))
  if (map?.kind !== 'function') {
    const input = map?.kind === 'expression' ? templateOf(map.code) : undefined
    return context.origins.made({ ...head, ...work, input }, at, keys)
  }
  const input = { current_input: '${{ prev }}', prior_steps: priorSteps(place.before) }
  const sequence = [
    context.origins.made({ id: 'input', title: `Input of ${name}`, call: hookStep(map, 'current_input'), input }, at, {
      call: ['input_mapper'],
    }),
    context.origins.made({ id: 'agent', ...work }, at, keys),
  ]
  return context.origins.made({ ...head, sequence }, at, names)
}

/** Templates of what hooks are told of the steps before; what did not complete is left out when they are called. */
export function priorSteps(prior: readonly PriorStep[]): Json {
  return prior.map(({ name, agent, stage, group, branch, path }) => {
    const entry = `stages.${path.split('.').join('.?')}`
    return {
      name,
      agent_key: agent,
      stage_name: stage,
      parallel_group: group,
      branch_index: branch,
      status: `\${{ ${entry}.?status.orValue("") }}`,
      output: `\${{ ${entry}.?output.orValue(null) }}`,
    }
  })
}

function nameOf({ name, agent_key: agent }: JsonObject): string {
  return String(name ?? agent ?? 'step')
}

function templateOf(code: string): string {
  return code.includes('${{') ? code : `\${{ ${code} }}`
}

/** Finding of a hook, the key `what` of the object at `at`, that names a function which is not there. */
export function missingHook(what: string, name: string, at: SourcePath): Finding {
  const hint = 'write `./module.ts#export`, or give it a place under `functions`'
  const message = `\`${name}\` as \`${what}\` is no function that is here: ${hint}.`
  return { code: 'HOOK_NOT_FOUND', message, at: [...at, what] }
}
