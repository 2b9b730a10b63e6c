import { isJsonObject, type JsonObject } from '../../json.ts'
import { isInner, type OutlineBlock, outlineBlocks } from '../outline.ts'
import type { CheckContext } from '../report.ts'
import { agentsOf } from './agents.ts'
import { needsBefore } from './needs.ts'

/** Two steps cannot go on with one conversation at the same time: what would be said after what? */
export function checkSessions(context: CheckContext): void {
  const { data } = context
  const agents = isJsonObject(data['agents']) ? data['agents'] : {}
  if (data['parallel'] === 'off' || data['parallel'] === false) return
  for (const block of outlineBlocks(context.stages)) {
    if (block.value['concurrency'] === 1) continue
    if (block.kind === 'parallel' || block.kind === 'graph') checkBranches(context, block, agents)
    if (block.kind === 'map' && !goesOneByOne(block)) checkItems(context, block, agents)
  }
}

function goesOneByOne({ value }: OutlineBlock): boolean {
  return isJsonObject(value['map']) && value['map']['concurrency'] === 1
}

function checkBranches({ report }: CheckContext, group: OutlineBlock, agents: JsonObject): void {
  const talking = new Map<string, OutlineBlock[]>()
  for (const branch of group.children.filter(isInner)) {
    for (const { name, at } of sessionsIn(branch, agents)) {
      const earlier = talking.get(name) ?? []
      const other = earlier.find((one) => one !== branch && !needsBefore(branch, one) && !needsBefore(one, branch))
      talking.set(name, [...earlier, branch])
      if (other === undefined) continue
      const message =
        `\`${other.path}\` goes on with the conversation of \`${name}\` at the same time. Let one of them need the other, or give ` +
        'this one an agent without `session: run`.'
      report({ code: 'SESSION_SHARED', message, at })
    }
  }
}

function checkItems({ report }: CheckContext, map: OutlineBlock, agents: JsonObject): void {
  for (const { name, at } of map.children.filter(isInner).flatMap((inside) => sessionsIn(inside, agents))) {
    const message = `All items go on with the conversation of \`${name}\` at the same time. Write \`concurrency: 1\`, or use an agent without \`session: run\`.`
    report({ code: 'SESSION_SHARED', message, at })
  }
}

function sessionsIn(branch: OutlineBlock, agents: JsonObject) {
  return [...outlineBlocks([branch])].flatMap(agentsOf).filter(({ name }) => {
    const agent = agents[name]
    return isJsonObject(agent) && agent['session'] === 'run'
  })
}
