import { didYouMean } from '../nearest.ts'
import { reservedIds } from '../outcome.ts'
import type { OutlineBlock } from '../outline.ts'
import type { ReferenceKey } from '../references.ts'
import type { ReferenceProblem } from './reference-problem.ts'

const fields: ReadonlySet<string> = new Set(reservedIds)

/**
 * Does the block that `stages.a.b.…` names exist, and has it finished when `reader` is evaluated? Without a reader
 * (the templates of an agent that no step uses) only the first is asked.
 */
export function checkStageReference(
  stages: readonly OutlineBlock[],
  keys: readonly ReferenceKey[],
  reader: OutlineBlock | undefined,
  offset: number,
): ReferenceProblem | undefined {
  let target: OutlineBlock | undefined
  let siblings = stages
  for (const key of keys) {
    if (target !== undefined && fields.has(key.name)) break
    const next = siblings.find(({ id }) => id === key.name)
    if (next === undefined) return unknownBlock(target, key, siblings)
    target = next
    siblings = next.children
  }
  if (target === undefined || reader === undefined) return undefined
  const problem = timeProblem(target, reader)
  return problem && { ...problem, offset: keys[0]?.offset ?? offset }
}

function unknownBlock(
  parent: OutlineBlock | undefined,
  key: ReferenceKey,
  siblings: readonly OutlineBlock[],
): ReferenceProblem {
  const { name, offset } = key
  const ids = siblings.map(({ id }) => id)
  const hint = didYouMean(name, parent === undefined ? ids : [...ids, ...fields])
  if (parent === undefined) {
    return { code: 'UNKNOWN_STAGE', message: `There is no stage \`${name}\`: there are ${ids.join(', ')}.${hint}`, offset }
  }
  if (ids.length === 0) {
    const message = `\`stages.${parent.path}.${name}\` does not exist: a block has ${[...fields].join(', ')}.${hint}`
    return { code: 'UNKNOWN_NAME', message, offset }
  }
  const message = `There is no block \`${name}\` in \`${parent.path}\`: there are ${ids.join(', ')}.${hint}`
  return { code: 'UNKNOWN_STAGE', message, offset }
}

function timeProblem(target: OutlineBlock, reader: OutlineBlock): Pick<ReferenceProblem, 'code' | 'message'> | undefined {
  const name = `\`${target.path}\``
  if (target === reader) return { code: 'CYCLE', message: `${name} reads itself, so it could never start.` }
  const targetLine = ancestry(target)
  const readerLine = ancestry(reader)
  if (readerLine.includes(target)) {
    return {
      code: 'READS_OWN_GROUP',
      message: `${name} is around this block and has not finished before it: read a block in it by its own path.`,
    }
  }
  if (targetLine.includes(reader)) {
    return { code: 'READS_LATER', message: `${name} is inside this block and has not run yet when this is evaluated.` }
  }
  const fork = targetLine.findIndex((block, depth) => block !== readerLine[depth])
  const group = targetLine[fork - 1]
  const [earlier, later] = [targetLine[fork], readerLine[fork]]
  if (group?.kind === 'parallel') {
    return {
      code: 'READS_SIBLING',
      message: `${name} runs at the same time, in another branch of \`${group.path}\`: read it after the group.`,
    }
  }
  if (earlier !== undefined && later !== undefined && earlier.index > later.index) {
    return { code: 'READS_LATER', message: `${name} has not run yet: it comes after \`${reader.path}\`.` }
  }
  return undefined
}

/** The blocks from the stage down to the block itself. */
function ancestry(block: OutlineBlock): OutlineBlock[] {
  return block.parent === undefined ? [block] : [...ancestry(block.parent), block]
}
