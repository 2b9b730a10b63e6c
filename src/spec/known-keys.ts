/**
 * What the spec language promises and this version does not have yet. Such a key is told apart from a typing mistake,
 * and is never read and ignored.
 */
export const laterBlockKinds = ['ask', 'workflow', 'replicate', 'select'] as const

const laterOfBlocks = [...laterBlockKinds, 'with', 'artifacts', 'priority', 'resource', 'estimate']
export const laterKeys = {
  workflow: new Set(['affinity', 'default', 'allow_handoffs', 'stage_order', 'parallel_groups', 'groups']),
  limits: new Set(['tokens', 'cost', 'time']),
  block: new Set(laterOfBlocks),
  agent: new Set([
    'allow_handoffs', 'handoffs', 'tools', 'mcp', 'mcp_servers', 'sessions', 'session', 'command', 'args', 'call', 'api',
  ]),
} as const
/** Values of a key, likewise. */
export const laterValues: Readonly<Record<string, readonly string[]>> = { on_failure: ['ask'] }
export const laterAgentKinds: readonly string[] = ['acp', 'cli', 'command', 'function']
