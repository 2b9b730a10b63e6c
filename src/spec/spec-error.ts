import { UsageError } from '../errors.ts'
import { formatProblem, isError, type Problem } from './problem.ts'

/** The spec cannot be used: every problem found in it, errors and warnings, in the order of the file. */
export class SpecError extends UsageError {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const count = problems.filter(isError).length
    const lines = problems.map(formatProblem).join('\n')
    super('SPEC_INVALID', `The spec has ${count === 1 ? 'a problem' : `${count} problems`}:\n${lines}`, {
      details: problems.map((problem) => ({ ...problem })),
    })
    this.problems = problems
  }
}
