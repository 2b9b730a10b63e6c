import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isFixture, isTestCode, languageOf } from './classify.ts'
import { runCommand } from './command.ts'
import { emptyFile, parseLooseJson } from './loose-json.ts'
import type { Finding } from './step.ts'
import { brief, recordOf } from './step.ts'
import { readText, readTexts, sample } from './text.ts'
import type { Tree, TreeFile } from './tree.ts'

/** What came of parsing the files of one language. */
export interface SyntaxPart {
  readonly language: string
  readonly checked: number
  readonly total: number
  readonly findings: readonly Finding[]
  /** When it is not the number of findings. */
  readonly errors?: number
  /** Why nothing or not all was checked. */
  readonly note?: string
}

const mostFiles = 2_000
const mostConfirmations = 40
const timeoutMs = 120_000
const worker = fileURLToPath(new URL('./syntax-worker.ts', import.meta.url))

const pythonProgram = `
import ast, json, sys, warnings
warnings.simplefilter('ignore')
reader = ' (as Python %d.%d reads it)' % sys.version_info[:2]
for path in sys.stdin.read().split('\\n'):
    if not path: continue
    try:
        with open(path, 'rb') as file: ast.parse(file.read(), path)
    except SyntaxError as error: print(json.dumps({'path': path, 'line': error.lineno, 'message': error.msg + reader}))
    except (OSError, ValueError, RecursionError, MemoryError): pass
`

/** Parses the hand-written files of every language there is a parser for; runs none of them. */
export async function checkSyntax(tree: Tree, signal: AbortSignal, skipTypeScript: boolean): Promise<SyntaxPart[]> {
  const of = (match: RegExp): TreeFile[] =>
    tree.files.filter((file) => match.test(file.path) && !file.generated && !deliberatelyBroken(file.path))
  const parts = [
    skipTypeScript ? undefined : await checkTypeScript(tree, of(/\.[cm]?ts$/), signal),
    await checkJavaScript(tree, of(/\.[cm]?js$/), signal),
    await checkPython(tree, of(/\.pyi?$/), signal),
    await checkShell(tree, of(/\.(sh|bash)$/), signal),
    await checkJson(tree, of(/\.json$/), signal),
  ]
  return parts.filter((part) => part !== undefined).filter((part) => part.total > 0)
}

