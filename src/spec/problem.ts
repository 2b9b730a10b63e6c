/** Something wrong in a spec, and where: what `check --json` prints. Lines and columns count from 1. */
export interface Problem {
  /** Stable, UPPER_SNAKE. */
  readonly code: string
  /** An error keeps the spec from loading; a warning does not. */
  readonly severity: 'error' | 'warning'
  readonly message: string
  /** Absolute. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** Path of the block it is about (`draft.literal`), else the keys to it (`agents.judge.model`); '' for the whole. */
  readonly path: string
}

/** `file:line:column CODE message`, as editors and terminals link it. */
export function formatProblem(problem: Problem): string {
  const warning = problem.severity === 'warning' ? 'warning ' : ''
  return `${problem.file}:${problem.line}:${problem.column} ${warning}${problem.code} ${problem.message}`
}

export function isError(problem: Problem): boolean {
  return problem.severity === 'error'
}

/** In the order of the file, each once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const unique = new Map(problems.map((problem) => [`${formatProblem(problem)} ${problem.path}`, problem]))
  return [...unique.values()].sort((a, b) => a.line - b.line || a.column - b.column || (a.code < b.code ? -1 : 1))
}
