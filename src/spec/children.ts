import { existsSync } from 'node:fs'
import { posix, resolve } from 'node:path'
import type { StepFunction } from '../step-function.ts'
import { blocksIn, isBranchGroup } from './blocks.ts'
import type { Workflow } from './ir.ts'
import { outlineBlocks } from './outline.ts'
import { isError, type Problem } from './problem.ts'
import type { CheckContext } from './report.ts'

/** The workflows that a spec runs as children, with theirs in them. */
export interface Children {
  /** By `childKey`. */
  readonly workflows: Readonly<Record<string, Workflow>>
  /** Functions that stood in their specs, by the names that their workflows have for them. */
  readonly functions: Readonly<Record<string, StepFunction>>
}

/** A child's spec as it was loaded; `loaded` is there when no problem is an error. */
interface LoadedChild {
  readonly problems: readonly Problem[]
  readonly loaded?: Pick<Children, 'functions'> & { readonly workflow: Workflow }
}

/** What a workflow calls a child: the path of its spec, relative to its own folder. */
export function childKey(written: string): string {
  return posix.normalize(written)
}

/**
 * Loads the children of a spec in `dir` with `load` and reports those that cannot be used. `line` are the files of the
 * spec and of those that it is a child of; `warn` is told of the secrets in theirs, which are in its runs, too.
 */
export async function loadChildren(
  { stages, report }: CheckContext,
  dir: string,
  line: readonly string[],
  load: (file: string) => Promise<LoadedChild>,
  warn: (problem: Problem) => void,
): Promise<Children> {
  const workflows: Record<string, Workflow> = {}
  const functions: Record<string, StepFunction> = {}
  for (const { kind, value, at: place } of outlineBlocks(stages)) {
    const { workflow: written } = value
    if (kind !== 'workflow' || typeof written !== 'string' || written === '') continue
    const at = [...place, 'workflow']
    const key = childKey(written)
    if (Object.hasOwn(workflows, key)) continue
    const file = resolve(dir, key)
    if (!existsSync(file) && !existsSync(file.replace(/#[^#]*$/, ''))) {
      report({ code: 'CHILD_NOT_FOUND', message: `There is no spec ${file}: paths of \`workflow\` are relative to the spec.`, at })
    } else if (line.includes(file)) {
      report({ code: 'CHILD_CYCLE', message: `\`${written}\` is this workflow or one that it is a child of: it would never end. Repeat with \`loop\`.`, at })
    } else {
      const { loaded, problems } = await load(file)
      for (const problem of problems) if (problem.code === 'SECRET_IN_SPEC') warn(problem)
      if (loaded === undefined) {
        const [first] = problems.filter(isError)
        const where = first === undefined ? '' : ` The first: line ${first.line}: ${first.message}`
        report({ code: 'CHILD_INVALID', message: `The spec ${file} has problems; \`check\` it.${where}`, at })
        continue
      }
      workflows[key] = renamed(loaded.workflow, (name) => (Object.hasOwn(loaded.functions, name) ? `${key}:${name}` : name))
      for (const [name, call] of Object.entries(loaded.functions)) functions[`${key}:${name}`] = call
    }
  }
  return { workflows, functions }
}

/** The workflow with other names for the functions that stood in its spec. */
function renamed(workflow: Workflow, rename: (name: string) => string): Workflow {
  const own = structuredClone(workflow)
  for (const block of blocksIn(own.stages)) {
    if (block.kind === 'call') block.target = rename(block.target)
    if (isBranchGroup(block) && typeof block.reduce === 'object' && 'call' in block.reduce) {
      block.reduce.call = rename(block.reduce.call)
    }
  }
  for (const [key, child] of Object.entries(own.workflows ?? {})) own.workflows = { ...own.workflows, [key]: renamed(child, rename) }
  return own
}
