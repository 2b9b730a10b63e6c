import { isJsonObject, type JsonObject } from '../json.ts'
import type { SourcePath } from './source.ts'
import { type BlockKind, blockKinds, idPattern } from './written.ts'

/**
 * The blocks of a spec as far as they can be made out, also when parts of it are wrong: so that all checks can look at
 * all blocks, and everything is reported at once.
 */
export interface OutlineBlock {
  readonly id: string
  readonly path: string
  /** Undefined unless exactly one key says what the block does. */
  readonly kind: BlockKind | undefined
  readonly value: JsonObject
  readonly at: SourcePath
  readonly parent: OutlineBlock | undefined
  readonly children: readonly OutlineBlock[]
  /** Its place among its siblings. */
  readonly index: number
}

/** The stages of a spec, whose `steps` if any were made one stage before. */
export function outlineOf(data: JsonObject): readonly OutlineBlock[] {
  return outlineList(data['stages'], ['stages'], undefined)
}

export function* outlineBlocks(blocks: readonly OutlineBlock[]): Generator<OutlineBlock, void, undefined> {
  for (const block of blocks) {
    yield block
    yield* outlineBlocks(block.children)
  }
}

/** The id of a block that has none of its own: what it is in its parent, and its number there. */
export function defaultId(parentKind: BlockKind | undefined, index: number): string {
  const word = parentKind === undefined ? 'stage' : parentKind === 'parallel' ? 'branch' : 'step'
  return `${word}-${index + 1}`
}

/** The kinds that the keys of a block name. */
export function kindsOf(value: JsonObject): BlockKind[] {
  return blockKinds.filter((kind) => value[kind] !== undefined)
}

function outlineList(list: unknown, at: SourcePath, parent: OutlineBlock | undefined): OutlineBlock[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((value: unknown, index) => {
    if (!isJsonObject(value)) return []
    return [outlineBlock(value, [...at, index], parent, index)]
  })
}

function outlineBlock(value: JsonObject, at: SourcePath, parent: OutlineBlock | undefined, index: number): OutlineBlock {
  const [kind, ...others] = kindsOf(value)
  const written = value['id']
  const id = typeof written === 'string' && idPattern.test(written) ? written : defaultId(parent?.kind, index)
  const children: OutlineBlock[] = []
  const block: OutlineBlock = {
    id,
    path: parent === undefined ? id : `${parent.path}.${id}`,
    kind: others.length === 0 ? kind : undefined,
    value,
    at,
    parent,
    children,
    index,
  }
  for (const key of ['sequence', 'parallel'] as const) children.push(...outlineList(value[key], [...at, key], block))
  return block
}
