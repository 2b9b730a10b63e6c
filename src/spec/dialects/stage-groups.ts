import { isJsonObject, type Json, type JsonObject } from '../../json.ts'
import type { Finding } from '../report.ts'
import { createOrigins, type Origins } from './origins.ts'
import { type Delivery, graphId, stageBlock } from './stage-groups-blocks.ts'
import { checkRings } from './stage-groups-rings.ts'
import { checkStageGroups, groupKeys, groupsOf, type StageGroup } from './stage-groups-schema.ts'
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
  checkRings(groups, (finding) => findings.push(finding))
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

function agentsOf(groups: readonly StageGroup[], origins: Origins): Json {
  const stages = groups.flatMap((group) => group.stages)
  return Object.fromEntries(stages.map(({ agent, at }) => [agent, origins.made({ uses: 'openai' }, [...at, 'agent'])]))
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
      const isAlone = earlier.length === 0 && needs.every((key) => groupOf(key, groups) !== undefined)
      if (flag !== undefined && isAlone) {
        const hint = 'let its group depend on one, with `dependsOn`'
        const message = `No stage comes before this one that could raise \`${flag}\`, so it would never run: ${hint}.`
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
