import { UsageError } from '../../errors.ts'
import type { RunAction } from '../../run-action.ts'
import type { Json } from '../../json.ts'
import { createHost } from '../create-host.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { resumeCommand } from '../hints.ts'
import { runToResume, storeAt } from '../run-state.ts'
import type { Terminal } from '../terminal.ts'

export interface ActOptions {
  readonly store: string
  readonly json?: true
}

/** Acts on a run, whichever process works on it. What nobody takes up at once waits for whoever resumes the run. */
export async function actCommand(runId: string, action: RunAction, options: ActOptions, terminal: Terminal): Promise<ExitCode> {
  const store = storeAt(options.store, terminal.cwd)
  const host = createHost(store, terminal)
  const result = await host.act(runId, action)
  if (options.json === true) terminal.out(`${JSON.stringify({ runId, action: action.type, result })}\n`)
  else terminal.err(`${told[action.type]}\n`)
  if (result === 'saved' && (action.type !== 'cancel' || action.path !== undefined)) {
    terminal.err(`nobody works on the run: it is saved. To go on:\n${resumeCommand(terminal, await runToResume(store, runId), options.store)}\n`)
  }
  return exitCode.done
}

const told: Readonly<Record<RunAction['type'], string>> = {
  pause: 'pausing: no further step is started',
  cancel: 'cancelled',
  answer: 'answered',
  send: 'sent',
  retry: 'running again',
}

export function cancelCommand(
  runId: string, { step, ...options }: ActOptions & { readonly step?: string }, terminal: Terminal,
): Promise<ExitCode> {
  const action: RunAction = { type: 'cancel', reason: 'cancelled by its user', ...(step === undefined ? {} : { path: step }) }
  return actCommand(runId, action, options, terminal)
}

/** An ask of a child run is named with the run: `<run>:<ask>`. */
export function answerCommand(runId: string, ask: string, value: string, options: ActOptions, terminal: Terminal): Promise<ExitCode> {
  const colon = ask.indexOf(':')
  const of = colon < 0 ? runId : ask.slice(0, colon)
  return actCommand(of, { type: 'answer', ask: ask.slice(colon + 1), value }, options, terminal)
}

export function sendCommand(
  runId: string, event: string, payload: string | undefined, options: ActOptions, terminal: Terminal,
): Promise<ExitCode> {
  return actCommand(runId, { type: 'send', event, payload: payload === undefined ? null : parsed(payload) }, options, terminal)
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    throw new UsageError('PAYLOAD_NOT_JSON', `${JSON.stringify(text.slice(0, 80))} is not JSON: write a text in quotes, as in '"approved"'.`)
  }
}
