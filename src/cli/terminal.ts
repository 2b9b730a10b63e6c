import { nodeErrorCode } from '../errors.ts'

/** What a command may use of the world around it, so that a test can be that world. */
export interface Terminal {
  /** Writes data, as it is. Does nothing once nobody reads it any more. */
  out(text: string): void
  /** Writes what is for people, as it is. */
  err(text: string): void
  /** Aborted when nobody reads `out` any more (a closed pipe). */
  readonly outClosed: AbortSignal
  /** Whether a person reads `out`, reads `err`, and can type. */
  readonly outIsTerminal: boolean
  readonly errIsTerminal: boolean
  readonly inIsTerminal: boolean
  /** Width of the window in characters; 80 when there is none. */
  readonly columns: number
  readonly env: Readonly<Record<string, string | undefined>>
  /** Folder that paths on the command line are relative to; absolute. */
  readonly cwd: string
  /** How this program was called, for hints: `forkchart`, or its npm form in a clone. */
  readonly program: string
}

/** Set by clone.mjs: the words that call this program there. Taken out of the environment, so that no step inherits it. */
const calledAsVariable = 'FORKCHART_CALLED_AS'

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const program = process.env[calledAsVariable] ?? 'forkchart'
  delete process.env[calledAsVariable]
  const out = quietStream(process.stdout)
  return {
    out: out.write,
    err: quietStream(process.stderr).write,
    outClosed: out.closed,
    outIsTerminal: process.stdout.isTTY === true,
    errIsTerminal: process.stderr.isTTY === true,
    inIsTerminal: process.stdin.isTTY === true,
    columns: process.stdout.columns ?? process.stderr.columns ?? 80,
    env: process.env,
    cwd: process.cwd(),
    program,
  }
}

/** Resolves when everything written so far has been handed over, or never will be. */
export function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve())
  })
}

/** A reader that went away (`| head`, a closed window) is no error: writing just ends. */
function quietStream(stream: NodeJS.WritableStream): { write: (text: string) => void; closed: AbortSignal } {
  const gone = new AbortController()
  stream.on('error', (error: unknown) => {
    const code = nodeErrorCode(error)
    if (code !== 'EPIPE' && code !== 'EIO' && code !== 'ERR_STREAM_DESTROYED') throw error
    gone.abort()
  })
  return {
    write: (text) => {
      if (!gone.signal.aborted) stream.write(text)
    },
    closed: gone.signal,
  }
}
