import { isJsonObject, type Json, type JsonObject } from '../../json.ts'
import type { Finding } from '../report.ts'
import { acceptedSchema, deliverableSchema, failedDeliverable, flagRaised } from './deliverable.ts'
import { givenValue } from './given-value.ts'
import { createOrigins, type Origins } from './origins.ts'
import { checkStageGroups, groupKeys, groupsOf, type GroupStage, type StageGroup } from './stage-groups-schema.ts'
import type { Translation, TranslationOptions } from './translation.ts'
import { uniqueIds } from './unique-ids.ts'
import { nameOfFile } from './workflow-name.ts'

/**
 * Groups of stages that depend on each other: a graph of groups, the stages of each at once or one after another. Every
 * stage ends with a deliverable: one that is rejected, or whose tests fail, stops the delivery; the flags it raises
 * decide which conditional stages run. A stage with `verify` gets the errors back when that fails.
 */
export function readStageGroups(data: JsonObject, { file }: TranslationOptions): Translation {
  const findings: Finding[] = []
  const origins = createOrigins()
  const groups = groupsOf(data)
  checkStageGroups(data, groups, (finding) => findings.push(finding))
  const { name = nameOfFile(file, 'delivery'), title, description, version, input, env, parallel } = data
  const { agents = agentsOf(groups, origins), limits: written, maxParallelStages } = data
  const listKey = groupKeys.find((key) => data[key] !== undefined) ?? 'groups'
  const others = isJsonObject(written) ? written : {}
  const limits = maxParallelStages === undefined ? written : { ...others, concurrency: maxParallelStages }
  const graph = origins.made({ id: graphId, graph: nodesOf(groups, origins, findings) }, [listKey])
  const top = { forkchart: 1, name, title, description, version, input, agents, limits, env, parallel, stages: [graph] }
  const translated = origins.made(top, [], { stages: [listKey] })
  return { dialect: 'stage-groups', data: translated, original: origins.original(translated), findings }
}

const graphId = 'groups'

function agentsOf(groups: readonly StageGroup[], origins: Origins): Json {
  const stages = groups.flatMap((group) => group.stages)
  return Object.fromEntries(stages.map(({ agent, at }) => [agent, origins.made({ uses: 'openai' }, [...at, 'agent'])]))
}

/** A stage and where its deliverable is. */
interface Delivery {
  readonly stage: GroupStage
  readonly group: string
  readonly id: string
}

function nodesOf(groups: readonly StageGroup[], origins: Origins, findings: Finding[]): JsonObject[] {
  const groupId = uniqueIds('group')
  const ids = new Map(groups.map((group) => [group, groupId(group.name)]))
  const deliveries = new Map(groups.map((group) => [group, deliveriesOf(group, ids.get(group) ?? group.name)]))
  const flags = [...new Set(groups.flatMap(({ stages }) => stages.flatMap(({ flag }) => flag ?? [])))]
  // A group that is not there is told of where it is named; needing it would only be told once more.
  const needIds = (key: string): readonly string[] => {
    const needed = groupOf(key, groups)
    return needed === undefined ? [] : [ids.get(needed) ?? needed.name]
  }
  return groups.map((group) => {
    const { name, at, needs, isParallel } = group
    const id = ids.get(group) ?? name
    const own = deliveries.get(group) ?? []
    const before = neededBy(group, groups).flatMap((one) => deliveries.get(one) ?? [])
    const blocks = own.map((delivery, index) => {
      const earlier = isParallel ? before : [...before, ...own.slice(0, index)]
      const { flag, at: place } = delivery.stage
      if (flag !== undefined && earlier.length === 0) {
        const message = `No stage comes before this one that could raise \`${flag}\`: it would never run.`
        findings.push({ code: 'CONDITION_NEVER', message, at: [...place, 'conditional'] })
      }
      return stageBlock(delivery, earlier, flags, origins)
    })
    const inside = isParallel ? { parallel: blocks, on_branch_failure: 'settle' } : { sequence: blocks }
    const block = {
      id,
      title: name === id ? undefined : name,
      needs: needs.length === 0 ? undefined : needs.flatMap(needIds),
      ...inside,
    }
    const keys = { needs: ['dependsOn'], title: ['name'], parallel: ['stages'], sequence: ['stages'] }
    return origins.made(block, at, { ...keys, id: [group.name === group.key ? 'id' : 'name'] })
  })
}

