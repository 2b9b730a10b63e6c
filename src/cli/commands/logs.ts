import { setTimeout as sleep } from 'node:timers/promises'
import { UsageError } from '../../errors.ts'
import type { RunEvent } from '../../events.ts'
import { applyEvent, createRunView, mayHave, type RunView } from '../../runtime/run-view.ts'
import type { Store } from '../../store/store.ts'
import { plainLine } from '../../tui/cells.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { followRun } from '../follow-run.ts'
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
 * With `json` one `{ path, text }` per line. With `follow` until the run has ended, nobody reads, or no process works on
 * it. Throws UsageError STEP_NOT_FOUND.
 */
export async function logsCommand(
  runId: string, step: string | undefined, options: LogsOptions, terminal: Terminal,
): Promise<ExitCode> {
  const store = storeAt(options.store, terminal.cwd)
  const { spec, events } = await store.read(runId)
  const view = createRunView(spec.workflow)
  for (const event of events) applyEvent(view, event)
  const chosen = view.nodes.filter(({ path }) => isWanted(path, step))
  const paths = chosen.filter(({ isStep }) => isStep).map(({ path }) => path)
  const mayCome = options.follow === true && step !== undefined && mayHave(spec.workflow, step)
  if (step !== undefined && chosen.length === 0 && !mayCome) throw notFound(view, step)
  const several = paths.length > 1 || (options.follow === true && chosen.some(({ kind }) => kind === 'map'))
  const print = linePrinter(options.json === true, several, terminal)
  const logs = new Map(paths.map((path) => [path, new ShownLog(store, runId, path, print)]))
  if (options.follow === true) {
    const following = followRun(store, runId, { afterSeq: 0, storeDir: options.store }, terminal)
    const isStep = (path: string): boolean => view.byPath.get(path)?.isStep === true
    await follow(following, (event) => {
      applyEvent(view, event)
      const { path } = event
      if (path === undefined || !isWanted(path, step) || !isStep(path)) return undefined
      const log = logs.get(path) ?? new ShownLog(store, runId, path, print)
      logs.set(path, log)
      return log
    })
  }
  for (const log of logs.values()) await log.show({ whole: true })
  return exitCode.done
}

/** Steps at this path or inside it. */
function isWanted(path: string, wanted: string | undefined): boolean {
  return wanted === undefined || path === wanted || path.startsWith(`${wanted}.`)
}

function notFound(view: RunView, wanted: string): UsageError {
  const steps = view.nodes.filter(({ isStep }) => isStep).map(({ path }) => path)
  const shown = `${steps.slice(0, 20).join(', ')}${steps.length > 20 ? ', …' : ''}`
  return new UsageError('STEP_NOT_FOUND', `the run has no step ${JSON.stringify(wanted)}; its steps are ${shown}`)
}

/** Shows what is added to the logs of steps that are at work, until there are no more events. */
async function follow(
  events: AsyncIterable<RunEvent>, logOf: (event: RunEvent) => ShownLog | undefined,
): Promise<void> {
  const atWork = new Set<ShownLog>()
  const justEnded = new Set<ShownLog>()
  let hasEnded = false
  const watching = (async () => {
    for await (const event of events) {
      const log = logOf(event)
      if (log === undefined) continue
      if (event.type === 'step.started') atWork.add(log)
      else if (event.type.startsWith('step.') && atWork.delete(log)) justEnded.add(log)
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
