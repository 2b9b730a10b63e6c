import type { Json } from '../json.ts'

/** Environment variables that the workflow lists, by name; what is not set is absent. */
export type Environment = Readonly<Record<string, string>>

/** What expressions are evaluated with, besides their scope. */
export interface Evaluation {
  readonly env: Environment
  /** Takes secrets out of what an expression gave before it is kept. */
  readonly redact: (value: Json) => Json
}
