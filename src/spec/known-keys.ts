/**
 * What the spec language promises and this version does not have yet. Such a key is told apart from a typing mistake,
 * and is never read and ignored.
 */
export const laterBlockKinds = ['replicate', 'select'] as const

const laterOfBlocks = [...laterBlockKinds, 'priority', 'resource', 'estimate']
export const laterKeys = {
  workflow: new Set(['affinity', 'default', 'allow_handoffs', 'stage_order', 'parallel_groups', 'groups']),
  limits: new Set(['tokens', 'cost', 'time']),
  block: new Set(laterOfBlocks),
} as const
