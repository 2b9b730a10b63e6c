import { isJsonObject } from '../../json.ts'
import { reservedIds } from '../outcome.ts'
import { type OutlineBlock, outlineBlocks } from '../outline.ts'
import { reducerStepId } from '../reducer-step.ts'
import type { CheckContext } from '../report.ts'

/** Is every path the path of one block only? */
export function checkIds(context: CheckContext): void {
  checkSiblings(context, context.stages)
  for (const block of outlineBlocks(context.stages)) {
    checkSiblings(context, block.children)
    checkReserved(context, block)
  }
}

function checkSiblings({ report, source }: CheckContext, siblings: readonly OutlineBlock[]): void {
  const first = new Map<string, OutlineBlock>()
  for (const block of siblings) {
    const other = first.get(block.id)
    if (other === undefined) {
      first.set(block.id, block)
      continue
    }
    const { line } = source.position([...other.at, 'id'])
    const message = `The id \`${block.id}\` is taken by the block in line ${line}: ids differ within a list.`
    report({ code: 'DUPLICATE_ID', message, at: [...block.at, 'id'] })
  }
}

function checkReserved({ report }: CheckContext, block: OutlineBlock): void {
  const at = [...block.at, 'id']
  if (reservedIds.some((id) => id === block.id)) {
    const message = `\`${block.id}\` cannot be an id: \`stages.….${block.id}\` is a field of every block.`
    report({ code: 'RESERVED_ID', message, at })
  }
  const reduce = block.parent?.value['reduce']
  if (block.id === reducerStepId && isJsonObject(reduce)) {
    report({
      code: 'RESERVED_ID',
      message: `\`${block.id}\` cannot be the id of a branch here: it is the step that reduces the group.`,
      at,
    })
  }
}
