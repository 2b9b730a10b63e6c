import { didYouMean } from '../nearest.ts'
import { reservedIds } from '../outcome.ts'
import { ancestry, isInner, type OutlineBlock } from '../outline.ts'
import type { ReferenceKey } from '../references.ts'
import { needsBefore } from './needs.ts'
import type { ReferenceProblem } from './reference-problem.ts'
import type { Moment } from './templates.ts'

const fields: ReadonlySet<string> = new Set(reservedIds)

/**
 * Does the block that `stages.a.b.…` names exist, and has it finished when `reader` is evaluated? Without a reader
 * (the templates of an agent that no step uses) only the first is asked.
 */
export function checkStageReference(
  stages: readonly OutlineBlock[],
  keys: readonly ReferenceKey[],
  reader: OutlineBlock | undefined,
  moment: Moment,
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
  const problem = timeProblem(target, reader, moment) ?? itemProblem(target, reader)
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
    const message = `\`stages.${parent.name}.${name}\` does not exist: a block has ${[...fields].join(', ')}.${hint}`
    return { code: 'UNKNOWN_NAME', message, offset }
  }
  const message = `There is no block \`${name}\` in \`${parent.path}\`: there are ${ids.join(', ')}.${hint}`
  return { code: 'UNKNOWN_STAGE', message, offset }
}

type Judgement = Pick<ReferenceProblem, 'code' | 'message'> | undefined

function timeProblem(target: OutlineBlock, reader: OutlineBlock, moment: Moment): Judgement {
  const name = `\`${target.path}\``
  if (target === reader) return { code: 'CYCLE', message: `${name} reads itself, so it could never start.` }
  const targetLine = ancestry(target)
  const readerLine = ancestry(reader)
  const below = readerLine[readerLine.indexOf(target) + 1]
  if (readerLine.includes(target)) {
    // How the block itself ended is known when it is verified, or something runs instead.
    if (below === undefined || !isInner(below)) return undefined
    return {
      code: 'READS_OWN_GROUP',
      message: `${name} is around this block and has not finished before it: read a block in it by its own path.`,
    }
  }
  if (targetLine.includes(reader)) {
    const inside = targetLine[targetLine.indexOf(reader) + 1]
    if (moment === 'round' && inside !== undefined && isInner(inside)) return undefined
    return { code: 'READS_LATER', message: `${name} is inside this block and has not run yet when this is evaluated.` }
  }
  const fork = targetLine.findIndex((block, depth) => block !== readerLine[depth])
  const [earlier, later] = [targetLine[fork], readerLine[fork]]
  if (earlier === undefined || later === undefined) return undefined
  const unordered = isInner(earlier) && isInner(later) ? branchProblem(name, earlier, later) : undefined
  if (unordered !== undefined || earlier.index <= later.index || isOrderedByNeeds(earlier, later)) return unordered
  return { code: 'READS_LATER', message: `${name} has not run yet: it comes after \`${reader.path}\`.` }
}

/** `read` and `reader` stand in the same group; is the first one known to have ended before the second one starts? */
function branchProblem(name: string, read: OutlineBlock, reader: OutlineBlock): Judgement {
  const group = reader.parent
  switch (group?.kind) {
    case 'parallel':
      return {
        code: 'READS_SIBLING',
        message: `${name} runs at the same time, in another branch of \`${group.path}\`: read it after the group.`,
      }
    case 'switch':
      return {
        code: 'READS_SIBLING',
        message: `${name} is in another case of \`${group.path}\`, and only one of them runs.`,
      }
    case 'graph':
      if (needsBefore(reader, read)) return undefined
      if (needsBefore(read, reader)) {
        return { code: 'READS_LATER', message: `${name} has not run yet: \`${read.id}\` needs \`${reader.id}\`.` }
      }
      return {
        code: 'READS_SIBLING',
        message: `${name} need not have ended: write \`needs: [${read.id}]\` on \`${reader.path}\`.`,
      }
    default:
      return undefined
  }
}

/** In a graph the order of the file says nothing. */
function isOrderedByNeeds(read: OutlineBlock, reader: OutlineBlock): boolean {
  return read.role === 'node' && reader.role === 'node'
}

/** From outside of a map there is no saying which of its items is meant. */
function itemProblem(target: OutlineBlock, reader: OutlineBlock): Judgement {
  const readerLine = ancestry(reader)
  const body = ancestry(target).find(
    (block) => block.role === 'do' && block.parent?.kind === 'map' && !readerLine.includes(block),
  )
  if (body?.parent === undefined) return undefined
  const message = `\`${target.path}\` ran once per item: outside of the map, read \`stages.${body.parent.name}.output\`.`
  return { code: 'READS_ITEM', message }
}