function deliveriesOf({ stages }: StageGroup, group: string): Delivery[] {
  const idOf = uniqueIds('stage')
  return stages.map((stage) => ({ stage, group, id: idOf(stage.name) }))
}

/** The groups that a group needs, and those that they need, in the order of the file. */
function neededBy(group: StageGroup, groups: readonly StageGroup[]): StageGroup[] {
  const found = new Set<StageGroup>()
  const open = [...group.needs]
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    const needed = groupOf(key, groups)
    if (needed === undefined || found.has(needed)) continue
    found.add(needed)
    open.push(...needed.needs)
  }
  return groups.filter((one) => one !== group && found.has(one))
}

function groupOf(key: string, groups: readonly StageGroup[]): StageGroup | undefined {
  return groups.find((group) => group.key === key)
}

/**
 * The deliverable is checked in the block around the agent, so that an agent may answer that it rejects. A failure that
 * is forgiven leaves a deliverable that says so; a verdict is never forgiven.
 */
function stageBlock(
  delivery: Delivery, earlier: readonly Delivery[], flags: readonly string[], origins: Origins,
): JsonObject {
  const { stage, id } = delivery
  const { name, at, agent, timeout, retries, isForgiven, needsVerdict, flag, verify } = stage
  const work = origins.made(
    {
      id: 'work',
      agent,
      prompt: promptOf(stage, earlier),
      output: deliverableSchema(flags, needsVerdict),
      timeout: timeout === undefined ? undefined : `${timeout}m`,
      retry: { attempts: retries + 1 },
      on_failure: isForgiven ? 'continue' : undefined,
    },
    at,
    { on_failure: ['onFailure'], retry: ['retries'] },
  )
  const accepted = {
    input: isForgiven ? failedDeliverable : undefined,
    sequence: [work],
    output: acceptedSchema(isForgiven),
  }
  const head = {
    id,
    title: name === id ? undefined : name,
    when: flag === undefined || earlier.length === 0 ? undefined : flagRaised(flag, earlier.map(deliverable)),
  }
  const keys = { id: ['name'], title: ['name'], when: ['conditional'] }
  if (verify === undefined) return origins.made({ ...head, ...accepted }, at, keys)
  const deliver = origins.made({ id: 'deliver', ...accepted }, at)
  const back = { goto: 'deliver', max: Math.max(1, retries) }
  const check = isJsonObject(verify) ? { block: verify, keys: {} } : { block: { run: verify }, keys: { run: [] } }
  const verification = origins.made({ id: 'verify', on_failure: back, ...check.block }, [...at, 'verify'], check.keys)
  const output = `\${{ ${pathOf(delivery)}.deliver.output }}`
  const result = origins.made(givenValue({ id: 'deliverable', input: output }), at)
  return origins.made({ ...head, sequence: [deliver, verification, result] }, at, keys)
}

function pathOf({ group, id }: Delivery): string {
  return `stages.${graphId}.${group}.${id}`
}

/** A CEL expression of a deliverable; null when the stage was skipped or failed. */
function deliverable(delivery: Delivery): string {
  const inside = delivery.stage.verify === undefined ? 'work' : 'deliver.?work'
  return `${pathOf(delivery)}.?${inside}.?output.orValue(null)`
}

function promptOf({ name, prompt, verify }: GroupStage, earlier: readonly Delivery[]): string {
  const parts = [
    `# ${name}`,
    prompt ?? '',
    '## What is asked for\n\n${{ input }}',
    ...(earlier.length === 0 ? [] : ['## What was delivered before']),
    ...earlier.map((delivery) => `### ${delivery.stage.name}\n\n\${{ ${deliverable(delivery)} }}`),
    verify === undefined ? '' : '${{ feedback == "" ? "" : "## Sent back, because of this\\n\\n" + feedback }}',
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}
