import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const worker = fileURLToPath(new URL('fixtures/crash/worker.ts', import.meta.url))

export interface Worker {
  readonly process: ChildProcess
  /** Resolves once it printed this line. */
  printed(line: string): Promise<void>
  /** Its last line as JSON, and how it ended: an exit code or the name of a signal. */
  readonly ended: Promise<{ readonly end: number | string; readonly said: unknown }>
}

/** Starts `fixtures/crash/worker.ts` in a Node of its own. */
export function startWorker(dir: string, verb: 'start' | 'resume', at = 0, how = ''): Worker {
  const child = spawn(process.execPath, [worker, dir, verb, String(at), how], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Modules are compiled once, not in each of many processes.
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'forkchart-crash-test-cache') },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const closed = once(child, 'close')
  return {
    process: child,
    printed: async (line) => {
      while (!stdout.split('\n').includes(line)) {
        const result = await Promise.race([once(child.stdout, 'data'), closed.then(() => undefined)])
        if (result === undefined) throw new Error(`The worker ended without "${line}": ${stdout}${stderr}`)
      }
    },
    ended: closed.then(() => {
      if (stderr !== '') throw new Error(`The worker complained: ${stderr}`)
      const last = stdout.trim().split('\n').at(-1) ?? ''
      return { end: child.exitCode ?? child.signalCode ?? 'gone', said: last === '' ? undefined : (JSON.parse(last) as unknown) }
    }),
  }
}
