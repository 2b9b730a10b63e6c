import { setTimeout as sleep } from 'node:timers/promises'
import { UsageError } from '../../errors.ts'
import type { Workflow } from '../../spec/ir.ts'
import type { Store } from '../../store/store.ts'
import { createRunView } from '../../runtime/run-view.ts'
import { plainLine } from '../../tui/cells.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { storeAt } from '../run-state.ts'
import type { Terminal } from '../terminal.ts'

export interface LogsOptions {
  readonly follow?: true
  readonly store: string
  readonly json?: true
}

/** How often a followed log is looked at, in ms. */
const pollMs = 150

/**
 * Prints what steps wrote: of one step, of all in a group, or of the whole run, each line then with its path in front.
 * With `json` one `{ path, text }` per line. Throws UsageError STEP_NOT_FOUND.
 */
export async function logsCommand(
  runId: string, step: string | undefined, options: LogsOptions, terminal: Terminal,
): Promise<ExitCode> {
  const store = storeAt(options.store, terminal.cwd)
  const { spec } = await store.read(runId)
  const paths = selectedSteps(spec.workflow, step)
  const print = linePrinter(options.json === true, paths.length > 1, terminal)
  const logs = paths.map((path) => new ShownLog(store, runId, path, print))
  if (options.follow === true) await follow(store, runId, logs, terminal.outClosed)
  for (const log of logs) await log.show({ whole: true })
  return exitCode.done
}

/** Steps at this path or inside it, in document order. */
function selectedSteps(workflow: Workflow, wanted: string | undefined): string[] {
  const steps = createRunView(workflow).nodes.filter((node) => node.isStep).map((node) => node.path)
  if (wanted === undefined) return steps
  const chosen = steps.filter((path) => path === wanted || path.startsWith(`${wanted}.`))
  if (chosen.length > 0) return chosen
  const shown = `${steps.slice(0, 20).join(', ')}${steps.length > 20 ? ', …' : ''}`
  throw new UsageError('STEP_NOT_FOUND', `the run has no step ${JSON.stringify(wanted)}; its steps are ${shown}`)
}

/** Shows what is added to the logs of steps that are at work, until the run has ended. */
async function follow(store: Store, runId: string, logs: readonly ShownLog[], signal: AbortSignal): Promise<void> {
  const byPath = new Map(logs.map((log) => [log.path, log]))
  const atWork = new Set<ShownLog>()
  const justEnded = new Set<ShownLog>()
  let hasEnded = false
  const watching = (async () => {
    for await (const { type, path } of store.follow(runId, { afterSeq: 0, signal })) {
      const log = byPath.get(path ?? '')
      if (log === undefined) continue
      if (type === 'step.started') atWork.add(log)
      else if (atWork.delete(log)) justEnded.add(log)
    }
  })().finally(() => {
    hasEnded = true
  })
  while (!hasEnded) {
    for (const log of [...atWork, ...justEnded]) await log.show({ whole: false })
    justEnded.clear()
    await Promise.race([watching, sleep(pollMs)])
  }
  await watching
}

type PrintLine = (path: string, text: string) => void

/** The log of one step and how much of it has been shown. */
class ShownLog {
  readonly path: string
  readonly #read: () => Promise<string>
  readonly #print: PrintLine
  #shown = 0

  constructor(store: Store, runId: string, path: string, print: PrintLine) {
    this.path = path
    this.#read = () => store.readLog(runId, path)
    this.#print = print
  }

  /** Prints what came since the last call; a line without its end only if nothing more is expected (`whole`). */
  async show({ whole }: { readonly whole: boolean }): Promise<void> {
    const text = await this.#read()
    const end = whole ? text.length : text.lastIndexOf('\n') + 1
    const lines = text.slice(this.#shown, end).split('\n')
    if (lines.at(-1) === '') lines.pop()
    for (const line of lines) this.#print(this.path, line)
    this.#shown = Math.max(this.#shown, end)
  }
}

function linePrinter(json: boolean, several: boolean, terminal: Terminal): PrintLine {
  if (json) return (path, text) => terminal.out(`${JSON.stringify({ path, text })}\n`)
  // What a step wrote must not drive the reader's terminal; a file gets it as it was.
  const clean = terminal.outIsTerminal ? plainLine : (text: string): string => text
  return (path, text) => terminal.out(`${several ? `${path} | ` : ''}${clean(text)}\n`)
}
