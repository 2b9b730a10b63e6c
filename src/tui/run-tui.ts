import { type Clock, systemClock } from '../clock.ts'
import { UsageError } from '../errors.ts'
import type { RunView } from '../runtime/run-view.ts'
import { wantsColor } from './paint.ts'
import type { RunSource } from './run-source.ts'
import { createScreenStore } from './screen-store.ts'

export interface TuiOptions {
  readonly source: RunSource
  /** A terminal; default: the process's. */
  readonly stdout?: NodeJS.WriteStream
  readonly stdin?: NodeJS.ReadStream
  /** q or Ctrl-C while the run goes on; called again for every further press: then leave at once. */
  readonly onInterrupt: () => void
  readonly clock?: Clock
}

/** A run on the screen of a terminal. */
export interface Tui {
  /** The run as far as its events tell; goes on to be true until the screen is left. */
  readonly view: RunView
  /** Resolves once the terminal is as it was: after the run settled, `close`, or q after the run's end. */
  readonly closed: Promise<void>
  /** Leaves the screen. Idempotent. */
  close(): Promise<void>
}

/** Whether a screen can be drawn there: a terminal at both ends that moves its cursor. */
export function canShowTui(
  stdout: { readonly isTTY?: boolean } = process.stdout,
  stdin: { readonly isTTY?: boolean } = process.stdin,
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  return stdout.isTTY === true && stdin.isTTY === true && env['TERM'] !== 'dumb'
}

/**
 * Draws a run over the whole terminal and listens to keys, until the run settles or the person leaves. An interrupted
 * run does not settle: call `close` for it. Throws UsageError NO_TERMINAL where `canShowTui` says no.
 */
export async function runTui(options: TuiOptions): Promise<Tui> {
  const { source, stdout = process.stdout, stdin = process.stdin, clock = systemClock } = options
  if (!canShowTui(stdout, stdin)) {
    throw new UsageError('NO_TERMINAL', 'The screen needs a terminal for input and output; use --ui lines without one.')
  }
  const { App, createElement, render } = await loadInk()
  const closed = Promise.withResolvers<void>()
  let isLeaving = false
  let unmount = (): void => {}
  const leave = (): void => {
    isLeaving = true
    unmount()
  }
  const store = createScreenStore(source, clock, { stop: options.onInterrupt, leave })
  if (isLeaving) {
    store.dispose()
    closed.resolve()
    return { view: store.view, closed: closed.promise, close: () => closed.promise }
  }
  const app = render(createElement(App, { store, color: wantsColor(process.env) }), {
    stdout,
    stdin,
    exitOnCtrlC: false,
    alternateScreen: true,
    incrementalRendering: true,
    interactive: true,
    maxFps: 10,
  })
  unmount = app.unmount
  app.waitUntilExit().finally(() => store.dispose()).then(() => closed.resolve(), closed.reject)
  return {
    view: store.view,
    closed: closed.promise,
    close() {
      leave()
      return closed.promise
    },
  }
}

/** Loads what the screen is drawn with: it takes most of a second, in which nothing else runs. Call it before a run begins. */
export async function preloadTui(): Promise<void> {
  await loadInk()
}

/**
 * React decides by NODE_ENV, when it is first loaded, whether to be the slow build for its developers. The steps of the
 * run inherit the environment, so it is put back at once.
 */
async function loadInk() {
  const before = process.env['NODE_ENV']
  process.env['NODE_ENV'] ??= 'production'
  try {
    const [{ render }, { createElement }, { App }] = await Promise.all([import('ink'), import('react'), import('./App.tsx')])
    return { render, createElement, App }
  } finally {
    if (before === undefined) delete process.env['NODE_ENV']
  }
}
