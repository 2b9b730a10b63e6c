import type { ExecuteInput } from '../../machines/step.ts'
import type { KnownEnd } from '../runtime/foretold.ts'
import { innerBlocks, isStep } from '../spec/blocks.ts'
import { evaluateCondition } from '../spec/expression.ts'
import type { ReviewBlock } from '../spec/ir.ts'
import type { OldState, OldTestRound } from './old-state.ts'
import { outputOf, type Progress } from './progress.ts'
import { isAcceptance, isOfOthers, type PlannedStage, plannedStage, type StagePlan, stageOfPath, stepPaths } from './stage-plan.ts'

/** What a reviewer is taken to have said when nothing is kept of it but that the stage is done. */
export const takenAsApproved = 'VERIFIED_APPROVED: in the run that this one goes on with.'

export interface KnownEnds {
  readonly endOf: (path: string, turn: number) => KnownEnd | undefined
  /** Paths of the reviews that are done although nothing that is kept of them counts as a yes; grows as ends are asked for. */
  readonly unproven: ReadonlySet<string>
}

/** How the steps of the stages ended that an old state says are done. */
export function knownEnds(state: OldState, plan: StagePlan, progress: Progress): KnownEnds {
  const unproven = new Set<string>()
  const tested = plan.find(({ block }) => isAcceptance(block))

  const partOf = (stage: PlannedStage, path: string, turn: number): KnownEnd | undefined => {
    const { block, key } = stage
    const stand = progress.get(key)
    const rounds = stage === tested && block.kind === 'review' ? state.testRounds.slice(-block.max) : []
    if (stand === 'open') {
      const isOver = state.status === 'acceptance_test_failed' || (block.kind === 'review' && rounds.length >= block.max)
      return block.kind === 'review' && !isOver ? roundEnd(block, rounds, path, turn) : undefined
    }
    if (stand === 'failed') {
      const message = saidOf(stage)?.error ?? 'It had failed in the run that this one goes on with.'
      return { error: { code: 'STEP_FAILED', kind: 'terminal', message } }
    }
    if (stand === 'skipped' && isStep(block)) return { skipped: 'it was skipped in the run that this one goes on with' }
    const kept = outputOf(stage, state, plan) ?? ''
    if (block.kind !== 'review') return { output: () => (isFirst(block, path) ? kept : '') }
    if (isAcceptance(block) && turn < rounds.length) return roundEnd(block, rounds, path, turn)
    if (!isPart(block.reviewer.path, path)) {
      return { output: (input) => (isFirst(block.work, path) ? workOf(block, kept, input) : '') }
    }
    return { output: (input) => verdictOf(block, kept, input) }
  }

  const saidOf = (stage: PlannedStage) => [...state.stages].find(([name]) => plannedStage(plan, name) === stage)?.[1]

  const verdictOf = (block: ReviewBlock, kept: string, input: ExecuteInput): string => {
    const said = isAcceptance(block) ? [kept, `${kept}\n\n${allPassed(input)}`.trim()] : isOfOthers(block) ? [kept] : []
    const verdict = [...said, takenAsApproved].find((text) => isApproved(block, text, input))
    if (verdict === undefined) unproven.add(block.path)
    return verdict ?? takenAsApproved
  }

  return {
    unproven,
    endOf: (path, turn) => {
      const stage = stageOfPath(plan, path)
      const end = stage && partOf(stage, path, turn)
      if (stage === undefined || end === undefined) return undefined
      const { startedAt, endedAt } = saidOf(stage) ?? {}
      return { ...end, ...(startedAt === undefined ? {} : { startedAt }), ...(endedAt === undefined ? {} : { endedAt }) }
    },
  }
}

/** A round of tests that did not pass: what came out of it, and what was fixed after it. */
function roundEnd(block: ReviewBlock, rounds: readonly OldTestRound[], path: string, turn: number): KnownEnd | undefined {
  const round = rounds[turn - 1]
  if (round === undefined) return undefined
  if (isPart(block.reviewer.path, path)) {
    const { iteration, passed, failed, total } = round
    return { output: () => `Round ${iteration}: ${passed} of ${total} scenarios passed, ${failed} failed.` }
  }
  if (!round.fix_applied && turn === rounds.length) return undefined
  return { output: () => round.fix_summary ?? '' }
}

/** A review of earlier work may have kept its verdict only: the work is then as it came. */
function workOf(block: ReviewBlock, kept: string, input: ExecuteInput) {
  const isUnchanged = isOfOthers(block) && (kept === '' || isApproved(block, kept, input))
  return isUnchanged ? input.scope.prev : kept
}

/** A line for each scenario of which something before tells. */
function allPassed({ scope }: ExecuteInput): string {
  const ids = [...JSON.stringify(scope.stages).matchAll(/### *(AT-\d+)/g)].map(([, id]) => id)
  return [...new Set(ids)].map((id) => `${id}: PASSED`).join('\n')
}

function isApproved({ approved }: ReviewBlock, text: string, { scope }: ExecuteInput): boolean {
  try {
    return evaluateCondition(approved, { ...scope, prev: text, env: {} })
  } catch {
    return false
  }
}

function isFirst(block: PlannedStage['block'], path: string): boolean {
  return stepPaths(block, innerBlocks)[0] === path
}

function isPart(whole: string, path: string): boolean {
  return path === whole || path.startsWith(`${whole}.`)
}
