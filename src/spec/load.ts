import { dirname, resolve } from 'node:path'
import type { StepFunction } from '../step-function.ts'
import { type Analysis, analyse, isUsable, unreadable } from './analyse.ts'
import { checkModules } from './checks/modules.ts'
import { type Children, loadChildren } from './children.ts'
import type { WorkflowSpec } from './define-workflow.ts'
import type { DialectName, HookFunction } from './dialects/translation.ts'
import type { Workflow } from './ir.ts'
import { outlineBlocks } from './outline.ts'
import { isError, type Problem, sortProblems } from './problem.ts'
import { readModule } from './read-module.ts'
import { readSpec, textReader } from './read-spec.ts'
import { plainSource, readText } from './source.ts'
import { SpecError } from './spec-error.ts'
import { analyseFile, type FileOptions } from './workflow-list.ts'

/** A spec that passed every check. */
export interface LoadedSpec {
  readonly workflow: Workflow
  /** Absolute; with `#key` where one of several workflows was named so. */
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
  /** Takes out of a text what is a secret by itself, such as values of the environment; unless told, by its shape. */
  readonly hideSecrets?: (text: string) => string
}

/**
 * Loads a spec and checks it. Throws SpecError with all problems at once, and UsageError SPEC_NOT_FOUND,
 * SPEC_UNREADABLE or SPEC_FORMAT when there is nothing to check. Loads the modules that the spec calls. Of a file that
 * holds several workflows, `file#key` names one; else it is the default.
 */
export async function loadSpec(file: string, options: LoadOptions = {}): Promise<LoadedSpec> {
  const { problems, loaded } = await checkSpec(file, options)
  if (loaded === undefined) throw new SpecError(problems)
  return loaded
}

/** Like `loadSpec`, but problems of the spec are given back, not thrown. */
export function checkSpec(file: string, options: LoadOptions = {}): Promise<SpecCheck> {
  return checkFile(resolve(file), options, [])
}

/** `parents` are the files of the workflows that this one is a child of. */
async function checkFile(named: string, options: LoadOptions, parents: readonly string[]): Promise<SpecCheck> {
  const { absolute, dir, format, text, key } = await readSpec(named)
  const means = { ...options, key, readText: textReader(dir) }
  const analysis =
    format === 'module' ? await analyseModule(absolute, text, means) : analyseText(text, absolute, format, means)
  for (const context of analysis.contexts) await checkModules(context, dir)
  const line = [...parents, named]
  const load = (child: string) => checkFile(child, options, line)
  const children = await loadChildren(analysis.context, dir, line, load, (problem) => void analysis.problems.push(problem))
  return verdictOf(analysis, named, text, children)
}

/** Reads a spec from its text. Pure: the modules it calls are not looked at. Throws SpecError. */
export function parseSpec(
  text: string,
  options: LoadOptions & { readonly file: string; readonly format: 'yaml' | 'json' },
): LoadedSpec {
  const analysis = analyseText(text, options.file, options.format, options)
  refuseChildren(analysis)
  return usable(verdictOf(analysis, options.file, text))
}

/** Checks a workflow made with `defineWorkflow`; `file` is what its relative paths start from. Pure. Throws SpecError. */
export function parseDefinition(spec: WorkflowSpec, options: { readonly file: string }): LoadedSpec {
  const analysis = analyse(spec, plainSource(options.file), { positions: false })
  refuseChildren(analysis)
  return usable(verdictOf(analysis, options.file, ''))
}

/** Whoever looks at no file cannot load the specs of children. */
function refuseChildren({ context }: Analysis): void {
  for (const { kind, at } of outlineBlocks(context.stages)) {
    if (kind !== 'workflow') continue
    const message = 'A workflow with children is loaded from its file: use `loadSpec(file)`.'
    context.report({ code: 'CHILD_NOT_LOADED', message, at: [...at, 'workflow'] })
  }
}

function usable({ problems, loaded }: SpecCheck): LoadedSpec {
  if (loaded === undefined) throw new SpecError(problems)
  return loaded
}

const noChildren: Children = { workflows: {}, functions: {} }

function verdictOf(analysis: Analysis, file: string, text: string, children = noChildren): SpecCheck {
  const problems = sortProblems(analysis.problems)
  if (!isUsable(analysis)) return { ok: false, problems }
  const own = analysis.normalise()
  const { workflows } = children
  const workflow = Object.keys(workflows).length === 0 ? own.workflow : { ...own.workflow, workflows: { ...workflows } }
  const functions = { ...own.functions, ...children.functions }
  const warnings = problems.filter((problem) => !isError(problem))
  return {
    ok: true,
    problems,
    loaded: { workflow, file, dir: dirname(file), text, dialect: analysis.dialect, functions, warnings },
  }
}

type Means = Pick<FileOptions, 'functions' | 'hideSecrets' | 'readText' | 'key'>

function analyseText(text: string, file: string, format: 'yaml' | 'json', means: Means): Analysis {
  const { source, data, problems: found } = readText(text, file, format)
  const problems = found.map((problem) => ({ ...problem, file, path: '' }))
  if (problems.some(isError)) return unreadable(source, problems)
  const analysis = analyseFile(data, source, { positions: true, ...means })
  analysis.problems.push(...problems)
  return analysis
}

async function analyseModule(file: string, text: string, means: Means): Promise<Analysis> {
  const source = plainSource(file)
  const { data, problems } = await readModule(file, text)
  return problems.length > 0 ? unreadable(source, problems) : analyseFile(data, source, { positions: false, ...means })
}
