import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { UsageError } from '../errors.ts'
import { isPairOrJson } from './input.ts'

interface FileAndInput {
  readonly file: string
  readonly input: readonly string[]
}

/**
 * The file that a command is about and the values of `--input`, which takes all words that follow it: also the file, when
 * that comes last. It is found again when it is the only one among them, but for the first, that is neither `key=value` nor
 * JSON, or the only such one that is there. Throws UsageError FILE_NOT_NAMED.
 */
export function fileAndInput(file: string | undefined, input: readonly string[], cwd: string): FileAndInput {
  if (file !== undefined) return { file, input }
  const words = input.map((word, place) => ({ word, place })).filter(({ word, place }) => place > 0 && !isPairOrJson(word))
  const found = words.length === 1 ? words : words.filter(({ word }) => existsSync(resolve(cwd, word)))
  const [only] = found
  if (only === undefined || found.length > 1) {
    const which = found.length > 1 ? ` It may be ${found.map(({ word }) => word).join(' or ')}: name it before --input.` : ''
    throw new UsageError('FILE_NOT_NAMED', `The command does not say which file it is for.${which}`)
  }
  return { file: only.word, input: input.filter((_, place) => place !== only.place) }
}
