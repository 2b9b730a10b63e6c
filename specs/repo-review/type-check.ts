import { rm } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { isCode, languageOf } from './classify.ts'
import { runCommand } from './command.ts'
import { findLocalTool } from './local-tool.ts'
import { bySeverity, densityScore } from './score.ts'
import type { CheckResult, Finding, StepContext } from './step.ts'
import { brief, count, readInput, recordOf } from './step.ts'
import { checkSyntax } from './syntax.ts'
import { listTree, type Tree } from './tree.ts'
import { parseLooseObject } from './loose-json.ts'
import { readText } from './text.ts'

const typeCheckTimeoutMs = 180_000
const mostProjects = 12
const mostFindings = 60
/** Bytes of an average line of code: good enough to set errors in proportion. */
const bytesPerLine = 35

/** Types as the repository's own compiler sees them; for the rest, whether every file parses. */
export async function typeCheck(input: unknown, context: StepContext): Promise<CheckResult> {
  const { path, tools } = readInput(input)
  const tree = await listTree(path, context)
  const types = await checkTypes(tree, context, tools === 'none')
  const parts = await checkSyntax(tree, context.signal, types.ran)
  const findings = bySeverity([...types.findings, ...parts.flatMap((part) => part.findings)])
  const checked = parts.filter((part) => part.checked > 0)
  if (!types.ran && checked.length === 0)
    context.skip('no file in a language that can be checked here (TypeScript, JavaScript, Python, shell, JSON)')
  const code = tree.files.filter(
    (file) => !file.generated && (isCode(file.path) || file.path.endsWith('.json')),
  )
  const lines = code.reduce((sum, file) => sum + file.bytes, 0) / bytesPerLine
  const done = [
    ...(types.ran ? [`${count(types.errors, 'type error')}`] : []),
    ...checked.map(
      (part) =>
        `${part.language} syntax of ${count(part.checked, 'file')}${part.checked < part.total ? ` (of ${part.total})` : ''}`,
    ),
  ]
  const unchecked = uncheckedLanguages(tree, [
    ...checked.map((part) => part.language),
    ...(types.ran ? ['TypeScript'] : []),
  ])
  const errors = types.errors + parts.reduce((sum, part) => sum + (part.errors ?? part.findings.length), 0)
  return {
    check: 'typecheck',
    title: 'Types and syntax',
    score: densityScore(errors, lines),
    summary: `${errors === 0 ? 'no errors' : count(errors, 'error')}; checked: ${done.join(', ')}`,
    findings: findings.slice(0, mostFindings),
    facts: {
      errors,
      typeChecker: types.ran ? types.version : null,
      typeCheckNote: types.note ?? null,
      syntax: parts.map(({ language, checked: some, total, note }) => ({
        language,
        checked: some,
        total,
        note: note ?? null,
      })),
      notChecked: unchecked,
    },
  }
}

interface TypeVerdict {
  readonly ran: boolean
  readonly version: string
  readonly errors: number
  readonly findings: readonly Finding[]
  readonly note?: string
}

async function checkTypes(tree: Tree, context: StepContext, forbidden: boolean): Promise<TypeVerdict> {
  const no = (note: string): TypeVerdict => ({ ran: false, version: '', errors: 0, findings: [], note })
  if (!tree.files.some((file) => languageOf(file.path) === 'TypeScript' && !file.generated))
    return no('no TypeScript')
  const projects = await findProjects(tree)
  if (projects.length === 0) return no('no tsconfig.json')
  if (forbidden) return no('the tools of the repository were not to be used')
  const compiler = await findLocalTool(tree, 'tsc')
  if (compiler === undefined)
    return no('the repository has no TypeScript installed: types were not checked, only syntax')
  const { signal } = context
  const version = await runCommand([compiler, '--version'], { cwd: tree.root, signal, timeoutMs: 20_000 })
  const found = new Map<string, Finding>()
  for (const project of projects) {
    context.log(`tsc on ${project}`)
    const verdict = await runProject(tree, compiler, project, context)
    if (typeof verdict === 'string') return no(verdict)
    for (const finding of verdict) found.set(`${finding.file}:${finding.line}:${finding.message}`, finding)
  }
  return { ran: true, version: version.stdout.trim(), errors: found.size, findings: [...found.values()] }
}

