import { formatDuration } from '../duration.ts'
import { toText } from '../json.ts'
import type { Block, BranchGroup, StepBlock } from '../spec/ir.ts'
import { askAfterFailure } from '../spec/slots.ts'

const longestDetail = 48

/** What kind of block it is and what it does, on one line: `agent judge`, `parallel, 3 branches, failures: settle`. No control characters. */
export function blockDetail(block: Block): string {
  const { onFailure } = block
  const reaction =
    onFailure === 'continue'
      ? ', goes on after a failure'
      : onFailure !== undefined && 'goto' in onFailure
        ? `, after a failure back to ${onFailure.goto} (at most ${count(onFailure.max, 'time')})`
        : ''
  return ownDetail(block) + reaction
}

function ownDetail(block: Block): string {
  switch (block.kind) {
    case 'sequence':
      return `sequence, ${count(block.blocks.length, 'block')}`
    case 'parallel':
      return `parallel, ${count(block.branches.length, 'branch', 'branches')}${groupOptions(block)}`
    case 'graph':
      return `graph, ${count(block.branches.length, 'node')}${groupOptions(block)}`
    case 'map': {
      const over = Array.isArray(block.over) ? count(block.over.length, 'item') : oneLine(toText(block.over))
      return `map, ×N over ${over}${groupOptions(block)}`
    }
    case 'loop': {
      const until = block.until === undefined ? '' : `, until ${oneLine(block.until)}`
      return `loop, at most ${count(block.max, 'round')}${until}`
    }
    case 'review':
      return `review, at most ${count(block.max, 'round')}, until ${oneLine(block.approved)}`
    case 'switch':
      return `switch, ${count(block.cases.length, 'case')}`
    default:
      return `${block.kind} ${oneLine(stepWork(block))}`
  }
}

/** The condition of a block as a reader sees it, cut when long; undefined when it always runs. */
export function blockCondition(block: Block): string | undefined {
  return block.when === undefined ? undefined : oneLine(block.when)
}

/** What a step does, without its kind: the agent, the command, the function, the address, the time. */
function stepWork(step: StepBlock): string {
  switch (step.kind) {
    case 'agent':
      return step.agent
    case 'run':
      return typeof step.command === 'string' ? step.command : step.command.join(' ')
    case 'call':
      return step.target
    case 'http':
      return `${step.method} ${step.url}`
    case 'wait':
      return step.until
    case 'event':
      return `${step.event}${expiry(step)}`
    case 'ask':
      return `${question(step)}${expiry(step)}`
    case 'workflow':
      return step.workflow
  }
}

/** What is asked and what can be answered; a question about a failure is nothing but that. */
function question({ message, options }: Extract<StepBlock, { kind: 'ask' }>): string {
  const choices = options?.join(', ')
  if (message === askAfterFailure.ask.message) return choices ?? 'a person'
  return `${oneLine(message)}${choices === undefined ? '' : ` (${choices})`}`
}

function expiry({ expiresMs }: { readonly expiresMs?: number | undefined }): string {
  return expiresMs === undefined ? '' : `, at most ${formatDuration(expiresMs)}`
}

/** A text of the author's on one line, cut when long, without control characters. */
export function oneLine(text: string): string {
  const flat = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()
  const points = [...flat]
  return points.length > longestDetail ? `${points.slice(0, longestDetail - 1).join('')}…` : flat
}

function groupOptions(group: BranchGroup): string {
  const { onBranchFailure, join = 'all', reduce, concurrency } = group
  const joined = typeof join === 'string' ? join : 'quorum' in join ? `quorum ${join.quorum}` : `when ${oneLine(join.when)}`
  return [
    `, failures: ${onBranchFailure}`,
    join === 'all' ? '' : `, join ${joined}`,
    reduce === 'auto' || (reduce === 'list' && group.kind === 'map') ? '' : `, reduce ${reducerText(reduce)}`,
    concurrency === undefined ? '' : `, ${concurrency} at once`,
  ].join('')
}

function reducerText(reduce: BranchGroup['reduce']): string {
  if (typeof reduce === 'string') return reduce
  return 'call' in reduce ? `call ${oneLine(reduce.call)}` : `synthesize ${oneLine(reduce.synthesize)}`
}

function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`
}
