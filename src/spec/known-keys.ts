/**
 * What the spec language promises and this version does not have yet. Such a key is told apart from a typing mistake,
 * and is never read and ignored.
 */
export const laterBlockKinds = [
  'graph', 'map', 'loop', 'review', 'ask', 'wait', 'http', 'workflow', 'switch', 'replicate', 'select',
] as const

const laterOfBlocks = [
  ...laterBlockKinds,
  'with', 'verify', 'on_failure', 'join', 'needs', 'artifacts', 'priority', 'resource', 'estimate', 'concurrency',
]
export const laterKeys = {
  workflow: new Set(['affinity', 'parallel', 'default', 'allow_handoffs', 'stage_order', 'parallel_groups', 'groups']),
  limits: new Set(['tokens', 'cost', 'time']),
  block: new Set(laterOfBlocks),
  reduce: new Set(['synthesize']),
  agent: new Set([
    'allow_handoffs', 'handoffs', 'tools', 'mcp', 'mcp_servers', 'sessions', 'session', 'command', 'args', 'call', 'api',
  ]),
} as const
export const laterReducers: readonly string[] = ['dedupe']
export const laterAgentKinds: readonly string[] = ['acp', 'cli', 'command', 'function']
