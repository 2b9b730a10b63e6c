import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RunEvent } from '../src/events.ts'

const bin = resolve(import.meta.dirname, '../src/cli/bin.ts')
const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'forkchart-cli-act-cache') }

let cwd = ''
const children: ChildProcess[] = []
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'forkchart-act-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(cwd, { recursive: true, force: true })
})

function call(...argv: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...argv], { cwd, env, encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

interface Owner {
  readonly process: ChildProcess
  /** Resolves with the first event, from now on or before, that the test holds for. */
  until(isWanted: (event: RunEvent) => boolean): Promise<RunEvent>
  readonly ended: Promise<number | null>
}

/** A process that works on a run and tells its events. */
function own(...argv: string[]): Owner {
  const child = spawn(process.execPath, [bin, ...argv, '--ui', 'json'], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  const events: RunEvent[] = []
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => events.push(JSON.parse(line) as RunEvent))
  const ended = once(child, 'close').then(() => child.exitCode)
  return {
    process: child,
    until: async (isWanted) => {
      for (;;) {
        const found = events.find(isWanted)
        if (found !== undefined) return found
        const line = await Promise.race([once(lines, 'line'), ended.then(() => undefined)])
        if (line === undefined && !events.some(isWanted)) throw new Error(`It ended before that: ${events.map(({ type }) => type).join()}`)
      }
    },
    ended,
  }
}

const at = (type: RunEvent['type'], path: string) => (event: RunEvent): boolean => event.type === type && event.path === path

/** Waits for a person, an event, and a file named `go`. */
const spec = `
forkchart: 1
name: act
stages:
  - id: g
    parallel:
      - { id: q, ask: { message: "Go?", options: [yes, no] } }
      - { id: e, wait: { event: paid } }
      - { id: s, run: "echo x >> s.txt; test -f go || exec sleep 60; echo s" }
    on_branch_failure: continue
    reduce: list
  - { id: after, run: [echo, "\${{ prev.size() }}"] }
`

async function begin(...argv: string[]): Promise<Owner> {
  await writeFile(join(cwd, 'act.yaml'), spec)
  const owner = own('run', 'act.yaml', '--run-id', 'it', ...argv)
  await owner.until(at('step.started', 'g.s'))
  await owner.until(at('ask.opened', 'g.q'))
  await owner.until(at('ask.opened', 'g.e'))
  return owner
}

describe('a run that another process works on', { timeout: 60_000 }, () => {
  test('is answered, sent an event, and one of its steps is cancelled, while its siblings go on', async () => {
    const owner = await begin()
    expect(call('answer', 'it', 'g.q', 'maybe')).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/"yes", "no".*\[ANSWER_INVALID\]/) })
    expect(call('answer', 'it', 'nope', 'yes')).toMatchObject({ code: 5, err: expect.stringMatching(/open are: g\.q.*\[ASK_NOT_OPEN\]/) })
    expect(call('cancel', 'it', '--step', 'after')).toMatchObject({ code: 5, err: expect.stringContaining('[STEP_NOT_ACTIVE]') })
    expect(call('answer', 'it', 'g.q', 'yes')).toEqual({ code: 0, out: '', err: 'answered\n' })
    const sent = call('send', 'it', 'paid', '{"sum":12}', '--json')
    expect({ ...sent, out: JSON.parse(sent.out) as unknown }).toEqual({ code: 0, out: { runId: 'it', action: 'send', result: 'taken' }, err: '' })
    expect(call('send', 'it', 'paid', '{sum')).toMatchObject({ code: 2, err: expect.stringContaining('[PAYLOAD_NOT_JSON]') })
    expect(call('cancel', 'it', '--step', 'g.s')).toEqual({ code: 0, out: '', err: 'cancelled\n' })
    expect(await owner.ended).toBe(0)
    expect((await owner.until(at('step.completed', 'after'))).data).toMatchObject({ output: '2' })
    expect(call('answer', 'it', 'g.q', 'yes')).toMatchObject({ code: 2, err: expect.stringContaining('[RUN_SETTLED]') })
  })

  test('is paused: what is under way ends, and the process with 130; then one of its steps is run again', async () => {
    const owner = await begin()
    await writeFile(join(cwd, 'go'), '')
    expect(call('retry', 'it', '--step', 'g.s')).toMatchObject({ code: 0, err: 'running again\n' })
    await owner.until(at('step.completed', 'g.s'))
    expect(await readFile(join(cwd, 's.txt'), 'utf8')).toBe('x\nx\n')
    expect(call('pause', 'it')).toMatchObject({ code: 0 })
    expect(await owner.ended).toBe(130)
    expect(call('pause', 'it')).toMatchObject({ code: 5, err: expect.stringContaining('[RUN_NOT_WRITTEN]') })
  })

  test('is cancelled as a whole, and its process ends with 1', async () => {
    const owner = await begin()
    expect(call('cancel', 'it')).toMatchObject({ code: 0, err: 'cancelled\n' })
    expect(await owner.ended).toBe(1)
    expect(call('cancel', 'it')).toMatchObject({ code: 2, err: expect.stringContaining('[RUN_SETTLED]') })
    await writeFile(join(cwd, 'go'), '')
    const again = call('retry', 'it', '--step', 'g.s', '--no-wait', '--ui', 'none')
    expect(again).toMatchObject({ code: 3, err: expect.stringContaining('forkchart answer it') })
  })

  test('that is killed while a question is open: the answer is saved, and who resumes it goes on', async () => {
    const owner = await begin()
    expect(call('show', 'it').out).toContain('forkchart answer it g.q')
    owner.process.kill('SIGKILL')
    await owner.ended
    const answered = call('answer', 'it', 'g.q', 'no')
    expect(answered).toMatchObject({ code: 0, err: expect.stringMatching(/^answered\n.*\nforkchart resume it\n$/s) })
    expect(call('send', 'it', 'paid')).toMatchObject({ code: 0 })
    await writeFile(join(cwd, 'go'), '')
    const { code, out } = call('resume', 'it', '--json')
    expect({ code, ...(JSON.parse(out) as object) }).toMatchObject({ code: 0, status: 'done', output: '3' })
  })
})

