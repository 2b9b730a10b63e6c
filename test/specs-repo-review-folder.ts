import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { CheckResult, StepContext } from '../specs/repo-review/step.ts'

/** A temporary folder with these files; gone when the test ends. */
export function folderOf(files: Readonly<Record<string, string | Buffer>>): string {
  const root = mkdtempSync(join(tmpdir(), 'review-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  addFiles(root, files)
  return root
}

export function addFiles(root: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
}

/** The same as a git repository, everything in one commit made `daysAgo`. */
export function repositoryOf(files: Readonly<Record<string, string | Buffer>>, daysAgo = 0): string {
  const root = folderOf(files)
  git(root, 'init', '--quiet', '--initial-branch=main')
  commit(root, 'one', daysAgo)
  return root
}

/** Commits everything there is; each commit has its own time, `daysAgo` before now. */
export function commit(root: string, author: string, daysAgo = 0): void {
  git(root, 'add', '--all')
  const at = new Date(Date.now() - daysAgo * 86_400_000).toISOString()
  const who = { GIT_AUTHOR_NAME: author, GIT_AUTHOR_EMAIL: `${author}@example.com`, GIT_AUTHOR_DATE: at }
  const too = { GIT_COMMITTER_NAME: author, GIT_COMMITTER_EMAIL: `${author}@example.com`, GIT_COMMITTER_DATE: at }
  git(root, ['commit', '--quiet', '--allow-empty', '-m', 'change'], { ...who, ...too })
}

function git(root: string, ...rest: string[] | [string[], Record<string, string>]): void {
  const [first, second] = rest
  const args = Array.isArray(first) ? first : (rest as string[])
  const env = typeof second === 'object' ? second : {}
  execFileSync('git', ['-c', 'commit.gpgsign=false', ...args], { cwd: root, env: { ...process.env, ...env }, stdio: 'pipe' })
}

export class Skipped extends Error {}

let runs = 0
/** A context like the engine's, each a run of its own; `skip` throws Skipped. */
export function contextFor(artifactsDir = tmpdir(), signal = new AbortController().signal): StepContext {
  runs += 1
  return {
    signal,
    runId: `run-${runs}`,
    log: () => undefined,
    skip: (reason) => {
      throw new Skipped(reason)
    },
    artifactsDir,
  }
}

/** What a check found, one line per finding: `severity file:line message`. */
export function foundBy(result: CheckResult): string[] {
  return result.findings.map(({ severity, file, line, message }) =>
    [severity, file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}`, message].filter((part) => part !== '').join(' '),
  )
}
