import type { Block, StepBlock } from '../spec/ir.ts'

const longestDetail = 48

/** What kind of block it is and what it does, on one line: `agent judge`, `parallel, 3 branches, settle`. No control characters. */
export function blockDetail(block: Block): string {
  switch (block.kind) {
    case 'sequence':
      return `sequence, ${count(block.blocks.length, 'block')}`
    case 'parallel': {
      const reducer = typeof block.reduce === 'string' ? block.reduce : `call ${oneLine(block.reduce.call)}`
      const reduce = reducer === 'auto' ? '' : `, reduce ${reducer}`
      return `parallel, ${count(block.branches.length, 'branch', 'branches')}, ${block.onBranchFailure}${reduce}`
    }
    default:
      return `${block.kind} ${oneLine(stepWork(block))}`
  }
}

/** The condition of a block as a reader sees it, cut when long; undefined when it always runs. */
export function blockCondition(block: Block): string | undefined {
  return block.when === undefined ? undefined : oneLine(block.when)
}

function stepWork(step: StepBlock): string {
  switch (step.kind) {
    case 'agent':
      return step.agent
    case 'run':
      return typeof step.command === 'string' ? step.command : step.command.join(' ')
    case 'call':
      return step.target
  }
}

function oneLine(text: string): string {
  const flat = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()
  const points = [...flat]
  return points.length > longestDetail ? `${points.slice(0, longestDetail - 1).join('')}…` : flat
}

function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`
}
