import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WorkerOrder } from './order.ts'

const script = fileURLToPath(new URL('worker.ts', import.meta.url))

export interface ChaosProcess {
  readonly child: ChildProcess
  /** Resolves once it works on the run, or is over. */
  readonly working: Promise<void>
  /** How it ended: the last thing it said, unless it was killed before it could. */
  readonly ended: Promise<{ readonly signal: string | null; readonly said: { readonly status?: string; readonly code?: string } | undefined }>
  /** What it told of its doings on stdout. */
  did(): string[]
  /** Stops it as SIGSTOP does, and returns when it has. */
  stop(): Promise<void>
}

/** Starts a worker; `fileSizeKb` limits how large its files may get, as a full disk does. */
export function startProcess(order: WorkerOrder, fileSizeKb?: number): ChaosProcess {
  const command = [process.execPath, '--no-warnings', script, JSON.stringify(order)]
  const [file = '', ...rest] =
    fileSizeKb === undefined ? command : ['sh', '-c', `ulimit -f ${fileSizeKb * 2} && exec "$@"`, 'sh', ...command]
  const child = spawn(file, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Modules are compiled once, not in each of many processes.
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'forkchart-chaos-cache') },
  })
  let stdout = ''
  let stderr = ''
  const { promise: working, resolve } = Promise.withResolvers<void>()
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    if (/^working$/m.test(stdout)) resolve()
  })
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = once(child, 'close').then(() => {
    resolve()
    if (child.signalCode === null && child.exitCode !== 0) throw new Error(`a worker ended with ${child.exitCode}: ${stderr}${stdout}`)
    const last = stdout.trim().split('\n').at(-1) ?? ''
    return { signal: child.signalCode, said: last.startsWith('{') ? (JSON.parse(last) as { status?: string; code?: string }) : undefined }
  })
  const did = (): string[] => stdout.split('\n').flatMap((line) => (line.startsWith('did ') ? [line.slice(4)] : []))
  return { child, working, ended, did, stop: () => stopped(child) }
}

/** The signal is on its way for a moment: until then the process may still write. */
async function stopped(child: ChildProcess): Promise<void> {
  child.kill('SIGSTOP')
  while (child.exitCode === null && child.signalCode === null && !isStopped(child.pid ?? 0)) await new Promise(setImmediate)
}

function isStopped(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return 'TtZX'.includes(stat.slice(stat.lastIndexOf(')') + 2)[0] ?? '')
  } catch {
    return true
  }
}
