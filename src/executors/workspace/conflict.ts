import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TerminalError } from '../../errors.ts'
import { git, gitText, type Repository } from './git.ts'

interface Kept {
  readonly path: string
  readonly repository: Repository
  readonly folder: string
  readonly branch: string
}

/** Files of a merge under way that both sides changed. */
export async function conflicting(folder: string): Promise<string[]> {
  const { stdout } = await git(folder, 'diff', '--name-only', '--diff-filter=U')
  return stdout.split('\n').filter((file) => file !== '')
}

/** Files of a merge that was not finished, which nobody has made one again. */
export async function stillMarked(folder: string): Promise<string[]> {
  const top = await gitText(folder, 'rev-parse', '--show-toplevel')
  const files = await conflicting(folder)
  const texts = await Promise.all(files.map((file) => readFile(join(top, file), 'utf8').catch(() => '')))
  return files.filter((_, index) => /^<{7} /m.test(texts[index] ?? ''))
}

/** What fails a step whose changes are kept and not merged. */
export function conflict({ repository, folder, branch, path }: Kept, files: readonly string[], why: string): TerminalError {
  return new TerminalError(
    'MERGE_CONFLICT',
    `The changes of "${path}" cannot be merged into ${repository.top}: ${why}. They are kept on the branch ${branch} in ${folder}; ` +
      `another attempt of the step finds both versions there, marked. By hand: git merge ${branch}, then ` +
      `git worktree remove --force ${folder} and git branch -D ${branch}.`,
    { path, details: { files, branch, folder } },
  )
}

/** Names of files, for a message. */
export function listed(files: readonly string[]): string {
  const some = files.slice(0, 10).join(', ')
  return files.length > 10 ? `${some} and ${files.length - 10} more` : some
}
