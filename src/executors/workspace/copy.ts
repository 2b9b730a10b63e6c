import { constants } from 'node:fs'
import { cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { ExecutionContext } from '../executor.ts'
import type { OwnFolder } from './workspace.ts'
import { git, gitText } from './git.ts'

interface Place {
  readonly path: string
  /** Folder of the run. */
  readonly from: string
  /** Where copies of the run are. */
  readonly under: string
  /** Where the patch goes. */
  readonly artifactsDir: string
  readonly log: ExecutionContext['log']
}

/** Folders that are not copied: the history, and the store where it usually is. */
const left = new Set(['.git', '.forkchart'])

/**
 * A copy of the folder of the run, without its git history; it is a small repository of its own, so that what was changed
 * in it can be told. The changes become `<step>.patch` among the artifacts, and the folder of the run stays as it was:
 * `git apply` brings them there. A copy that is there already, of an earlier attempt, is gone on with.
 */
export async function openCopy(place: Place): Promise<OwnFolder> {
  const folder = join(place.under, place.path)
  if (!(await isDone(folder))) {
    await rm(folder, { recursive: true, force: true })
    await copyInto(place.from, folder, place.under)
    await gitText(folder, 'init', '--quiet')
    await writeFile(join(folder, '.git', 'info', 'exclude'), '.forkchart/\n')
    await gitText(folder, 'add', '--all')
    await gitText(folder, 'commit', '--quiet', '--allow-empty', '--no-verify', '-m', 'as it was')
    await gitText(folder, 'tag', baseline)
  }
  const keep = (): Promise<boolean> => keepPatch(place, folder)
  return {
    cwd: folder,
    finish: async () => {
      await keep()
      await rm(folder, { recursive: true, force: true })
    },
    giveUp: async () => {
      if (await keep()) place.log(`what it changed is kept in ${folder}; another attempt goes on there`)
      else await rm(folder, { recursive: true, force: true })
    },
  }
}

const baseline = 'forkchart-start'

async function isDone(folder: string): Promise<boolean> {
  const there = await stat(join(folder, '.git')).then(() => true, () => false)
  return there && (await git(folder, 'rev-parse', '--verify', '--quiet', `refs/tags/${baseline}`)).code === 0
}

/** True when something was changed. */
async function keepPatch({ path, artifactsDir, log }: Place, folder: string): Promise<boolean> {
  if (!(await isDone(folder))) return false
  await gitText(folder, 'add', '--all')
  const { stdout } = await git(folder, 'diff', '--cached', '--binary', baseline)
  if (stdout === '') return false
  const file = join(artifactsDir, `${path}.patch`)
  await writeFile(file, stdout)
  log(`what it changed in its copy is in ${file}`)
  return true
}

/** All but `avoid` and what is left out; `to` may lie somewhere in `from`. */
async function copyInto(from: string, to: string, avoid: string): Promise<void> {
  await mkdir(to, { recursive: true })
  for (const entry of await readdir(from)) {
    const source = join(from, entry)
    if (left.has(entry) || source === avoid) continue
    if (avoid.startsWith(source + sep)) await copyInto(source, join(to, entry), avoid)
    else await cp(source, join(to, entry), { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE })
  }
}
