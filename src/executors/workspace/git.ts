import { execFile } from 'node:child_process'
import { realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { nodeErrorCode, RetryableError, TerminalError } from '../../errors.ts'

export interface GitResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const largestAnswer = 256 * 1024 * 1024
/** How often and how far apart git is asked again while another process writes in the repository. */
const [lockTries, lockWaitMs] = [100, 50]
const locked = /\.lock'?:? (?:File exists|.*exists)|Unable to create '.*\.lock'|cannot lock ref|index file open failed/i

/** Runs git in a folder, without hooks, signatures, prompts or an editor; waits while another process holds its lock. */
export async function git(folder: string, ...args: readonly string[]): Promise<GitResult> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await once(folder, args)
    if (result.code === 0 || attempt === lockTries || !locked.test(result.stderr)) return result
    await sleep(lockWaitMs)
  }
}

/** What git prints; throws RetryableError GIT_FAILED when it fails. */
export async function gitText(folder: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await git(folder, ...args)
  if (code !== 0) throw new RetryableError('GIT_FAILED', `git ${args.join(' ')} failed in ${folder}: ${stderr.trim() || `exit code ${code}`}`)
  return stdout.trimEnd()
}

async function once(folder: string, args: readonly string[]): Promise<GitResult> {
  const author = { name: 'Forkchart', email: 'forkchart@localhost' }
  const env = {
    ...withoutRepository(process.env),
    GIT_TERMINAL_PROMPT: '0',
    GIT_EDITOR: 'true',
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_COMMITTER_NAME: author.name,
    GIT_COMMITTER_EMAIL: author.email,
    LC_ALL: 'C',
  }
  const fixed = ['-c', 'core.hooksPath=/dev/null', '-c', 'commit.gpgSign=false', '-c', 'core.quotePath=false', '-c', 'gc.auto=0']
  const { promise, resolve, reject } = Promise.withResolvers<GitResult>()
  execFile('git', [...fixed, ...args], { cwd: folder, env, maxBuffer: largestAnswer }, (error, stdout, stderr) => {
    const code = error === null ? 0 : error.code
    if (typeof code === 'number') resolve({ code, stdout, stderr })
    else if (nodeErrorCode(error) === 'ENOENT') reject(new TerminalError('GIT_NOT_INSTALLED', `git cannot be run in ${folder}. Install it; \`workspace: shared\` does without.`))
    else reject(new RetryableError('GIT_FAILED', `git ${args.join(' ')} was ended in ${folder}: ${error?.message ?? ''}`))
  })
  return promise
}

/** Without what ties git to another repository, as in a hook. */
function withoutRepository(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^GIT_(?:DIR|WORK_TREE|INDEX_FILE|COMMON_DIR|PREFIX|OBJECT_DIRECTORY)$/.test(name)))
}

export interface Repository {
  /** The top folder of its working tree. */
  readonly top: string
  /** What all its worktrees share. */
  readonly common: string
  /** Where in the repository the folder is: '' at its top. */
  readonly inside: string
}

/** The repository that a folder is in; throws TerminalError WORKSPACE_NOT_A_REPOSITORY, WORKSPACE_NO_COMMIT. */
export async function repositoryOf(folder: string): Promise<Repository> {
  const found = await git(folder, 'rev-parse', '--show-toplevel', '--git-common-dir')
  const [top = '', common = ''] = found.stdout.trimEnd().split('\n')
  if (found.code !== 0 || top === '') {
    throw new TerminalError('WORKSPACE_NOT_A_REPOSITORY', `${folder} is in no git repository, so no worktree of it can be made. Make it one (git init, and a first commit), or use \`workspace: copy\`.`)
  }
  if ((await git(folder, 'rev-parse', '--verify', '--quiet', 'HEAD^{commit}')).code !== 0) {
    throw new TerminalError('WORKSPACE_NO_COMMIT', `The repository ${top} has no commit yet, so no worktree of it can be made. Commit something first.`)
  }
  const inside = relative(await realpath(top), await realpath(folder))
  return { top, common: await realpath(isAbsolute(common) ? common : resolve(folder, common)), inside: inside === '' ? '' : join(inside) }
}

const queues = new Map<string, Promise<unknown>>()

/** One after another for each repository, in the order asked for. */
export async function alone<T>({ common }: Repository, work: () => Promise<T>): Promise<T> {
  const before = queues.get(common) ?? Promise.resolve()
  const mine = before.then(work, work)
  queues.set(common, mine)
  try {
    return await mine
  } finally {
    if (queues.get(common) === mine) queues.delete(common)
  }
}
