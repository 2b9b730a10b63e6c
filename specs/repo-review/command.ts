import { spawn } from 'node:child_process'

export interface CommandOptions {
  readonly cwd: string
  readonly signal: AbortSignal
  readonly timeoutMs: number
  /** Output beyond this is cut, and the command ended. */
  readonly maxBytes?: number
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
}

export interface CommandResult {
  /** False when there is no such program; everything else is then empty. */
  readonly found: boolean
  /** Null when it was ended by a signal: timed out, or too much output. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly timedOut: boolean
  readonly truncated: boolean
}

const secretName = /key|token|secret|passw|credential/i
const ownNames = /^(git_|npm_|node_env$|node_options$|force_color$)/i
const nothing = { code: null, stdout: '', stderr: '', timedOut: false, truncated: false }

/**
 * Runs a program without a shell and waits for it. Its whole process group ends with it, with the timeout and with
 * `signal`; then it rejects with the signal's reason. It sees no variable that looks like a secret: what it runs may be
 * a stranger's code.
 */
export function runCommand(argv: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { signal, maxBytes = 4_000_000 } = options
  const [program = '', ...args] = argv
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: environment(options.env),
      detached: true,
      stdio: 'pipe',
    })
    const out = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    let bytes = 0
    let truncated = false
    let timedOut = false
    let missing = false
    const end = (): void => killGroup(child.pid)
    const timer = setTimeout(() => {
      timedOut = true
      end()
    }, options.timeoutMs)
    signal.addEventListener('abort', end, { once: true })
    process.once('exit', end)
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes <= maxBytes) out[name].push(chunk)
        else if (!truncated) {
          truncated = true
          end()
        }
      })
    }
    child.stdin.on('error', () => undefined) // it may end without reading; its exit code tells more than EPIPE
    child.stdin.end(options.stdin ?? '')
    child.on('error', (error: NodeJS.ErrnoException) => {
      missing = error.code === 'ENOENT' || error.code === 'EACCES'
      if (!missing) reject(error)
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      process.off('exit', end)
      if (signal.aborted) return reject(signal.reason)
      if (missing) return resolve({ found: false, ...nothing })
      const text = (chunks: Buffer[]): string => Buffer.concat(chunks).toString('utf8')
      const ended = timedOut || truncated ? null : code
      resolve({ found: true, code: ended, stdout: text(out.stdout), stderr: text(out.stderr), timedOut, truncated })
    })
  })
}

function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { NO_COLOR: '1' }
  for (const [name, value] of Object.entries(process.env)) {
    if (!secretName.test(name) && !ownNames.test(name)) env[name] = value
  }
  return { ...env, ...extra }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // already gone
  }
}
