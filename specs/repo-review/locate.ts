import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { StepContext } from './step.ts'
import { count, readInput } from './step.ts'
import { listTree } from './tree.ts'

/** First stage: the folder to review, absolute, with what else the checks are told. Throws when there is nothing to review. */
export async function locate(input: unknown, context: StepContext) {
  const review = readInput(input)
  const found = await stat(review.path).catch(() => undefined)
  if (found === undefined) throw new Error(`there is no folder ${review.path}; name one with --input path=...`)
  if (!found.isDirectory()) throw new Error(`${review.path} is not a folder; name one with --input path=...`)
  const tree = await listTree(review.path, context)
  if (tree.files.length === 0)
    throw new Error(`${review.path} holds no files to review (what git ignores does not count)`)
  context.log(`${count(tree.files.length, 'file')} in ${review.path}`)
  return { ...review, name: basename(review.path), files: tree.files.length, git: 'top' in tree.git }
}
