import { basename } from 'node:path'
import { isCode, isTestCode, languageOf } from './classify.ts'
import { gitCommand, listTree } from './tree.ts'
import { runCommand } from './command.ts'
import type { CheckResult, Fact, StepContext } from './step.ts'
import { count, readInput, recordOf } from './step.ts'
import { lineCount, readJson, readTexts, sample } from './text.ts'

const mostRead = 20_000

/** What this repository is: languages, size, revision. Not scored. */
export async function overview(input: unknown, context: StepContext): Promise<CheckResult> {
  const { path } = readInput(input)
  const tree = await listTree(path, context)
  const own = tree.files.filter((file) => !file.generated && languageOf(file.path) !== undefined)
  const languages = new Map<string, { files: number; lines: number }>()
  let testLines = 0
  for await (const { file, text } of readTexts(tree, sample(own, mostRead), context.signal)) {
    const lines = lineCount(text)
    const language = languageOf(file.path) ?? 'other'
    const sum = languages.get(language) ?? { files: 0, lines: 0 }
    languages.set(language, { files: sum.files + 1, lines: sum.lines + lines })
    if (isTestCode(file.path)) testLines += lines
  }
  const ranked = [...languages].sort((a, b) => b[1].lines - a[1].lines)
  const lines = ranked.reduce((sum, [, { lines: some }]) => sum + some, 0)
  const manifest = recordOf(await readJson(path, 'package.json'))
  const main = ranked.slice(0, 3).map(([language]) => language)
  const facts: Record<string, Fact> = {
    name: typeof manifest.name === 'string' ? manifest.name : basename(path),
    description: typeof manifest.description === 'string' ? manifest.description : null,
    path,
    files: tree.files.length,
    filesTruncated: tree.truncated,
    codeFiles: own.filter((file) => isCode(file.path)).length,
    lines,
    testLines,
    megabytes: Math.round(tree.files.reduce((sum, file) => sum + file.bytes, 0) / 10_000) / 100,
    languages: ranked.slice(0, 12).map(([language, sum]) => ({ language, ...sum })),
    ...(await revision(path, 'top' in tree.git, context.signal)),
  }
  return {
    check: 'overview',
    title: 'Overview',
    score: null,
    summary: `${count(tree.files.length, 'file')}, ${count(lines, 'line')}${main.length === 0 ? '' : ` of ${main.join(', ')}`}`,
    findings: [],
    facts,
  }
}

async function revision(path: string, inGit: boolean, signal: AbortSignal): Promise<Record<string, Fact>> {
  if (!inGit) return { commit: null, branch: null, uncommitted: null }
  const git = async (...args: string[]): Promise<string | null> => {
    const result = await runCommand(gitCommand(...args), { cwd: path, signal, timeoutMs: 30_000 })
    return result.code === 0 ? result.stdout.trim() : null
  }
  const [commit, branch, changes] = await Promise.all([
    git('rev-parse', '--short=12', '--verify', '-q', 'HEAD'),
    git('symbolic-ref', '--short', '-q', 'HEAD'),
    git('status', '--porcelain=v1', '--untracked-files=normal', '--', '.'),
  ])
  const uncommitted = changes === null ? null : changes.split('\n').filter((line) => line !== '').length
  return { commit, branch, uncommitted }
}
