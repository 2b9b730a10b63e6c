import type { Clock } from '../clock.ts'
import { plainLines } from './cells.ts'

/** The log of the step that is on the screen, read again while it grows. */
export interface StepLog {
  /** Reads the log of that step unless it is on the screen already and `version` tells of nothing new. */
  show(path: string, version: number): void
  lines(): readonly string[]
  dispose(): void
}

/** The least wait between two reads; a log that is slow to read waits ten times as long as that took. */
const rereadMs = 250
/** How much of its end is kept. */
const keptLines = 2000
const keptCharacters = 400_000
const lineLimit = 4000

export function createStepLog(read: (path: string) => Promise<string>, clock: Clock, onChange: () => void): StepLog {
  let path = ''
  let lines: readonly string[] = []
  let version = -1
  let isReading = false
  let isStale = false
  let isDisposed = false
  let cancelTimer: (() => void) | undefined

  function load(): void {
    cancelTimer = undefined
    isReading = true
    isStale = false
    const wanted = path
    const began = clock.now()
    read(wanted).then(
      (text) => settle(wanted, began, tail(text)),
      (error: unknown) => settle(wanted, began, [`The log cannot be read: ${reasonOf(error)}`]),
    )
  }
  function settle(wanted: string, began: number, found: readonly string[]): void {
    isReading = false
    if (isDisposed) return
    if (wanted !== path) return load()
    lines = found
    onChange()
    if (isStale) schedule(Math.max(rereadMs, 10 * (clock.now() - began)))
  }
  function schedule(delayMs: number): void {
    cancelTimer ??= clock.schedule(load, delayMs)
  }

  return {
    show(nextPath, nextVersion) {
      if (nextPath === path && nextVersion === version) return
      const isOther = nextPath !== path
      path = nextPath
      version = nextVersion
      if (isOther) {
        lines = []
        cancelTimer?.()
        cancelTimer = undefined
      }
      if (isReading) isStale = true
      else if (isOther) load()
      else schedule(rereadMs)
    },
    lines: () => lines,
    dispose() {
      isDisposed = true
      cancelTimer?.()
    },
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function tail(text: string): string[] {
  if (text.trim() === '') return []
  return plainLines(text.slice(-keptCharacters)).slice(-keptLines).map((line) => line.slice(0, lineLimit))
}
