import { spawn } from 'node:child_process'
import { existsSync, readFileSync, watch } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { executeCommand } from '../src/executors/command.ts'
import type { ExecutionContext, RunRequest, StepResult } from '../src/executors/executor.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forkchart-command-'))
})
afterAll(() => rm(folder, { recursive: true }))

const node = process.execPath
type Line = [text: string, stream: string | undefined]

function run(request: Partial<RunRequest>, signal = new AbortController().signal, lines: Line[] = []): Promise<StepResult> {
  const full: RunRequest = {
    kind: 'run', runId: 'r', path: 'step', attempt: 1, idempotencyKey: 'r/step', input: null,
    command: 'true', cwd: folder, env: {}, parse: 'text', ...request,
  }
  const context: ExecutionContext = { signal, log: (text, stream) => lines.push([text, stream]), artifactsDir: folder, since: 0 }
  return executeCommand(full, context, process.env)
}

/** Resolves once the file is there with something in it: the process under test says that it is up. */
async function written(file: string): Promise<string> {
  const read = async (): Promise<string> => (existsSync(file) ? (await readFile(file, 'utf8')).trim() : '')
  const watcher = watch(folder)
  const { promise, resolve } = Promise.withResolvers<string>()
  const look = (): void => void read().then((text) => text !== '' && resolve(text))
  watcher.on('change', look)
  look()
  const text = await promise
  watcher.close()
  return text
}

