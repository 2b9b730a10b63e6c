import type { JsonObject } from '../json.ts'
import { hideShapes } from '../secret-shapes.ts'
import type { Position } from './ir.ts'
import { type OutlineBlock, outlineBlocks } from './outline.ts'
import type { Problem } from './problem.ts'
import type { SourcePath, SpecSource } from './source.ts'

/** What a check found. */
export interface Finding {
  readonly code: string
  readonly message: string
  readonly at: SourcePath
  /** Whether the key at `at` is meant, or its value (unless told). */
  readonly part?: 'key' | 'value'
  /** Where it stands, when that is not where `at` does. */
  readonly position?: Position
  readonly severity?: Problem['severity']
}

/** What every check is given. */
export interface CheckContext {
  readonly data: JsonObject
  readonly stages: readonly OutlineBlock[]
  readonly source: SpecSource
  readonly report: (finding: Finding) => void
}

/** Collects findings as problems. What they quote is without the secrets that `hide` tells. */
export function createReport(
  source: SpecSource,
  stages: readonly OutlineBlock[],
  problems: Problem[],
  hide: (text: string) => string = hideShapes,
): CheckContext['report'] {
  const blocks = [...outlineBlocks(stages)]
  return ({ code, message, at, part, position, severity }) => {
    problems.push({
      code,
      severity: severity ?? 'error',
      message: hide(message),
      file: source.file,
      ...(position ?? source.position(at, part)),
      path: placeOf(at, blocks, hide),
    })
  }
}

function placeOf(at: SourcePath, blocks: readonly OutlineBlock[], hide: (text: string) => string): string {
  const inside = blocks.filter((block) => block.at.every((step, index) => at[index] === step))
  // The last one is the deepest, since a block comes before those in it.
  return inside.at(-1)?.path ?? at.map((step) => (typeof step === 'string' ? hide(step) : step)).join('.')
}
