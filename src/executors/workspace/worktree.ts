import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { TerminalError } from '../../errors.ts'
import type { ExecutionContext } from '../executor.ts'
import type { OwnFolder } from './workspace.ts'
import { conflict, conflicting, listed, stillMarked } from './conflict.ts'
import { alone, git, gitText, type Repository, repositoryOf } from './git.ts'

interface Place {
  readonly runId: string
  readonly path: string
  /** Folder of the run. */
  readonly from: string
  /** Where worktrees of the run are. */
  readonly under: string
  readonly log: ExecutionContext['log']
}

/**
 * A git worktree on a branch of its own, `forkchart/<run>/<step>`, from the current HEAD of the repository that the
 * folder of the run is in. One that is there already, of an earlier attempt, is gone on with, and gets what was merged
 * meanwhile; where that contradicts what is there, the files hold both, marked. Changes of tracked files that are not committed refuse it (TerminalError WORKSPACE_DIRTY): they would be in nobody's worktree, and in the way
 * of the merge.
 */
export async function openWorktree(place: Place): Promise<OwnFolder> {
  const repository = await repositoryOf(place.from)
  const folder = join(place.under, place.path)
  const branch = branchName(place)
  await alone(repository, async () => {
    const changed = await gitText(repository.top, 'status', '--porcelain', '--untracked-files=no')
    if (changed !== '') {
      const files = changed.split('\n').map((line) => line.slice(3))
      throw new TerminalError(
        'WORKSPACE_DIRTY',
        `${repository.top} has changes that are not committed (${listed(files)}): a worktree would not have them. Commit or stash them, then start again.`,
        { details: { files } },
      )
    }
    if (await isWorktree(folder)) return
    await mkdir(dirname(folder), { recursive: true })
    await writeFile(join(place.under, '.gitignore'), '*\n')
    await git(repository.top, 'worktree', 'prune')
    const known = (await git(repository.top, 'rev-parse', '--verify', '--quiet', `refs/heads/${branch}`)).code === 0
    await gitText(repository.top, 'worktree', 'add', '--quiet', ...(known ? [folder, branch] : ['-b', branch, folder, 'HEAD']))
  })
  const cwd = join(folder, repository.inside)
  await mkdir(cwd, { recursive: true })
  const worktree = { ...place, repository, folder, branch }
  await catchUp(worktree)
  return { cwd, finish: () => bringBack(worktree), giveUp: () => leave(worktree) }
}

interface Worktree extends Place {
  readonly repository: Repository
  readonly folder: string
  readonly branch: string
}

/** Merges what came since it was made, be it with conflicts: those are for the agent. */
async function catchUp(worktree: Worktree): Promise<void> {
  const { repository, folder, branch, log } = worktree
  const behind = await gitText(repository.top, 'rev-list', '--count', `${branch}..HEAD`)
  if (behind === '0' || (await isMerging(folder))) return
  await commitAll(worktree)
  const head = await gitText(repository.top, 'rev-parse', 'HEAD')
  const merged = await git(folder, 'merge', '--quiet', '-m', 'What was merged meanwhile', head)
  if (merged.code !== 0) log(`${folder} contradicts what was merged meanwhile, marked in ${listed(await conflicting(folder))}`)
}

async function isMerging(folder: string): Promise<boolean> {
  return (await git(folder, 'rev-parse', '--verify', '--quiet', 'MERGE_HEAD')).code === 0
}

/** Commits what is there and merges it into what the folder of the run has checked out. Throws TerminalError MERGE_CONFLICT. */
async function bringBack(worktree: Worktree): Promise<void> {
  const { repository, folder, branch, path, runId, log } = worktree
  if (!(await isWorktree(folder))) return
  const marked = await stillMarked(folder)
  if (marked.length > 0) throw conflict(worktree, marked, `both sides changed ${listed(marked)}, and the marks of it are still in there`)
  await commitAll(worktree)
  await alone(repository, async () => {
    const ahead = await gitText(repository.top, 'rev-list', '--count', `HEAD..${branch}`)
    if (ahead !== '0') {
      const merged = await git(repository.top, 'merge', '--no-ff', '--quiet', '-m', `Merge ${path} of run ${runId}`, branch)
      if (merged.code !== 0) throw await undone(worktree, merged.stderr || merged.stdout)
      log(`merged ${branch} (${ahead} ${ahead === '1' ? 'commit' : 'commits'}) into ${repository.top}`)
    }
    await remove(worktree)
  })
}

async function commitAll({ folder, path, runId }: Worktree): Promise<void> {
  await gitText(folder, 'add', '--all')
  if ((await git(folder, 'diff', '--cached', '--quiet')).code === 0) return
  await gitText(folder, 'commit', '--quiet', '--no-verify', '-m', `${path} of run ${runId}`)
}

/** The folder of the run is again as it was before a merge that failed. */
async function undone(worktree: Worktree, said: string): Promise<TerminalError> {
  const { top } = worktree.repository
  const files = await conflicting(top)
  // Nothing to abort when git did not even begin.
  await git(top, 'merge', '--abort')
  return conflict(worktree, files, files.length > 0 ? `both sides changed ${listed(files)}` : said.trim())
}

/** After a failure: nothing is left of it unless it holds work. */
async function leave(worktree: Worktree): Promise<void> {
  const { repository, folder, branch, log } = worktree
  if (!(await isWorktree(folder))) return
  const changed = await gitText(folder, 'status', '--porcelain')
  const ahead = await gitText(repository.top, 'rev-list', '--count', `HEAD..${branch}`)
  if (changed === '' && ahead === '0') await alone(repository, () => remove(worktree))
  else log(`what it changed is kept on the branch ${branch} in ${folder}; another attempt goes on there`)
}

async function remove({ repository, folder, branch }: Worktree): Promise<void> {
  if ((await git(repository.top, 'worktree', 'remove', '--force', folder)).code !== 0) {
    await rm(folder, { recursive: true, force: true })
    await git(repository.top, 'worktree', 'prune')
  }
  await git(repository.top, 'branch', '--quiet', '-D', branch)
}

async function isWorktree(folder: string): Promise<boolean> {
  return stat(join(folder, '.git')).then((found) => found.isFile(), () => false)
}

/** Names that git takes: no two dots, and no part that ends with `.lock` or a dot. */
function branchName({ runId, path }: Place): string {
  const safe = (text: string): string => text.replace(/\.{2,}|^\./g, '_').replace(/\.(lock)?$/, '_$1')
  return `forkchart/${safe(runId)}/${safe(path)}`
}
