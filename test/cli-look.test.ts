import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunEvent, UnnumberedEvent } from '../src/events.ts'
import { createFileStore } from '../src/store/file-store.ts'
import type { RunWriter } from '../src/store/store.ts'
import { call } from './cli-terminal.ts'
import { workflowOf } from './diagram-workflow.ts'

const workflow = workflowOf('vote', [
  { id: 'draft', parallel: [{ id: 'literal', agent: 'translator' }, { id: 'formal', agent: 'translator' }] },
  { id: 'polish', agent: 'judge' },
])
const failure = { code: 'RATE_LIMIT', kind: 'retryable', message: 'slow down' } as const

const happened: readonly UnnumberedEvent[] = [
  { type: 'run.started', data: { workflow: 'vote', input: { text: 'hi' }, scripted: true } },
  { type: 'group.started', path: 'draft', data: { branches: ['literal', 'formal'] } },
  { type: 'step.started', path: 'draft.literal', attempt: 1, data: {} },
  { type: 'step.started', path: 'draft.formal', attempt: 1, data: {} },
  { type: 'step.completed', path: 'draft.formal', attempt: 1, data: { output: 'Guten Tag' } },
  { type: 'step.failed', path: 'draft.literal', attempt: 1, data: { error: failure } },
]
const ending: readonly UnnumberedEvent[] = [
  { type: 'group.joined', path: 'draft', data: { status: 'failed', completed: 1, failed: 1, skipped: 0, cancelled: 0, error: failure } },
  { type: 'run.settled', data: { status: 'failed', error: failure } },
]

let cwd = ''
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'forkchart-look-'))
  for (const [runId, day, events] of [['ended', 2, [...happened, ...ending]], ['open', 1, happened]] as const) {
    const writer = await write(runId, day, events)
    writer.log('draft.literal', 'asking\n')
    writer.log('draft.formal', 'asking\nanswered \u001b[31mred\u001b[0m')
    await writer.close()
  }
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

async function write(runId: string, day: number, events: readonly UnnumberedEvent[]): Promise<RunWriter> {
  const writer = await createFileStore(join(cwd, '.forkchart')).create({
    format: 1,
    runId,
    createdAt: `2026-11-0${day}T10:00:00.000Z`,
    workflow,
    input: { text: 'hi' },
    options: { scripted: true, specDir: cwd, workingDir: cwd },
    source: { file: null, text: '' },
  })
  writer.append(events.map((event, index): RunEvent => ({ ...event, seq: index + 1, runId, at: at(index) })))
  return writer
}

function at(second: number): string {
  return `2026-11-01T10:00:0${second}.000Z`
}

describe('ls', () => {
  test('lists the runs, newest first, with what became of them', async () => {
    const { code, out } = await call(cwd, ['ls'])
    expect(code).toBe(0)
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['RUN', 'STATUS', 'CREATED (UTC)', 'WORKFLOW'],
      ['ended', 'failed', '2026-11-02 10:00:00', 'vote'],
      ['open', 'interrupted', '2026-11-01 10:00:00', 'vote'],
      [''],
    ])
  })

  test('as JSON is an array and nothing else', async () => {
    const { out, err } = await call(cwd, ['ls', '--json'])
    expect(JSON.parse(out)).toMatchObject([{ runId: 'ended', status: 'failed', owner: null }, { runId: 'open', status: 'interrupted' }])
    expect(err).toBe('')
  })

  test('a store that is not there yet is an empty one', async () => {
    expect(await call(cwd, ['ls', '--store', 'nowhere'])).toEqual({ code: 0, out: '', err: 'no runs in nowhere\n' })
    expect(await call(cwd, ['ls', '--store', 'nowhere', '--json'])).toEqual({ code: 0, out: '[]\n', err: '' })
  })
})

