import { isJsonObject, type JsonObject } from '../json.ts'
import { indexMark } from './blocks.ts'
import { blockId, type Role, type Slot, slotsOf } from './slots.ts'
import type { SourcePath } from './source.ts'
import { type BlockKind, blockKinds } from './written.ts'

/**
 * The blocks of a spec as far as they can be made out, also when parts of it are wrong: so that all checks can look at
 * all blocks, and everything is reported at once.
 */
export interface OutlineBlock {
  readonly id: string
  readonly path: string
  /** How expressions name it, after `stages.`: its path without the marks of maps. */
  readonly name: string
  /** Undefined unless exactly one key says what the block does. */
  readonly kind: BlockKind | undefined
  readonly value: JsonObject
  readonly at: SourcePath
  readonly parent: OutlineBlock | undefined
  /** What it is in its parent. */
  readonly role: Role
  /** What is inside, then what runs after it as a part of it. */
  readonly children: readonly OutlineBlock[]
  /** Its place among its siblings. */
  readonly index: number
}

/** The stages of a spec, whose `steps` if any were made one stage before. */
export function outlineOf(data: JsonObject): readonly OutlineBlock[] {
  const { stages } = data
  if (!Array.isArray(stages)) return []
  const slots = stages.map((value: unknown, index): Slot => ({ value, at: ['stages', index], role: 'stage', index }))
  return outlineSlots(slots, [], undefined)
}

export function* outlineBlocks(blocks: readonly OutlineBlock[]): Generator<OutlineBlock, void, undefined> {
  for (const block of blocks) {
    yield block
    yield* outlineBlocks(block.children)
  }
}

/** The blocks from the stage down to the block itself. */
export function ancestry(block: OutlineBlock): OutlineBlock[] {
  return block.parent === undefined ? [block] : [...ancestry(block.parent), block]
}

/** Whether the block is the work of its parent, as against what runs after it: `verify`, `fallback`, `ask`. */
export function isInner({ role }: OutlineBlock): boolean {
  return role !== 'verify' && role !== 'fallback' && role !== 'ask'
}

/** The kinds that the keys of a block name. */
export function kindsOf(value: JsonObject): BlockKind[] {
  return blockKinds.filter((kind) => value[kind] !== undefined)
}

function outlineSlots(slots: readonly Slot[], at: SourcePath, parent: OutlineBlock | undefined): OutlineBlock[] {
  return slots.flatMap((slot, index) => {
    const { value } = slot
    return isJsonObject(value) ? [outlineBlock({ ...slot, value }, [...at, ...slot.at], parent, index)] : []
  })
}

function outlineBlock(
  { value, role, index: number }: Slot & { value: JsonObject },
  at: SourcePath,
  parent: OutlineBlock | undefined,
  index: number,
): OutlineBlock {
  const [kind, ...others] = kindsOf(value)
  const id = blockId(value['id'], role, number)
  const mark = role === 'do' && parent?.value['map'] !== undefined ? [indexMark] : []
  const children: OutlineBlock[] = []
  const block: OutlineBlock = {
    id,
    path: parent === undefined ? id : [parent.path, ...mark, id].join('.'),
    name: parent === undefined ? id : `${parent.name}.${id}`,
    kind: others.length === 0 ? kind : undefined,
    value,
    at,
    parent,
    role,
    children,
    index,
  }
  children.push(...outlineSlots(slotsOf(value), at, block))
  return block
}
