import { runProgram } from '../src/cli/main.ts'
import type { Terminal } from '../src/cli/terminal.ts'

export interface Called {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface FakeTerminal extends Terminal {
  readonly written: { out: string; err: string }
}

/** A terminal without a person unless told otherwise, that keeps what is written. */
export function fakeTerminal(cwd: string, changes: Partial<Terminal> = {}): FakeTerminal {
  const written = { out: '', err: '' }
  return {
    out: (text) => { written.out += text },
    err: (text) => { written.err += text },
    outClosed: new AbortController().signal,
    outIsTerminal: false,
    errIsTerminal: false,
    inIsTerminal: false,
    columns: 80,
    env: { PATH: process.env['PATH'] },
    cwd,
    program: 'forkchart',
    written,
    ...changes,
  }
}

/** Runs a command line in this process. */
export async function call(cwd: string, argv: readonly string[], changes: Partial<Terminal> = {}): Promise<Called> {
  const terminal = fakeTerminal(cwd, changes)
  const code = await runProgram(argv, terminal)
  return { code, ...terminal.written }
}
