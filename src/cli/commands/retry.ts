import { UsageError } from '../../errors.ts'
import { attendRun } from '../attend.ts'
import { createHost } from '../create-host.ts'
import type { ExitCode } from '../exit-code.ts'
import { storeAt } from '../run-state.ts'
import type { Terminal } from '../terminal.ts'
import { chooseUi, type UiMode } from '../ui.ts'
import { actCommand } from './act.ts'
import { givenSpec, registeredFunctions } from './resume.ts'

export interface RetryOptions {
  readonly step?: readonly string[]
  readonly failed?: true
  readonly spec?: string
  readonly wait: boolean
  readonly store: string
  readonly ui: UiMode
  readonly json?: true
}

/**
 * Runs steps again, and what came after them, to the run's end; all else keeps its results. Without `--step` those that
 * failed. While another process works on the run it is asked to, and goes on with it.
 */
export async function retryCommand(runId: string, options: RetryOptions, terminal: Terminal): Promise<ExitCode> {
  if (options.step !== undefined && options.failed === true) {
    throw new UsageError('RETRY_WHAT', 'name the steps with --step or say --failed, not both')
  }
  const json = options.json === true
  const again = options.step ?? 'failed'
  const store = storeAt(options.store, terminal.cwd)
  const { spec, events } = await store.read(runId)
  const { functions = await registeredFunctions(store, spec), ...given } = await givenSpec(options.spec, terminal)
  const host = createHost(store, terminal, functions)
  try {
    const handle = await host.resume({ runId, again, noWait: !options.wait, ...given })
    const ui = chooseUi(options.ui, json, terminal)
    return await attendRun(async () => handle, { ui, json, store, storeDir: options.store, noWait: !options.wait, afterSeq: events.length }, terminal)
  } catch (error) {
    if (!(error instanceof UsageError) || error.code !== 'RUN_LOCKED') throw error
    return actCommand(runId, { type: 'retry', again: again === 'failed' ? again : [...again] }, options, terminal)
  }
}
