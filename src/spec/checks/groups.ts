import { isJsonObject } from '../../json.ts'
import { isFreeName } from '../expression-environment.ts'
import { isInner, type OutlineBlock, outlineBlocks } from '../outline.ts'
import type { CheckContext } from '../report.ts'
import { parseTemplate } from '../template-parts.ts'
import { itemName } from './names-in-scope.ts'

/** Can the options of every group be kept? */
export function checkGroups(context: CheckContext): void {
  for (const block of outlineBlocks(context.stages)) {
    checkQuorum(context, block)
    checkMap(context, block)
  }
}

function checkQuorum({ report }: CheckContext, block: OutlineBlock): void {
  const { join } = block.value
  const quorum = isJsonObject(join) ? join['quorum'] : undefined
  const width = widthOf(block)
  if (typeof quorum !== 'number' || width === undefined || width === 0 || quorum <= width) return
  const what = block.kind === 'map' ? 'items' : 'branches'
  const message = `A quorum of ${quorum} can never be reached: the group has ${width} ${what}.`
  report({ code: 'QUORUM_TOO_LARGE', message, at: [...block.at, 'join', 'quorum'] })
}

/** How many branches a group has; of a map only when its items are written down. */
function widthOf({ kind, value, children }: OutlineBlock): number | undefined {
  if (kind === 'parallel' || kind === 'graph') return children.filter(isInner).length
  const over = kind === 'map' && isJsonObject(value['map']) ? value['map']['over'] : undefined
  return Array.isArray(over) ? over.length : undefined
}

const namePattern = /^[A-Za-z_]\w*$/

function checkMap({ report }: CheckContext, block: OutlineBlock): void {
  const { map, concurrency } = block.value
  if (!isJsonObject(map)) return
  const at = [...block.at, 'map']
  const name = itemName(block)
  if (!namePattern.test(name)) {
    const message = `\`as\`: \`${name}\` cannot be a variable: use letters, digits and _.`
    report({ code: 'WRONG_VALUE', message, at: [...at, 'as'] })
  } else if (!isFreeName(name)) {
    const message = `\`${name}\` cannot be the variable of a map: expressions have another meaning for it.`
    report({ code: 'RESERVED_NAME', message, at: [...at, 'as'] })
  }
  if (map['concurrency'] !== undefined && concurrency !== undefined) {
    const message = '`concurrency` stands here twice, in `map` and beside it: only one of them can count.'
    report({ code: 'DUPLICATE_KEY', message, at: [...at, 'concurrency'], part: 'key' })
  }
  const { over } = map
  if (over !== undefined && !Array.isArray(over) && !isExpression(over)) {
    const message = '`over` is a list or one expression that gives a list: `${{ stages.find.output }}`.'
    report({ code: 'MAP_OVER', message, at: [...at, 'over'] })
  }
}

/** Whether a text is one expression, which may give anything; a text around it makes it a text. */
function isExpression(value: unknown): boolean {
  if (typeof value !== 'string') return false
  const { parts } = parseTemplate(value)
  return parts.length === 1 && typeof parts[0] === 'object'
}
