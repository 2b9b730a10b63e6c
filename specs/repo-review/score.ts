import type { Finding, Severity } from './step.ts'
import { severities } from './step.ts'

/** Points that one finding costs, and the most that all findings of a severity cost together. */
export interface Deduction {
  readonly each: number
  readonly atMost: number
}
export type Deductions = Readonly<Record<Severity, Deduction>>

/**
 * The rule for checks without a measure of their own: one high finding costs 25 points, a medium one 8, a low one 2.
 * The caps keep a long list of small things from hiding the difference between untidy and broken.
 */
const usualDeductions: Deductions = {
  high: { each: 25, atMost: 75 },
  medium: { each: 8, atMost: 40 },
  low: { each: 2, atMost: 15 },
  info: { each: 0, atMost: 0 },
}

/** 100 less what the findings cost; never under 0. */
export function scoreOf(findings: readonly Finding[], deductions: Deductions = usualDeductions): number {
  const amounts = countBySeverity(findings)
  const lost = severities.reduce((sum, severity) => {
    const { each, atMost } = deductions[severity]
    return sum + Math.min(atMost, amounts[severity] * each)
  }, 0)
  return clampScore(100 - lost)
}

/**
 * A score for errors of a compiler or linter: 100 without any, about 70 at one in 1,000 lines, 40 at ten, 10 at a hundred.
 * Relative to size, so that a large repository is not punished for being large; each of the first ten errors costs a point in any case.
 */
export function densityScore(errors: number, lines: number): number {
  if (errors === 0) return 100
  const perThousand = (errors * 1000) / Math.max(lines, 200)
  return clampScore(Math.min(100 - Math.min(errors, 10), 70 - 30 * Math.log10(perThousand)))
}

export function clampScore(value: number): number {
  return Math.round(Math.max(0, Math.min(100, value)))
}

export function countBySeverity(findings: readonly Finding[]): Record<Severity, number> {
  const amounts: Record<Severity, number> = { high: 0, medium: 0, low: 0, info: 0 }
  for (const finding of findings) amounts[finding.severity] += 1
  return amounts
}

/** Findings with the gravest first; within one severity in the order in which the check gave them. */
export function bySeverity(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity))
}

/** Order by code unit: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
