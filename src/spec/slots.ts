import { isJsonObject, type JsonObject } from '../json.ts'
import type { SourcePath } from './source.ts'
import { idPattern } from './written-parts.ts'

/** What a block is in the one it stands in. */
export type Role =
  | 'stage'
  | 'step'
  | 'branch'
  | 'node'
  | 'do'
  | 'work'
  | 'reviewer'
  | 'case'
  | 'else'
  | 'verify'
  | 'fallback'
  | 'ask'

/** A place for a block in a written block. */
export interface Slot {
  readonly value: unknown
  /** From the block that it stands in. */
  readonly at: SourcePath
  readonly role: Role
  /** Its number in its list, from 0. */
  readonly index: number
}

const lists = { sequence: 'step', parallel: 'branch', graph: 'node' } as const
const wrapped = { map: ['do'], loop: ['do'], review: ['work', 'reviewer'] } as const

/** What a person is asked about a block that failed; what went wrong is what comes to this block. */
export const askAfterFailure = {
  ask: { message: '${{ prev }}', options: ['retry', 'continue', 'fail'] },
} as const

/** The places for blocks that a written block has, in the order of `childrenOf`; some may hold no block. */
export function slotsOf(value: JsonObject): Slot[] {
  return [
    ...Object.entries(lists).flatMap(([key, role]) =>
      listOf(value[key]).map((inside, index) => ({ value: inside, at: [key, index], role, index })),
    ),
    ...Object.entries(wrapped).flatMap(([key, roles]) => {
      const holder = value[key]
      return isJsonObject(holder) ? roles.map((role) => slot(holder[role], [key, role], role)) : []
    }),
    ...listOf(value['switch']).flatMap(casesIn),
    slot(value['verify'], ['verify'], 'verify'),
    slot(fallbackIn(value['on_failure']), ['on_failure', 'fallback'], 'fallback'),
    slot(value['on_failure'] === 'ask' ? askAfterFailure : undefined, ['on_failure'], 'ask'),
  ]
}

/** The id of a block that is as written, or else by what it is in its parent: `step-2`, `work`. */
export function blockId(written: unknown, role: Role, index: number): string {
  if (typeof written === 'string' && idPattern.test(written)) return written
  const isNumbered = role === 'stage' || role === 'case' || Object.values(lists).some((word) => word === role)
  return isNumbered ? `${role}-${index + 1}` : role
}

function casesIn(one: unknown, index: number): Slot[] {
  if (!isJsonObject(one)) return []
  const isElse = one['do'] === undefined && one['else'] !== undefined
  return [
    isElse
      ? { value: one['else'], at: ['switch', index, 'else'], role: 'else', index }
      : { value: one['do'], at: ['switch', index, 'do'], role: 'case', index },
  ]
}

function fallbackIn(reaction: unknown): unknown {
  return isJsonObject(reaction) ? reaction['fallback'] : undefined
}

function slot(value: unknown, at: SourcePath, role: Role): Slot {
  return { value, at, role, index: 0 }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