describe('a run that only waits', { timeout: 60_000 }, () => {
  test('is saved by --no-wait with exit code 3 and the words that answer and resume it', async () => {
    await writeFile(join(cwd, 'ask.yaml'), 'forkchart: 1\nname: ask\nstages: [{ id: q, ask: { message: "How many?", schema: { type: integer } } }]\n')
    const waiting = call('run', 'ask.yaml', '--run-id', 'it', '--no-wait', '--ui', 'none')
    expect(waiting).toMatchObject({ code: 3, out: '' })
    expect(waiting.err).toMatch(/How many\?[\s\S]*forkchart answer it q[\s\S]*forkchart resume it\n$/)
    expect(JSON.parse(call('run', 'ask.yaml', '--run-id', 'other', '--no-wait', '--json').out)).toMatchObject({ status: 'waiting' })
    expect(call('resume', 'it', '--no-wait', '--ui', 'none').code).toBe(3)
    expect(call('answer', 'it', 'q', 'many')).toMatchObject({ code: 2 })
    expect(call('answer', 'it', 'q', '7')).toMatchObject({ code: 0 })
    expect(call('resume', 'it', '--ui', 'none')).toMatchObject({ code: 0, out: '7\n' })
  })

  test('may be that of a child, which is answered by its name', async () => {
    await writeFile(join(cwd, 'child.yaml'), 'forkchart: 1\nname: child\nstages: [{ id: q, ask: "Name?" }]\n')
    await writeFile(join(cwd, 'parent.yaml'), 'forkchart: 1\nname: parent\nstages: [{ id: c, workflow: ./child.yaml }]\n')
    const waiting = call('run', 'parent.yaml', '--run-id', 'it', '--no-wait', '--ui', 'none')
    expect(waiting).toMatchObject({ code: 3 })
    expect(call('answer', 'it', 'it.c:q', 'Ann')).toMatchObject({ code: 0 })
    expect(call('resume', 'it', '--ui', 'none')).toMatchObject({ code: 0, out: 'Ann\n' })
  })

  test('has to be there', () => {
    for (const argv of [['answer', 'none', 'q', 'x'], ['send', 'none', 'e'], ['pause', 'none'], ['cancel', 'none'], ['retry', 'none']]) {
      expect(call(...argv), argv.join(' ')).toMatchObject({ code: 5, err: expect.stringContaining('[RUN_NOT_FOUND]') })
    }
    expect(call('retry', 'none', '--step', 'a', '--failed')).toMatchObject({ code: 2 })
  })
})