/** Files that tests of parsers and tools keep broken on purpose. */
function deliberatelyBroken(path: string): boolean {
  if (isFixture(path)) return true
  if (isTestCode(path) && /(^|\/)data\//.test(path)) return true
  const named = /(invalid|broken|malformed|bad|fail|error|syntax|unparse?able)/i.test(path)
  return named && (isTestCode(path) || /(^|\/)(tests?|examples?)\//.test(path))
}

async function checkTypeScript(tree: Tree, files: readonly TreeFile[], signal: AbortSignal): Promise<SyntaxPart> {
  const chosen = sample(files, mostFiles)
  const findings = await parseInNode(tree, chosen, signal)
  return { language: 'TypeScript', checked: chosen.length, total: files.length, findings, note: 'syntax only' }
}

async function checkJavaScript(tree: Tree, files: readonly TreeFile[], signal: AbortSignal): Promise<SyntaxPart> {
  const chosen = sample(files, mostFiles)
  const findings: Finding[] = []
  for (const suspect of (await parseInNode(tree, chosen, signal)).slice(0, mostConfirmations)) {
    const text = (await readText(tree.root, { path: suspect.file ?? '', bytes: 0 })) ?? ''
    // JSX and Flow are for a compiler; Node cannot judge them.
    if (/@flow\b|<\/[A-Za-z>]|\/>|^import type /m.test(text)) continue
    // Whether a file is a script or a module decides what is valid in it: Node itself has the last word.
    const argv = [process.execPath, '--check', join(tree.root, suspect.file ?? '')]
    const verdict = await runCommand(argv, { cwd: tree.root, signal, timeoutMs: 20_000 })
    if (verdict.code === null || verdict.code === 0) continue
    const line = Number(/^.*:(\d+)$/m.exec(verdict.stderr)?.[1])
    const message = /^SyntaxError: (.*)$/m.exec(verdict.stderr)?.[1]
    if (message !== undefined) findings.push(syntaxError(suspect.file ?? '', line, message))
  }
  return { language: 'JavaScript', checked: chosen.length, total: files.length, findings }
}

async function parseInNode(tree: Tree, files: readonly TreeFile[], signal: AbortSignal): Promise<Finding[]> {
  if (files.length === 0) return []
  const argv = [process.execPath, '--no-warnings', worker]
  const result = await runCommand(argv, { cwd: tree.root, signal, timeoutMs, stdin: pathList(tree, files) })
  if (result.code !== 0)
    throw new Error(`the syntax check ended early: ${result.stderr.trim().slice(0, 300) || 'out of time'}`)
  return faults(tree, result.stdout)
}

async function checkPython(tree: Tree, files: readonly TreeFile[], signal: AbortSignal): Promise<SyntaxPart> {
  const part = { language: 'Python', total: files.length }
  if (files.length === 0) return { ...part, checked: 0, findings: [] }
  const chosen = sample(files, mostFiles)
  const argv = ['python3', '-I', '-c', pythonProgram]
  const result = await runCommand(argv, { cwd: tree.root, signal, timeoutMs, stdin: pathList(tree, chosen) })
  if (!result.found || result.code !== 0) {
    return {
      ...part,
      checked: 0,
      findings: [],
      note: result.found ? 'python3 could not be run' : 'python3 is not installed',
    }
  }
  const found = faults(tree, result.stdout)
  const old = found.filter((finding) => /call to 'print'|call to 'exec'|multiple exception types/.test(finding.message))
  if (old.length * 2 > chosen.length) {
    const message = `${old.length} of ${chosen.length} Python files are for Python 2, which has had no fixes since 2020`
    return { ...part, checked: chosen.length, findings: [{ severity: 'high', message }], errors: found.length }
  }
  return { ...part, checked: chosen.length, findings: found }
}

async function checkShell(tree: Tree, files: readonly TreeFile[], signal: AbortSignal): Promise<SyntaxPart> {
  const chosen = sample(files, 200)
  const findings: Finding[] = []
  let checked = 0
  for await (const { file, text } of readTexts(tree, chosen, signal)) {
    const [firstLine = ''] = text.split('\n', 1)
    if (/^#!.*\b(zsh|ksh|fish)\b/.test(firstLine)) continue
    const shell = /^#!.*\b(sh|dash|ash)\s*$/.test(firstLine) ? 'sh' : 'bash'
    const result = await runCommand([shell, '-n', join(tree.root, file.path)], {
      cwd: tree.root,
      signal,
      timeoutMs: 10_000,
    })
    if (!result.found) continue
    checked += 1
    if (result.code === null || result.code === 0) continue
    const [, line, message] =
      /line (\d+): (.*)|: (\d+): (.*)/.exec(result.stderr)?.filter((group) => group !== undefined) ?? []
    findings.push(syntaxError(file.path, Number(line), message ?? 'does not parse'))
  }
  return { language: 'Shell', checked, total: files.length, findings }
}

async function checkJson(tree: Tree, files: readonly TreeFile[], signal: AbortSignal): Promise<SyntaxPart> {
  const chosen = sample(files, mostFiles)
  const findings: Finding[] = []
  let checked = 0
  for await (const { file, text } of readTexts(tree, chosen, signal)) {
    checked += 1
    const problem = parseLooseJson(text)
    if (problem === undefined) continue
    const finding = syntaxError(file.path, problem.line ?? 0, problem.message)
    findings.push(problem.message === emptyFile ? { ...finding, severity: 'low' } : finding)
  }
  return { language: 'JSON', checked, total: files.length, findings }
}

function faults(tree: Tree, output: string): Finding[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => {
      const { path, line: at, message } = recordOf(JSON.parse(line))
      return syntaxError(relative(tree.root, String(path)).replaceAll('\\', '/'), Number(at), String(message))
    })
}

function syntaxError(file: string, line: number, message: string): Finding {
  return {
    severity: 'high',
    file,
    ...(line > 0 ? { line } : {}),
    message: `${languageOf(file) ?? 'JSON'} syntax error: ${brief(message, 160)}`,
  }
}

function pathList(tree: Tree, files: readonly TreeFile[]): string {
  return files
    .map((file) => join(tree.root, file.path))
    .filter((path) => !path.includes('\n'))
    .join('\n')
}
