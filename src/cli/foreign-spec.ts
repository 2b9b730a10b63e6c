import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { stringify } from 'yaml'
import { UsageError } from '../errors.ts'
import type { DialectName } from '../spec/dialects/translation.ts'
import { loadSpec } from '../spec/load.ts'
import type { Problem } from '../spec/problem.ts'
import { textReader } from '../spec/read-spec.ts'
import { readText } from '../spec/source.ts'
import { analyseFile } from '../spec/workflow-list.ts'

export interface TranslatedSpec {
  readonly dialect: DialectName
  readonly text: string
  /** The secrets that are in it, and so in the translation. */
  readonly warnings: readonly Problem[]
}

/** A spec of any form in our own language, as YAML. Throws SpecError with what is wrong in it. */
export async function translatedSpec(file: string): Promise<TranslatedSpec> {
  if (!/\.(ya?ml|json)$/i.test(file)) {
    throw new UsageError('IMPORT_FORMAT', `${file} is a module, and functions cannot be written as YAML: run it as it is.`)
  }
  const { dialect, warnings } = await loadSpec(file)
  const { source, data } = readText(await readFile(file, 'utf8'), file, file.toLowerCase().endsWith('.json') ? 'json' : 'yaml')
  const { context } = analyseFile(data, source, { positions: false, readText: textReader(dirname(file)) })
  const path = functionIn(context.data)
  if (path !== undefined) {
    throw new UsageError(
      'IMPORT_HAS_FUNCTIONS',
      `${file} names functions (for \`${path.join('.')}\`), which cannot be written as YAML: run it as it is, its form stays supported.`,
    )
  }
  const text = stringify(context.data, { lineWidth: 0, aliasDuplicateObjects: false })
  return { dialect, text, warnings: warnings.filter(({ code }) => code === 'SECRET_IN_SPEC') }
}

/** Where a function stands in a translation: a guard, mapper or reducer of the file that was given by its name. */
function functionIn(value: unknown, at: readonly string[] = []): readonly string[] | undefined {
  if (typeof value === 'function') return at
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, inner] of Object.entries(value)) {
    const found = functionIn(inner, [...at, key])
    if (found !== undefined) return found
  }
  return undefined
}
