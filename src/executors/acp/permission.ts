import type { PermissionOption, RequestPermissionRequest, RequestPermissionResponse } from '@agentclientprotocol/sdk'
import { textStart } from '../../cut-text.ts'
import { TerminalError } from '../../errors.ts'
import type { AcpAgent } from '../../spec/ir-agents.ts'
import type { ExecutionContext } from '../executor.ts'

const longestDetail = 2000

/**
 * What the agent is told when it wants to do something: `allow` and `deny` answer at once, for this one time where there
 * is the choice; `ask` has a person choose among the agent's own options. Rejects as `ExecutionContext.ask` does, and with
 * TerminalError NO_HOST where nobody can be asked.
 */
export async function answerPermission(
  { toolCall, options }: RequestPermissionRequest,
  { name, permissions, ask }: { readonly name: string; readonly permissions: AcpAgent['permissions']; readonly ask: ExecutionContext['ask'] },
): Promise<RequestPermissionResponse> {
  if (permissions === 'allow') return chosen(option(options, 'allow_once', 'allow_always'))
  if (permissions === 'deny') return chosen(option(options, 'reject_once', 'reject_always'))
  if (ask === undefined) {
    throw new TerminalError('NO_HOST', `Agent "${name}" asks before it acts, and nobody can be asked. Set its \`permissions\` to allow or deny.`)
  }
  const labels = labelsOf(options)
  const answer = await ask({ message: `Agent "${name}": ${toolCall.title ?? 'wants to use a tool'}${detailOf(toolCall.rawInput)}`, options: labels })
  return chosen(options[labels.indexOf(String(answer))])
}

function option(options: readonly PermissionOption[], ...kinds: readonly PermissionOption['kind'][]): PermissionOption | undefined {
  return kinds.map((kind) => options.find((option) => option.kind === kind)).find((found) => found !== undefined)
}

function chosen(option: PermissionOption | undefined): RequestPermissionResponse {
  return { outcome: option === undefined ? { outcome: 'cancelled' } : { outcome: 'selected', optionId: option.optionId } }
}

/** The names of the options, each told from the others. */
function labelsOf(options: readonly PermissionOption[]): string[] {
  const names = options.map(({ name }) => name)
  return options.map(({ name, optionId }) => (names.filter((other) => other === name).length > 1 ? `${name} (${optionId})` : name))
}

function detailOf(input: unknown): string {
  if (input === undefined || input === null) return ''
  const text = typeof input === 'string' ? input : JSON.stringify(input)
  return `\n${text.length > longestDetail ? `${textStart(text, longestDetail)}…` : text}`
}
