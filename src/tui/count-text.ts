import { endedSteps, type RunView, type StatusCounts } from '../runtime/run-view.ts'
import type { Tone } from './paint.ts'

/** `2 failed`, `1 skipped`…: those of the bad and odd endings that there were. */
export function endingTexts(counts: Pick<StatusCounts, 'failed' | 'skipped' | 'cancelled'>): [string, Tone][] {
  const texts: [string, Tone][] = []
  if (counts.failed > 0) texts.push([`${counts.failed} failed`, 'red'])
  if (counts.skipped > 0) texts.push([`${counts.skipped} skipped`, 'dim'])
  if (counts.cancelled > 0) texts.push([`${counts.cancelled} cancelled`, 'yellow'])
  return texts
}

/** `5 of 7 steps, 1 failed` */
export function progressText(view: RunView): string {
  const counts = endingTexts(view.steps).map(([text]) => text)
  return [`${endedSteps(view.steps)} of ${view.total} steps`, ...counts].join(', ')
}

/** What a run used and how often it was resumed, where there is something to say. */
export function extraTexts({ usage, resumed }: RunView): string[] {
  return [
    ...(usage === null ? [] : [usageText(usage)]),
    ...(resumed === 0 ? [] : [resumed === 1 ? 'resumed' : `resumed ${resumed} times`]),
  ]
}

/** `1,204 tokens`, with the cost when it is known. */
export function usageText(usage: { inputTokens: number; outputTokens: number; costUsd: number | null }): string {
  const tokens = `${(usage.inputTokens + usage.outputTokens).toLocaleString('en-US')} tokens`
  return usage.costUsd === null ? tokens : `${tokens}, $${usage.costUsd.toFixed(usage.costUsd < 1 ? 4 : 2)}`
}
