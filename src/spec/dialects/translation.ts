import type { Json, JsonObject } from '../../json.ts'
import type { Finding } from '../report.ts'
import type { SourcePath } from '../source.ts'

/**
 * How a spec is written: in our own form; as flat `steps` or as `stages` with steps that name agents; as the stages and
 * their order of a `stages.yaml`; as groups of stages that depend on each other.
 */
export type DialectName = 'forkchart' | 'steps' | 'stages' | 'stage-order' | 'stage-groups'

/** A spec in our own spelling, whatever it was written in. */
export interface Translation {
  readonly dialect: DialectName
  readonly data: JsonObject
  /** The path in the file of a path in `data`. */
  readonly original: (path: SourcePath) => SourcePath
  /** What is wrong with the spec in its own terms. */
  readonly findings: readonly Finding[]
}

/** A guard, mapper or reducer of a foreign spec; what it returns may be a promise. */
export type HookFunction = (input: Json, priorSteps: readonly JsonObject[], ...rest: readonly unknown[]) => unknown

/** What a translation needs to know beside the spec itself. */
export interface TranslationOptions {
  /** The file of the spec; absolute. */
  readonly file: string
  /** Functions that the spec may name, by the names it has for them. */
  readonly functions?: Readonly<Record<string, HookFunction>>
  /** Reads a text by its path, relative to the spec; undefined when there is none. */
  readonly readText?: (path: string) => string | undefined
}

/** The same without the keys that are undefined. */
export function present(value: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined))
}
