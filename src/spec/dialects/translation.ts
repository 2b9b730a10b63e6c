import type { JsonObject } from '../../json.ts'
import type { Finding } from '../report.ts'
import type { SourcePath } from '../source.ts'

export type DialectName = 'forkchart' | 'steps'

/** A spec in our own spelling, whatever it was written in. */
export interface Translation {
  readonly dialect: DialectName
  readonly data: JsonObject
  /** The path in the file of a path in `data`. */
  readonly original: (path: SourcePath) => SourcePath
  /** What is wrong with the spec in its own terms. */
  readonly findings: readonly Finding[]
}
