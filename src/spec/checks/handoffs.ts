import { isJsonObject } from '../../json.ts'
import { handsOff } from '../hands-off.ts'
import type { CheckContext } from '../report.ts'

/** Agents hand the work over to others only where that is allowed: whoever takes it over takes the rest of it along. */
export function checkHandoffs({ data, report }: CheckContext): void {
  if (data['allow_handoffs'] === true) return
  for (const [name, agent] of Object.entries(isJsonObject(data['agents']) ? data['agents'] : {})) {
    if (!isJsonObject(agent) || agent['allow_handoffs'] === true || !handsOff(agent['handoffs'])) continue
    const message =
      `The agent \`${name}\` hands off to others, which takes \`allow_handoffs: true\` on it. ` +
      'To keep the order of the work in the workflow, make each of them a step.'
    report({ code: 'HANDOFF_NOT_ALLOWED', message, at: ['agents', name, 'handoffs'], part: 'key' })
  }
}
