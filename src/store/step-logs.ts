import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { logFileName } from './run-folder.ts'

/** The log files of a run's steps. Best effort: one file is open at a time, and what cannot be written is dropped. */
export class StepLogs {
  readonly #folder: string
  readonly #pending = new Map<string, string>()
  #draining: Promise<void> | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  add(stepPath: string, text: string): void {
    const line = text.endsWith('\n') ? text : `${text}\n`
    this.#pending.set(stepPath, (this.#pending.get(stepPath) ?? '') + line)
    this.#draining ??= this.#drain()
  }

  /** Resolves once everything added before is in its file. */
  async drained(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining
  }

  async #drain(): Promise<void> {
    // Let the lines of this tick gather.
    await Promise.resolve()
    await mkdir(this.#folder).catch(() => undefined)
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      await appendFile(join(this.#folder, logFileName(next.stepPath)), next.text).catch(() => undefined)
    }
    this.#draining = undefined
  }

  #take(): { readonly stepPath: string; readonly text: string } | undefined {
    for (const [stepPath, text] of this.#pending) {
      this.#pending.delete(stepPath)
      return { stepPath, text }
    }
    return undefined
  }
}

/** Text of a step's log; '' when there is none. */
export async function readStepLog(folder: string, stepPath: string): Promise<string> {
  try {
    return await readFile(join(folder, logFileName(stepPath)), 'utf8')
  } catch {
    return ''
  }
}
