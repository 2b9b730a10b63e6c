import { FakeScript, type FakeProgram, type FakeTurn, writeFiles } from './fake-agent-turn.ts'
import { playFakeAcp } from './fake-acp.ts'
import { linesOf } from './fake-cli-lines.ts'
import { hangOn } from './fake-hang.ts'

/** What a fake agent's program does: the launchers that `createFakeAgents` writes call it with their folder. */
export async function playFakeAgent(program: FakeProgram, folder: string): Promise<void> {
  const script = new FakeScript(folder, program)
  if (program === 'acp') return playFakeAcp(script)
  const argv = process.argv.slice(2)
  const prompt = argumentAfter(argv, '-p', '--prompt') ?? (await readStdin())
  const resumed = argumentAfter(argv, '--resume', 'resume') ?? argv.find((word) => word.startsWith('--resume='))?.slice('--resume='.length)
  const { turn, key } = script.take(prompt)
  const session = resumed ?? `${program}-session-${script.count + 1}`
  script.record({ prompt, key, ...(resumed === undefined ? {} : { resumed }), pids: turn.hang === true ? [process.pid, hangOn()] : [process.pid] })
  const { work, end } = linesOf(program, turn, session)
  for (const line of turn.raw ?? []) say(line)
  if (turn.error === undefined) writeFiles(turn, process.cwd())
  for (const line of work) say(line)
  if (turn.hang === true) return
  if (turn.die !== true) for (const line of end) say(line)
  if (turn.error !== undefined) process.stderr.write(`${turn.error}\n`)
  process.exitCode = exitCodeOf(program, turn)
}

function exitCodeOf(program: FakeProgram, { exitCode, error }: FakeTurn): number {
  return exitCode ?? (error === undefined || program === 'copilot' ? 0 : 1)
}

/** `claude -p` has no value: its prompt is its stdin. */
function argumentAfter(argv: readonly string[], ...names: readonly string[]): string | undefined {
  const at = argv.findIndex((word) => names.includes(word))
  const value = at < 0 ? undefined : argv[at + 1]
  return value === undefined || value.startsWith('-') ? undefined : value
}

function say(line: unknown): void {
  process.stdout.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
}

async function readStdin(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) text += String(chunk)
  return text
}
