import { isJsonObject } from '../../json.ts'
import { bareExpression } from '../expression-compile.ts'
import { didYouMean } from '../nearest.ts'
import { type OutlineBlock, outlineBlocks } from '../outline.ts'
import type { CheckContext } from '../report.ts'

/** Does every `goto` lead back, and can every case of a switch be reached? */
export function checkFlow(context: CheckContext): void {
  for (const block of outlineBlocks(context.stages)) {
    checkGoto(context, block)
    checkCases(context, block)
  }
}

/** The id that a block goes back to when it fails. */
export function gotoOf({ value }: OutlineBlock): string | undefined {
  const { on_failure: reaction } = value
  const target = isJsonObject(reaction) ? reaction['goto'] : undefined
  return typeof target === 'string' ? target : undefined
}

/** The blocks that run one after another with this one, itself included; empty when it stands in no such list. */
export function listAround(block: OutlineBlock, stages: readonly OutlineBlock[]): readonly OutlineBlock[] {
  if (block.role === 'stage') return stages
  return block.role === 'step' && block.parent !== undefined ? block.parent.children.filter(isStep) : []
}

function isStep({ role }: OutlineBlock): boolean {
  return role === 'step'
}

function checkGoto({ stages, report }: CheckContext, block: OutlineBlock): void {
  const target = gotoOf(block)
  if (target === undefined) return
  const list = listAround(block, stages)
  const earlier = list.slice(0, block.index).map(({ id }) => id)
  if (earlier.includes(target)) return
  const at = [...block.at, 'on_failure', 'goto']
  const whereTo = `\`goto\` leads to an earlier block of the same list`
  const message = `${whereTo}: ${reasonAgainst(target, list, earlier)}${didYouMean(target, earlier)}`
  report({ code: 'GOTO_NOT_EARLIER', message, at })
}

function reasonAgainst(target: string, list: readonly OutlineBlock[], earlier: readonly string[]): string {
  if (list.length === 0) return 'this block stands in no list of blocks that run one after another.'
  const known = earlier.length === 0 ? 'none comes before this one' : `before this one are ${earlier.join(', ')}`
  const isLater = list.some(({ id }) => id === target)
  return `\`${target}\` ${isLater ? 'does not come before this one' : 'is not in it'}, ${known}.`
}

function checkCases({ report }: CheckContext, { value, at }: OutlineBlock): void {
  const cases: readonly unknown[] = Array.isArray(value['switch']) ? value['switch'] : []
  const last = cases.findIndex(isAlways)
  if (last === -1 || last === cases.length - 1) return
  const one = cases[last]
  if (isJsonObject(one) && one['else'] !== undefined) {
    const message = '`else` is what runs when no case holds: it comes last, and once.'
    report({ code: 'ELSE_NOT_LAST', message, at: [...at, 'switch', last, 'else'], part: 'key' })
    return
  }
  cases.slice(last + 1).forEach((_, index) => {
    const message = 'This case can never run: the one before it has no condition, so it always holds.'
    report({ code: 'UNREACHABLE', message, at: [...at, 'switch', last + 1 + index] })
  })
}

/** Whether a case holds whatever happens. */
function isAlways(one: unknown): boolean {
  if (!isJsonObject(one)) return false
  const { when } = one
  return when === undefined || when === true || (typeof when === 'string' && bareExpression(when).trim() === 'true')
}
