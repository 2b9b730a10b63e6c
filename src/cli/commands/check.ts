import { resolve } from 'node:path'
import { UsageError } from '../../errors.ts'
import { createRedactor } from '../../redact.ts'
import { isBranchGroup, isStep, workflowBlocks } from '../../spec/blocks.ts'
import type { Workflow } from '../../spec/ir.ts'
import { reducerStep } from '../../spec/reducer-step.ts'
import { checkSpec, type SpecCheck } from '../../spec/load.ts'
import type { Problem } from '../../spec/problem.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { problemList } from '../failure.ts'
import type { Terminal } from '../terminal.ts'

/** Says all that is wrong with a spec; ends with 2 when there is an error in it, not for warnings. */
export async function checkCommand(spec: string, options: { readonly json?: true }, terminal: Terminal): Promise<ExitCode> {
  const file = resolve(terminal.cwd, spec)
  const { ok, problems, loaded } = await checkSpec(file, { hideSecrets: createRedactor(terminal.env).written }).catch((error: unknown): SpecCheck => {
    // A program that asked for problems gets this one in the same shape.
    if (options.json === true && error instanceof UsageError) return { ok: false, problems: [asProblem(error, file)] }
    throw error
  })
  if (options.json === true) terminal.out(`${JSON.stringify({ ok, problems }, null, 2)}\n`)
  else {
    terminal.out(problemList(problems, terminal.cwd))
    if (ok && loaded !== undefined) terminal.out(`${spec}: ok, ${contents(loaded.workflow)}\n`)
  }
  return ok ? exitCode.done : exitCode.usage
}

function asProblem({ code, message }: UsageError, file: string): Problem {
  return { code, severity: 'error', message, file, line: 1, column: 1, path: '' }
}

function contents(workflow: Workflow): string {
  const blocks = [...workflowBlocks(workflow)]
  const reducers = blocks.filter((block) => isBranchGroup(block) && reducerStep(block) !== undefined).length
  const counts: [number, string][] = [
    [blocks.filter(isStep).length + reducers, 'step'],
    ...Object.entries(groupNames).map(([kind, name]): [number, string] => [blocks.filter((block) => block.kind === kind).length, name]),
  ]
  const told = counts.filter(([count], index) => index === 0 || count > 0)
  return told.map(([count, name]) => `${count} ${name}${count === 1 ? '' : 's'}`).join(', ')
}

const groupNames = { parallel: 'parallel group', graph: 'graph', map: 'map', loop: 'loop', review: 'review' }
