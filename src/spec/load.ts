import { readFile } from 'node:fs/promises'
import { dirname, extname, resolve } from 'node:path'
import { nodeErrorCode, UsageError } from '../errors.ts'
import type { StepFunction } from '../step-function.ts'
import { type Analysis, analyse, isUsable, unreadable } from './analyse.ts'
import { checkModules } from './checks/modules.ts'
import type { WorkflowSpec } from './define-workflow.ts'
import type { DialectName, HookFunction } from './dialects/translation.ts'
import { importModule } from './import-module.ts'
import type { Workflow } from './ir.ts'
import { isError, type Problem, sortProblems } from './problem.ts'
import { plainSource, readText } from './source.ts'
import { SpecError } from './spec-error.ts'

/** A spec that passed every check. */
export interface LoadedSpec {
  readonly workflow: Workflow
  /** Absolute. */
  readonly file: string
  /** The folder that relative paths in the spec start from. Absolute. */
  readonly dir: string
  readonly text: string
  readonly dialect: DialectName
  /** The functions that stood in a TypeScript spec, by the names that the workflow has for them. */
  readonly functions: Readonly<Record<string, StepFunction>>
  readonly warnings: readonly Problem[]
}

/** What `checkSpec` found; `loaded` is there when no problem is an error. */
export interface SpecCheck {
  readonly ok: boolean
  readonly problems: readonly Problem[]
  readonly loaded?: LoadedSpec
}

export interface LoadOptions {
  /** Functions that specs of older forms name as guards, mappers and reducers, by the names they have for them. */
  readonly functions?: Readonly<Record<string, HookFunction>>
}

const formats: Readonly<Record<string, 'yaml' | 'json' | 'module'>> = {
  '.yaml': 'yaml', '.yml': 'yaml', '.json': 'json', '.ts': 'module', '.mts': 'module', '.js': 'module', '.mjs': 'module',
}

/**
 * Loads a spec and checks it. Throws SpecError with all problems at once, and UsageError SPEC_NOT_FOUND,
 * SPEC_UNREADABLE or SPEC_FORMAT when there is nothing to check. Loads the modules that the spec calls.
 */
export async function loadSpec(file: string, options: LoadOptions = {}): Promise<LoadedSpec> {
  const { problems, loaded } = await checkSpec(file, options)
  if (loaded === undefined) throw new SpecError(problems)
  return loaded
}

/** Like `loadSpec`, but problems of the spec are given back, not thrown. */
export async function checkSpec(file: string, options: LoadOptions = {}): Promise<SpecCheck> {
  const absolute = resolve(file)
  const format = formats[extname(absolute).toLowerCase()]
  const text = await readSpec(absolute)
  if (format === undefined) {
    throw new UsageError('SPEC_FORMAT', `${absolute} is no spec: its name must end in ${Object.keys(formats).join(', ')}.`)
  }
  const analysis =
    format === 'module' ? await analyseModule(absolute, text, options) : analyseText(text, absolute, format, options)
  await checkModules(analysis.context, dirname(absolute))
  return verdictOf(analysis, absolute, text)
}

/** Reads a spec from its text. Pure: the modules it calls are not looked at. Throws SpecError. */
export function parseSpec(
  text: string,
  options: LoadOptions & { readonly file: string; readonly format: 'yaml' | 'json' },
): LoadedSpec {
  return usable(verdictOf(analyseText(text, options.file, options.format, options), options.file, text))
}

/** Checks a workflow made with `defineWorkflow`; `file` is what its relative paths start from. Pure. Throws SpecError. */
export function parseDefinition(spec: WorkflowSpec, options: { readonly file: string }): LoadedSpec {
  return usable(verdictOf(analyse(spec, plainSource(options.file), { positions: false }), options.file, ''))
}

function usable({ problems, loaded }: SpecCheck): LoadedSpec {
  if (loaded === undefined) throw new SpecError(problems)
  return loaded
}

function verdictOf(analysis: Analysis, file: string, text: string): SpecCheck {
  const problems = sortProblems(analysis.problems)
  if (!isUsable(analysis)) return { ok: false, problems }
  const { workflow, functions } = analysis.normalise()
  const warnings = problems.filter((problem) => !isError(problem))
  return {
    ok: true,
    problems,
    loaded: { workflow, file, dir: dirname(file), text, dialect: analysis.dialect, functions, warnings },
  }
}

function analyseText(text: string, file: string, format: 'yaml' | 'json', { functions }: LoadOptions): Analysis {
  const { source, data, problems: found } = readText(text, file, format)
  const problems = found.map((problem) => ({ ...problem, file, path: '' }))
  if (problems.some(isError)) return unreadable(source, problems)
  const analysis = analyse(data, source, { positions: true, ...(functions && { functions }) })
  analysis.problems.push(...problems)
  return analysis
}

async function analyseModule(file: string, text: string, { functions }: LoadOptions): Promise<Analysis> {
  const source = plainSource(file)
  const found = await importModule(file)
  const spec = found.failure === undefined ? specOf(found.module) : undefined
  if (spec !== undefined) return analyse(spec, source, { positions: false, ...(functions && { functions }) })
  const message = found.failure ?? 'it exports no workflow: export one as `workflow` or as the default.'
  const place = found.failure !== undefined && found.error instanceof Error ? placeIn(found.error, file, text) : undefined
  return unreadable(source, [
    {
      code: 'MODULE_FAILED',
      severity: 'error',
      message: `The module cannot be used: ${message}`,
      file,
      path: '',
      ...(place ?? source.position([])),
    },
  ])
}

function specOf(module: Record<string, unknown>): unknown {
  return module['workflow'] ?? module['default']
}

/** Where in the file an error was thrown, as its stack tells; for wrong syntax only the line is told. */
function placeIn(error: Error, file: string, text: string): { line: number; column: number } | undefined {
  const stack = error.stack ?? ''
  const at = stack.indexOf(file)
  const [, line, column = '1'] = at === -1 ? [] : (/^:(\d+)(?::(\d+))?/.exec(stack.slice(at + file.length)) ?? [])
  const isInside = line !== undefined && Number(line) <= text.split('\n').length
  return isInside ? { line: Number(line), column: Number(column) } : undefined
}

async function readSpec(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const code = nodeErrorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new UsageError(
        'SPEC_NOT_FOUND',
        `There is no spec at ${file}. Check the path; it is relative to the folder the command is called from.`,
      )
    }
    const reason = error instanceof Error ? error.message : String(error)
    const what = code === 'EISDIR' ? 'it is a folder; name a file in it' : reason
    throw new UsageError('SPEC_UNREADABLE', `${file} cannot be read: ${what}.`, { cause: error })
  }
}
