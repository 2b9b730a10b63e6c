import { isJsonObject } from '../../json.ts'
import { didYouMean } from '../nearest.ts'
import { outlineBlocks } from '../outline.ts'
import type { CheckContext } from '../report.ts'

/** Is every agent that a step names declared, and every declared one used? */
export function checkAgentNames({ data, stages, report }: CheckContext): void {
  const declared = isJsonObject(data['agents']) ? Object.keys(data['agents']) : []
  const used = new Set<string>()
  for (const { value, at } of outlineBlocks(stages)) {
    const name = value['agent']
    if (typeof name !== 'string') continue
    used.add(name)
    if (declared.includes(name)) continue
    const known = declared.length === 0 ? 'none is declared under `agents`' : `declared are ${declared.join(', ')}`
    const message = `There is no agent \`${name}\`: ${known}.${didYouMean(name, declared)}`
    report({ code: 'UNKNOWN_AGENT', message, at: [...at, 'agent'] })
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
