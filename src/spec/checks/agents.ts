import { isJsonObject, type JsonObject } from '../../json.ts'
import { didYouMean } from '../nearest.ts'
import { type OutlineBlock, outlineBlocks } from '../outline.ts'
import type { CheckContext } from '../report.ts'
import type { SourcePath } from '../source.ts'

/** The agents that a block itself names, as its step or as what reduces its group, and where. */
export function agentsOf({ value, at }: OutlineBlock): { name: string; at: SourcePath }[] {
  const { agent, reduce } = value
  const named = [
    { name: agent, at: [...at, 'agent'] },
    { name: isJsonObject(reduce) ? reduce['synthesize'] : undefined, at: [...at, 'reduce', 'synthesize'] },
  ]
  return named.flatMap(({ name, at: place }) => (typeof name === 'string' ? [{ name, at: place }] : []))
}

/** The agents that others hand over to, and where they name them. */
function handedTo(agents: JsonObject): { name: string; at: SourcePath }[] {
  return Object.entries(agents).flatMap(([agent, value]) => {
    const handoffs = isJsonObject(value) ? value['handoffs'] : undefined
    const names: readonly unknown[] = Array.isArray(handoffs) ? handoffs : []
    return names.flatMap((name, index) => (typeof name === 'string' ? [{ name, at: ['agents', agent, 'handoffs', index] }] : []))
  })
}

/** Is every agent that a step or another agent names declared, and every declared one used? */
export function checkAgentNames({ data, stages, report }: CheckContext): void {
  const agents = isJsonObject(data['agents']) ? data['agents'] : {}
  const declared = Object.keys(agents)
  const used = new Set<string>()
  for (const { name, at } of [...[...outlineBlocks(stages)].flatMap(agentsOf), ...handedTo(agents)]) {
    used.add(name)
    if (declared.includes(name)) continue
    const known = declared.length === 0 ? 'none is declared under `agents`' : `declared are ${declared.join(', ')}`
    const message = `There is no agent \`${name}\`: ${known}.${didYouMean(name, declared)}`
    report({ code: 'UNKNOWN_AGENT', message, at })
  }
  for (const name of declared) {
    if (used.has(name)) continue
    report({
      code: 'UNUSED_AGENT',
      severity: 'warning',
      message: `No step uses the agent \`${name}\`.`,
      at: ['agents', name],
      part: 'key',
    })
  }
}
