import { resolve } from 'node:path'
import { UsageError } from '../../errors.ts'
import { isBranchGroup, workflowBlocks } from '../../spec/blocks.ts'
import type { Workflow } from '../../spec/ir.ts'
import type { StepFunction } from '../../step-function.ts'
import type { RunSpec, Store } from '../../store/store.ts'
import { attendRun } from '../attend.ts'
import { createHost } from '../create-host.ts'
import type { ExitCode } from '../exit-code.ts'
import { takeInFile } from '../run-file.ts'
import { lastRun, storeAt } from '../run-state.ts'
import type { Terminal } from '../terminal.ts'
import { chooseUi, type UiMode } from '../ui.ts'

export interface ResumeCommandOptions {
  readonly last?: true
  readonly forceUnlock?: true
  readonly spec?: string
  readonly wait: boolean
  readonly store: string
  readonly ui: UiMode
  readonly json?: true
}

/** Goes on with a run to its end, or with that of a file, which is first taken in. One that had ended already only gives its result and its exit code again. */
export async function resumeCommand(
  run: string | undefined, options: ResumeCommandOptions, terminal: Terminal,
): Promise<ExitCode> {
  const json = options.json === true
  const ui = chooseUi(options.ui, json, terminal)
  if ((run === undefined) === (options.last === undefined)) {
    throw new UsageError('RUN_NOT_NAMED', 'say which run to resume: either its id or --last')
  }
  const store = storeAt(options.store, terminal.cwd)
  const runId = run === undefined ? await lastRun(store, options.store) : ((await takeInFile(run, options.store, terminal)) ?? run)
  const { spec, events } = await store.read(runId)
  const { functions = await registeredFunctions(store, spec), ...given } = await givenSpec(options.spec, terminal)
  const host = createHost(store, terminal, functions)
  const begin = () => host.resume({ runId, force: options.forceUnlock === true, noWait: !options.wait, ...given })
  return attendRun(begin, { ui, json, store, storeDir: options.store, noWait: !options.wait, afterSeq: events.length }, terminal)
}

/** What a run with secrets in its spec can have them from, when that is not where it was. */
export async function givenSpec(
  spec: string | undefined, terminal: Terminal,
): Promise<{ readonly workflow?: Workflow; readonly functions?: Readonly<Record<string, StepFunction>> }> {
  if (spec === undefined) return {}
  const { loadSpec } = await import('../../spec/load.ts')
  const { workflow, functions } = await loadSpec(resolve(terminal.cwd, spec))
  return { workflow, functions }
}

/**
 * The functions that the workflow calls by name live in its spec, a module: it has to be there still. A child run has them
 * by the names that the first of its parents has for them.
 */
export async function registeredFunctions(store: Store, spec: RunSpec): Promise<Readonly<Record<string, StepFunction>>> {
  if (spec.parent !== undefined) return registeredFunctions(store, (await store.read(spec.parent.runId)).spec)
  const { file } = spec.source
  if (file === null || !callsByName(spec.workflow)) return {}
  const { loadSpec } = await import('../../spec/load.ts')
  return (await loadSpec(file)).functions
}

function callsByName(workflow: Workflow): boolean {
  if (Object.values(workflow.workflows ?? {}).some(callsByName)) return true
  for (const block of workflowBlocks(workflow)) {
    if (block.kind === 'call' && !block.target.includes('#')) return true
    const reduce = isBranchGroup(block) ? block.reduce : undefined
    if (typeof reduce === 'object' && 'call' in reduce && !reduce.call.includes('#')) return true
  }
  return false
}
