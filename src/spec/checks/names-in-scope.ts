import { isJsonObject } from '../../json.ts'
import { placedNames, scopeNames } from '../expression-environment.ts'
import { didYouMean } from '../nearest.ts'
import { ancestry, isInner, type OutlineBlock, outlineBlocks } from '../outline.ts'
import { gotoOf, listAround } from './flow.ts'
import type { Moment } from './templates.ts'

/** The variable of a map's item. */
export function itemName(map: OutlineBlock): string {
  const { map: written } = map.value
  const name = isJsonObject(written) ? written['as'] : undefined
  return typeof name === 'string' ? name : 'item'
}

/** The names, beside those that are everywhere, that something of a block sees: what the blocks around it bring. */
export function namesInScope(
  block: OutlineBlock,
  moment: Moment,
  stages: readonly OutlineBlock[],
): ReadonlySet<string> {
  const names = new Set<string>()
  const line = ancestry(block)
  line.forEach((around, depth) => {
    const inner = line[depth + 1]
    const isInside = inner === undefined ? moment === 'round' : isInner(inner)
    if (isInside && around.kind === 'map') names.add(itemName(around)).add('index')
    if (isInside && (around.kind === 'loop' || around.kind === 'review')) names.add('loop')
    if ((isInside && around.kind === 'review') || isReturnedTo(around, stages)) names.add('feedback')
  })
  if (moment === 'join') names.add('outputs')
  return names
}

/** Whether the block, or a later one of its list, goes back to it or to one before it. */
function isReturnedTo(block: OutlineBlock, stages: readonly OutlineBlock[]): boolean {
  const list = listAround(block, stages)
  return list.slice(block.index).some((later) => {
    const target = gotoOf(later)
    return target !== undefined && list.findIndex(({ id }) => id === target) <= block.index
  })
}

/** What to say of a name that is not in scope. */
export function unknownNameMessage(name: string, names: ReadonlySet<string>, stages: readonly OutlineBlock[]): string {
  const known = [...scopeNames, ...names]
  return `The name \`${name}\` does not exist here: there are ${known.join(', ')}.${hintFor(name, known, stages)}`
}

function hintFor(name: string, known: readonly string[], stages: readonly OutlineBlock[]): string {
  const [placed] = placedNames.filter((candidate) => candidate === name)
  if (placed !== undefined) return ` \`${placed}\` exists only ${whereabouts[placed]}.`
  const blocks = [...outlineBlocks(stages)]
  const map = blocks.find((block) => block.kind === 'map' && itemName(block) === name)
  if (map !== undefined) return ` It is the item of the map \`${map.path}\`, and exists only in its \`do\`.`
  const stage = blocks.find(({ id }) => id === name)
  return stage === undefined ? didYouMean(name, known) : ` Did you mean \`stages.${stage.name}.output\`?`
}

const whereabouts: Readonly<Record<(typeof placedNames)[number], string>> = {
  index: 'in the `do` of a map',
  loop: 'in a loop or a review',
  feedback: 'in a review, and from the block that a `goto` leads back to up to the one that has it',
  outputs: 'in the `when` of a `join`',
}
