import { UsageError } from '../../errors.ts'
import { createEmbeddedHost } from '../../hosts/embedded/embedded-host.ts'
import { isBranchGroup, workflowBlocks } from '../../spec/blocks.ts'
import type { Workflow } from '../../spec/ir.ts'
import type { StepFunction } from '../../step-function.ts'
import type { RunSpec } from '../../store/store.ts'
import { attendRun } from '../attend.ts'
import type { ExitCode } from '../exit-code.ts'
import { lastRun, storeAt } from '../run-state.ts'
import type { Terminal } from '../terminal.ts'
import { chooseUi, type UiMode } from '../ui.ts'

export interface ResumeCommandOptions {
  readonly last?: true
  readonly forceUnlock?: true
  readonly store: string
  readonly ui: UiMode
  readonly json?: true
}

/** Goes on with a run to its end. One that had ended already only gives its result and its exit code again. */
export async function resumeCommand(
  run: string | undefined, options: ResumeCommandOptions, terminal: Terminal,
): Promise<ExitCode> {
  const json = options.json === true
  const ui = chooseUi(options.ui, json, terminal)
  if ((run === undefined) === (options.last === undefined)) {
    throw new UsageError('RUN_NOT_NAMED', 'say which run to resume: either its id or --last')
  }
  const store = storeAt(options.store, terminal.cwd)
  const runId = run ?? (await lastRun(store, options.store))
  const { spec, events } = await store.read(runId)
  const host = createEmbeddedHost({ store, env: terminal.env, functions: await registeredFunctions(spec) })
  const begin = () => host.resume({ runId, force: options.forceUnlock === true })
  return attendRun(begin, { ui, json, store, storeDir: options.store, afterSeq: events.length }, terminal)
}

/** The functions that the workflow calls by name live in its spec, a module: it has to be there still. */
async function registeredFunctions(spec: RunSpec): Promise<Readonly<Record<string, StepFunction>>> {
  const { file } = spec.source
  if (file === null || !callsByName(spec.workflow)) return {}
  const { loadSpec } = await import('../../spec/load.ts')
  return (await loadSpec(file)).functions
}

function callsByName(workflow: Workflow): boolean {
  for (const block of workflowBlocks(workflow)) {
    if (block.kind === 'call' && !block.target.includes('#')) return true
    const reduce = isBranchGroup(block) ? block.reduce : undefined
    if (typeof reduce === 'object' && 'call' in reduce && !reduce.call.includes('#')) return true
  }
  return false
}