/** An ended process that nobody has collected yet does not count. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !existsSync('/proc/self') || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

describe('a command', () => {
  test('as an argv sees its arguments as they are, without a shell', async () => {
    const argument = '$HOME; echo "x" \'y\' *'
    expect((await run({ command: ['printf', '%s', argument] })).output).toBe(argument)
  })

  test('as a line with values is called in an error what its author wrote', async () => {
    const failing = run({ command: "_fc1='secret'; echo \"${_fc1}\" | false", written: 'echo ${{ input.x }} | false\n' })
    await expect(failing).rejects.toMatchObject({ message: '"echo ${{ input.x }} | false" exited with code 1' })
  })

  test('as a line goes through the shell', async () => {
    expect((await run({ command: 'echo a | tr a b; echo c' })).output).toBe('b\nc')
  })

  test('gets cwd, env on top of ours, and stdin', async () => {
    const result = await run({ command: 'pwd; echo $GREETING; test -n "$PATH" && cat', env: { GREETING: 'hej' }, stdin: 'from stdin' })
    expect(result.output).toBe(`${folder}\nhej\nfrom stdin`)
  })

  test('without stdin reads nothing and does not wait', async () => {
    expect((await run({ command: 'cat' })).output).toBe('')
  })

  test('may leave its stdin unread', async () => {
    expect((await run({ command: 'echo done', stdin: 'x'.repeat(1_000_000) })).output).toBe('done')
  })

  test('loses only the newlines at the end of its output', async () => {
    expect((await run({ command: ['printf', '\\n a \\n\\nb \\r\\n\\n'] })).output).toBe('\n a \n\nb ')
  })

  test('hands its lines to the log, whole, by stream, the last one without a line break too', async () => {
    const lines: Line[] = []
    await run({ command: 'printf "a"; printf "b\\nc" ; printf "\\033[31mred\\033[0m\\r\\n" >&2' }, undefined, lines)
    expect(lines.filter(([, stream]) => stream === 'stdout')).toEqual([['ab', 'stdout'], ['c', 'stdout']])
    expect(lines.filter(([, stream]) => stream === 'stderr')).toEqual([['red', 'stderr']])
  })

  test('gives all of a large output, and fails above 10 MB', async () => {
    const print = (size: number): readonly string[] => [node, '-e', `process.stdout.write('x'.repeat(${size}))`]
    expect(String((await run({ command: print(10_000_000) })).output)).toHaveLength(10_000_000)
    await expect(run({ command: print(10_486_000) })).rejects.toMatchObject({ kind: 'terminal', code: 'OUTPUT_TOO_LARGE' })
  })
})

describe('JSON output', () => {
  test('is parsed', async () => {
    expect((await run({ command: 'echo \'{"a": [1]}\'', parse: 'json' })).output).toEqual({ a: [1] })
  })

  test('that is none says where and shows how it starts', async () => {
    await expect(run({ command: 'printf \'{"a": 1,\\n oops}\'', parse: 'json' })).rejects.toMatchObject({
      kind: 'terminal', code: 'OUTPUT_NOT_JSON', details: { offset: 10, start: '{"a": 1,\n oops}' },
      message: expect.stringContaining('line 2, column 2'),
    })
  })

  test('that is missing says so', async () => {
    await expect(run({ command: 'true', parse: 'json' })).rejects.toMatchObject({
      code: 'OUTPUT_NOT_JSON', message: expect.stringContaining('printed nothing'),
    })
  })
})

describe('a failing command', () => {
  test('tells exit code and the end of stderr', async () => {
    await expect(run({ command: 'echo first >&2; echo the reason >&2; exit 3' })).rejects.toMatchObject({
      kind: 'retryable', code: 'COMMAND_FAILED', message: expect.stringMatching(/exited with code 3: the reason$/),
      details: { exitCode: 3, signal: null, stderrTail: 'first\nthe reason\n' },
    })
  })

  test('keeps a bounded tail of stderr', async () => {
    const error: unknown = await run({ command: 'yes error | head -n 100000 >&2; echo last >&2; exit 1' }).catch((e: unknown) => e)
    const { details } = error as { details: { stderrTail: string } }
    expect(details.stderrTail.length).toBeLessThanOrEqual(2000)
    expect(details.stderrTail).toMatch(/last\n$/)
  })

  test('that was killed tells the signal', async () => {
    await expect(run({ command: 'kill -SEGV $$' })).rejects.toMatchObject({
      code: 'COMMAND_FAILED', details: { exitCode: null, signal: 'SIGSEGV' },
    })
  })

  test.each([
    ['an argv', ['no-such-program-here', '--x']],
    ['a line', 'no-such-program-here --x'],
  ])('that does not exist (%s) says which and what to do', async (_, command) => {
    await expect(run({ command })).rejects.toMatchObject({
      kind: 'terminal', code: 'COMMAND_NOT_FOUND', message: expect.stringMatching(/no-such-program-here.*Install it/),
    })
  })

  test('in a folder that does not exist names the folder', async () => {
    await expect(run({ cwd: join(folder, 'gone') })).rejects.toMatchObject({
      code: 'COMMAND_CWD_NOT_FOUND', message: expect.stringContaining(join(folder, 'gone')),
    })
  })

  test('that is no program says so', async () => {
    await writeFile(join(folder, 'plain.txt'), 'text')
    await expect(run({ command: ['./plain.txt'] })).rejects.toMatchObject({ kind: 'terminal', code: 'COMMAND_NOT_EXECUTABLE' })
  })

  test('with an impossible argument is a terminal error', async () => {
    await expect(run({ command: ['echo', 'a\u0000b'] })).rejects.toMatchObject({ kind: 'terminal', code: 'COMMAND_INVALID' })
  })
})

describe('an abort', () => {
  // Only there it can be told whose processes they are.
  test.runIf(process.platform === 'linux')('ends what made itself a session of its own, too', async () => {
    const controller = new AbortController()
    const file = join(folder, 'stray.pid')
    const line = `setsid sh -c 'trap "" TERM; echo $$ > "${file}"; while :; do sleep 1; done' & sleep 60`
    const ended = run({ command: line }, controller.signal)
    const stray = Number(await written(file))
    expect(runs(stray)).toBe(true)
    controller.abort()
    await expect(ended).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(runs(stray)).toBe(false)
  })

  test('ends children and grandchildren before it settles', async () => {
    const stop = new AbortController()
    const file = join(folder, 'grandchild.pid')
    const result = run({ command: `sh -c 'sleep 30 & echo $! > ${file}; wait'; true` }, stop.signal)
    const grandchild = Number(await written(file))
    expect(runs(grandchild)).toBe(true)
    stop.abort()
    await expect(result).rejects.toMatchObject({ kind: 'cancelled', code: 'CANCELLED' })
    expect(runs(grandchild)).toBe(false)
  })

  test('kills what ignores SIGTERM', async () => {
    const stop = new AbortController()
    const file = join(folder, 'stubborn.pid')
    const program = `
      process.on('SIGTERM', () => {})
      require('node:fs').writeFileSync(${JSON.stringify(file)}, String(process.pid))
      setTimeout(() => {}, 30_000)`
    const result = run({ command: [node, '-e', program] }, stop.signal)
    const pid = Number(await written(file))
    stop.abort()
    await expect(result).rejects.toMatchObject({ kind: 'cancelled' })
    expect(runs(pid)).toBe(false)
  })

  test('lets a command clean up on SIGTERM, and keeps what it says meanwhile', async () => {
    const stop = new AbortController()
    const lines: Line[] = []
    const file = join(folder, 'polite.pid')
    const command = `trap 'echo cleaned up; exit 0' TERM; echo $$ > ${file}; while :; do sleep 0.01; done`
    const result = run({ command }, stop.signal, lines)
    await written(file)
    stop.abort()
    await expect(result).rejects.toMatchObject({ kind: 'cancelled' })
    expect(lines).toContainEqual(['cleaned up', 'stdout'])
  })
})

describe('when the command itself has ended', () => {
  test('what it left in the background is ended, and the log says so', async () => {
    const lines: Line[] = []
    const { output } = await run({ command: 'sleep 30 & echo $!' }, undefined, lines)
    expect(runs(Number(output))).toBe(false)
    expect(lines.at(-1)?.[0]).toMatch(/background/)
  })

  test('a daemon that holds the pipes open hangs nothing', async () => {
    const daemon = `
      const child = require('node:child_process').spawn('sleep', ['30'], { detached: true, stdio: 'inherit' })
      child.unref()
      console.log(child.pid)`
    const pid = Number((await run({ command: [node, '-e', daemon] })).output)
    expect(runs(pid)).toBe(true)
    process.kill(pid, 'SIGKILL')
  })
})

test('a process that exits takes its commands with it', async () => {
  const file = join(folder, 'orphan.pid')
  const url = new URL('../src/executors/command.ts', import.meta.url).href
  const script = `
    const { executeCommand } = await import(${JSON.stringify(url)})
    const { existsSync, readFileSync } = await import('node:fs')
    const command = 'echo $$ > ${file}.new && mv ${file}.new ${file}; sleep 30'
    const request = { kind: 'run', command, cwd: '/', env: {}, parse: 'text' }
    executeCommand(request, { signal: new AbortController().signal, log() {}, artifactsDir: '/', since: 0 }, process.env)
    setInterval(() => { if (existsSync(${JSON.stringify(file)})) process.exit(7) }, 5)`
  const owner = spawn(node, ['--input-type=module', '-e', script], { stdio: 'ignore' })
  const code = await new Promise((resolve) => owner.once('exit', resolve))
  expect(code).toBe(7)
  const orphan = Number(await readFile(file, 'utf8'))
  await expect.poll(() => runs(orphan), { interval: 2 }).toBe(false)
})
