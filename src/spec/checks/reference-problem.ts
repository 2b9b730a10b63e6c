/** What is wrong with a name that an expression reads. */
export interface ReferenceProblem {
  readonly code: string
  readonly message: string
  /** Into the expression as it was parsed. */
  readonly offset: number
}