describe('show', () => {
  test('as JSON is the result of the run with what is known of it', async () => {
    const { out } = await call(cwd, ['show', 'ended', '--json'])
    expect(JSON.parse(out)).toMatchObject({
      runId: 'ended',
      status: 'failed',
      workflow: 'vote',
      input: { text: 'hi' },
      elapsedMs: 7000,
      error: failure,
      steps: [{ path: 'draft.literal', status: 'failed', error: failure }, { path: 'draft.formal', output: 'Guten Tag' }, { path: 'polish' }],
    })
  })

  test('a run that nobody works on and that has not ended is interrupted', async () => {
    expect(JSON.parse((await call(cwd, ['show', 'open', '--json'])).out)).toMatchObject({ status: 'interrupted' })
  })

  test('for people names the workflow, the steps and the error', async () => {
    const { out } = await call(cwd, ['show', 'ended'])
    expect(out).toMatch(/workflow +vote/)
    expect(out).toMatch(/failed +draft\.literal/)
    expect(out).toContain('slow down')
  })

  test('an unknown run ends with 5, as JSON too', async () => {
    const people = await call(cwd, ['show', 'missing'])
    expect(people).toMatchObject({ code: 5, out: '', err: expect.stringMatching(/^error: .*missing.*\[RUN_NOT_FOUND\]\n$/) })
    const data = await call(cwd, ['show', 'missing', '--json'])
    expect(data.code).toBe(5)
    expect(JSON.parse(data.out)).toMatchObject({ error: { code: 'RUN_NOT_FOUND' } })
  })
})

describe('events', () => {
  test('as JSON is the journal, one event per line', async () => {
    const { out } = await call(cwd, ['events', 'ended', '--json'])
    const events = out.trimEnd().split('\n').map((line) => JSON.parse(line))
    expect(events.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(events[5]).toMatchObject({ type: 'step.failed', path: 'draft.literal', data: { error: failure } })
  })

  test('--after leaves out what is known', async () => {
    const { out } = await call(cwd, ['events', 'ended', '--after', '7'])
    expect(out).toBe('    8  10:00:07.000  run.settled     failed: slow down\n')
  })

  test('--follow ends when the run has', async () => {
    const { code, out } = await call(cwd, ['events', 'ended', '-f', '--after', '6', '--json'])
    expect(code).toBe(0)
    expect(out.trimEnd().split('\n').length).toBe(2)
  })

  test('--follow ends when nobody reads any more', async () => {
    const gone = new AbortController()
    const seen: string[] = []
    const { code } = await call(cwd, ['events', 'open', '-f'], {
      outClosed: gone.signal,
      out: (text) => {
        seen.push(text)
        gone.abort()
      },
    })
    expect(code).toBe(0)
    expect(seen.length).toBe(1)
  })
})

describe('logs', () => {
  test('of the whole run have the step in front', async () => {
    expect((await call(cwd, ['logs', 'ended'])).out).toBe(
      'draft.literal | asking\ndraft.formal | asking\ndraft.formal | answered \u001b[31mred\u001b[0m\n',
    )
  })

  test('of one step are as it wrote them; a terminal is kept from what they might do to it', async () => {
    expect((await call(cwd, ['logs', 'ended', 'draft.formal'])).out).toBe('asking\nanswered \u001b[31mred\u001b[0m\n')
    expect((await call(cwd, ['logs', 'ended', 'draft.formal'], { outIsTerminal: true })).out).toBe('asking\nanswered red\n')
  })

  test('of a group are those of all steps in it', async () => {
    expect((await call(cwd, ['logs', 'ended', 'draft'])).out.split('\n').length).toBe(4)
  })

  test('as JSON are one object per line', async () => {
    const { out } = await call(cwd, ['logs', 'ended', 'draft.literal', '--json'])
    expect(JSON.parse(out)).toEqual({ path: 'draft.literal', text: 'asking' })
  })

  test('--follow shows everything and ends with the run', async () => {
    expect((await call(cwd, ['logs', 'ended', '-f'])).out.split('\n').toSorted()).toEqual([
      '', 'draft.formal | answered \u001b[31mred\u001b[0m', 'draft.formal | asking', 'draft.literal | asking',
    ])
  })

  test('an unknown step is named, with those there are', async () => {
    expect(await call(cwd, ['logs', 'ended', 'nope'])).toMatchObject({ code: 5, err: expect.stringContaining('draft.literal, draft.formal, polish') })
  })
})

describe('graph of a run', () => {
  test('says behind each block how it stands', async () => {
    const { out } = await call(cwd, ['graph', 'ended'])
    expect(out).toMatch(/literal +agent translator {2}✗ failed/)
    expect(out).toMatch(/polish +agent judge {2}· not run/)
  })

  test('as Mermaid paints the steps', async () => {
    expect((await call(cwd, ['graph', 'ended', '--format', 'mermaid'])).out).toContain('class s_draft__literal failed')
  })

  test('what is neither a file nor a run ends with 5', async () => {
    expect(await call(cwd, ['graph', 'nothing'])).toMatchObject({ code: 5, out: '' })
  })
})