async function runProject(
  tree: Tree,
  compiler: string,
  project: string,
  context: StepContext,
): Promise<Finding[] | string> {
  // Incremental with its file elsewhere: no project writes anything into the reviewed tree.
  const record = join(context.artifactsDir, `typecheck-${project.replaceAll('/', '-')}.tsbuildinfo`)
  const argv = [
    compiler,
    '-p',
    project,
    '--noEmit',
    '--emitDeclarationOnly',
    'false',
    '--pretty',
    'false',
    '--incremental',
    '--tsBuildInfoFile',
    record,
  ]
  const result = await runCommand(argv, { cwd: tree.root, signal: context.signal, timeoutMs: typeCheckTimeoutMs })
  await rm(record, { force: true })
  if (result.timedOut) return `tsc took longer than ${typeCheckTimeoutMs / 60_000} minutes`
  const findings = parseCompilerOutput(result.stdout, tree.root)
  if (result.code !== 0 && findings.length === 0 && !result.stdout.includes('TS6305')) {
    return `tsc could not run: ${brief(result.stderr || result.stdout, 200)}`
  }
  return findings
}

/** The errors in what `tsc --pretty false` prints. A referenced project that is not built (TS6305) is no error of the code. */
export function parseCompilerOutput(output: string, root: string): Finding[] {
  return output.split(/\r?\n/).flatMap((line): Finding[] => {
    const [, place, at, code = '', text = ''] = /^(?:(.+?)\((\d+),\d+\): )?error (TS\d+): (.*)$/.exec(line) ?? []
    if (code === '' || code === 'TS6305') return []
    const message = `${code}: ${brief(text, 200)}`
    if (place === undefined) return [{ severity: 'medium', message }]
    return [
      {
        severity: 'medium',
        file: relative(root, resolve(root, place)).replaceAll('\\', '/'),
        line: Number(at),
        message,
      },
    ]
  })
}

/** The tsconfig files to check: the root's, or the ones it only refers to, or those of the packages. */
async function findProjects(tree: Tree): Promise<string[]> {
  const read = async (path: string) => parseLooseObject((await readText(tree.root, { path, bytes: 0 })) ?? '')
  const all = tree.files
    .filter((file) => /(^|\/)tsconfig\.json$/.test(file.path) && !file.generated)
    .map((file) => file.path)
  if (!all.includes('tsconfig.json')) return all.filter((path) => path.split('/').length <= 3).slice(0, mostProjects)
  const root = await read('tsconfig.json')
  const references = Array.isArray(root.references) ? root.references : []
  const onlyRefers = Array.isArray(root.files) && root.files.length === 0 && root.include === undefined
  if (!onlyRefers || references.length === 0) return ['tsconfig.json']
  const known = new Set(tree.files.map((file) => file.path))
  return references
    .map((reference) =>
      String(recordOf(reference).path ?? '')
        .replace(/^\.\//, '')
        .replace(/\/$/, ''),
    )
    .map((path) => (path.endsWith('.json') ? path : join(path, 'tsconfig.json')))
    .filter((path) => known.has(path) && dirname(path) !== '..')
    .slice(0, mostProjects)
}

function uncheckedLanguages(tree: Tree, checked: readonly string[]): { language: string; files: number }[] {
  const amounts = new Map<string, number>()
  for (const file of tree.files) {
    const language = languageOf(file.path)
    if (language === undefined || !isCode(file.path) || file.generated || checked.includes(language)) continue
    amounts.set(language, (amounts.get(language) ?? 0) + 1)
  }
  return [...amounts].map(([language, files]) => ({ language, files })).sort((a, b) => b.files - a.files)
}
