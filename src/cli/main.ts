import { type ExitCode, exitCode } from './exit-code.ts'
import { reportFailure } from './failure.ts'
import { packageVersion } from './package-version.ts'
import { createProgram } from './program.ts'
import { drained, processTerminal, type Terminal } from './terminal.ts'

/** Runs the command line of this process and ends it. */
export async function main(): Promise<void> {
  const terminal = processTerminal()
  const code = await runProgram(process.argv.slice(2), terminal)
  await Promise.all([drained(process.stdout), drained(process.stderr)])
  // Not by letting the event loop run dry: a connection that some step's code left open must not keep the process.
  process.exit(code)
}

/** Runs one command line, given without the program's name. Never rejects: a failure is reported and gives the exit code. */
export async function runProgram(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = exitCode.done
  const program = createProgram(terminal, packageVersion(), (ended) => {
    code = ended
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return code
  } catch (error) {
    return reportFailure(error, terminal, argv.includes('--json'))
  }
}
