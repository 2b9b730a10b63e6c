import { readFile, writeFile } from 'node:fs/promises'
import { summaryEnd, summaryStart } from './report-markdown.ts'
import type { StepContext } from './step.ts'
import { recordOf } from './step.ts'

/**
 * Last stage: puts the agent's summary into the report when there is one, and gives the run's result.
 * Throws when the score is under `minimum`, so that a pipeline can fail on it; the report is written by then.
 */
export async function finish(input: unknown, context: StepContext) {
  const { review: reviewGiven, summary, minimum } = recordOf(input)
  const review = recordOf(reviewGiven)
  const { score, grade, counts, skipped, failed } = review
  const path = String(review.report)
  const written = typeof summary === 'string' && summary.trim() !== '' ? summary.trim() : undefined
  if (written !== undefined) await insertSummary(path, written)
  const headline = String(review.summary)
  context.log(`report: ${path}`)
  if (typeof minimum === 'number' && typeof score === 'number' && score < minimum) {
    throw new Error(`${headline}; that is under the minimum of ${minimum}. The report is ${path}`)
  }
  return { score, grade, report: path, headline, counts, skipped, failed, summary: written ?? null }
}

/** Doing it twice gives the same file as doing it once. */
async function insertSummary(path: string, text: string): Promise<void> {
  const report = await readFile(path, 'utf8')
  const start = report.indexOf(summaryStart)
  const end = report.indexOf(summaryEnd)
  if (start === -1 || end < start) return
  const section = `${summaryStart}\n## In short\n\n${text}\n\n*Written by an agent from the findings below.*\n${summaryEnd}`
  await writeFile(path, report.slice(0, start) + section + report.slice(end + summaryEnd.length))
}
