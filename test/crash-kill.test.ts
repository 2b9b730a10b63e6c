import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { RunEvent } from '../src/events.ts'
import type { RunSettlement } from '../src/hosts/host.ts'
import { createFileStore } from '../src/store/file-store.ts'
import { startWorker } from './crash-process.ts'
import { branches, executions, openBench, runId } from './fixtures/crash/scenario.ts'

const steps = ['a', 'b', ...branches.map((id) => `g.${id}`), 'c']
const roots: string[] = []

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'forkchart-crash-'))
  roots.push(dir)
  return dir
}
afterAll(() => Promise.all(roots.map((dir) => rm(dir, { recursive: true, force: true }))))

async function journal(dir: string): Promise<readonly RunEvent[]> {
  return (await createFileStore(dir).read(runId)).events
}

/** How the run ends when nobody disturbs it. */
let undisturbed: RunSettlement
let undisturbedRun = ''
let lines = 0
beforeAll(async () => {
  undisturbedRun = await folder()
  undisturbed = (await startWorker(undisturbedRun, 'start').ended).said as RunSettlement
  lines = (await journal(undisturbedRun)).length
})

test('a run that nobody disturbs executes every step once', () => {
  expect(undisturbed).toEqual({ status: 'done', output: expect.stringMatching(/^c:/) })
  expect(executions(undisturbedRun)).toEqual(steps.map((path) => `${path} 1`))
  expect(lines).toBe(1 + 3 * steps.length + 2 + 1)
})

interface Killed {
  readonly dir: string
  /** What was in the journal when the process was dead. */
  readonly kept: readonly RunEvent[]
}

async function killedAt(line: number, how: 'written' | 'unwritten'): Promise<Killed> {
  const dir = await folder()
  const { end } = await startWorker(dir, 'start', line, how).ended
  expect(end).toBe('SIGKILL')
  const kept = await journal(dir)
  if (how === 'written') expect(kept.length).toBeGreaterThanOrEqual(line)
  else expect(kept.length).toBeLessThan(line)
  return { dir, kept }
}

/** All that must hold of a run that was killed, now that it is over. */
async function expectWhole({ dir, kept }: Killed, settlement: unknown): Promise<void> {
  expect(settlement).toEqual(undisturbed)
  const events = await journal(dir)
  expect(events.slice(0, kept.length)).toEqual(kept)
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
  const ran = executions(dir)
  for (const path of steps) {
    const own = ran.filter((line) => line.startsWith(`${path} `))
    const committed = kept.some((event) => event.type === 'step.completed' && event.path === path)
    const started = kept.filter((event) => event.type === 'step.started' && event.path === path).length
    const completed = events.filter((event) => event.type === 'step.completed' && event.path === path)
    expect(completed, path).toHaveLength(1)
    if (committed) expect(own, path).toEqual([`${path} ${started}`])
    // What was under way, or never written, was done again, as a further attempt.
    else expect(completed[0]?.attempt, path).toBe(started + 1)
    expect(own.at(-1)).toBe(`${path} ${completed[0]?.attempt}`)
  }
}

/** Two at a time: the machine may have no more. */
async function inPairs<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items]
  const take = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all([take(), take()])
}

describe('a run whose process is killed', () => {
  test('at any line of its journal is completed by another one, and repeats no committed step', { timeout: 60_000 }, async () => {
    const moments = Array.from({ length: lines }, (_, index) => index + 1)
    await inPairs(moments, async (line) => {
      const killed = await killedAt(line, line % 2 === 0 ? 'written' : 'unwritten')
      // Every process is another one than the killed; now and then a fresh one.
      const settlement =
        line % 6 === 0
          ? (await startWorker(killed.dir, 'resume').ended).said
          : await (await openBench(killed.dir).host.resume({ runId })).settled
      await expectWhole(killed, settlement)
    })
  })

  test('again and again comes to its end all the same', { timeout: 60_000 }, async () => {
    const { dir, kept } = await killedAt(8, 'written')
    let committed = kept.filter(({ type }) => type === 'step.completed').length
    let last: unknown
    let kills = 1
    for (; kills < 20 && last === undefined; kills += 1) {
      const before = (await journal(dir)).length
      const { end, said } = await startWorker(dir, 'resume', before + 14, 'written').ended
      last = said
      if (said === undefined) expect(end).toBe('SIGKILL')
      const now = (await journal(dir)).filter(({ type }) => type === 'step.completed').length
      expect(now).toBeGreaterThanOrEqual(committed)
      committed = now
    }
    expect(last).toEqual(undisturbed)
    expect(kills).toBeGreaterThan(3)
    const ran = executions(dir)
    for (const path of steps) {
      const own = ran.filter((line) => line.startsWith(`${path} `))
      expect(own).toEqual([...new Set(own)])
    }
  })

  test('from outside, in the middle of its group, does the rest of the group', async () => {
    const dir = await folder()
    const worker = startWorker(dir, 'start', 22, 'hold')
    onTestFinished(() => void worker.process.kill('SIGKILL'))
    await worker.printed('holding')
    worker.process.kill('SIGKILL')
    expect((await worker.ended.catch(() => undefined))?.end ?? 'SIGKILL').toBe('SIGKILL')
    const kept = await journal(dir)
    await expectWhole({ dir, kept }, await (await openBench(dir).host.resume({ runId })).settled)
  })
})

describe('a run that is interrupted', () => {
  test('ends its process, keeps a checkpoint, and is completed by another one', async () => {
    await inPairs([2, 9, 16, 25, 36], async (line) => {
      const dir = await folder()
      expect(await startWorker(dir, 'start', line, 'interrupt').ended).toEqual({ end: 0, said: { status: 'interrupted' } })
      const { checkpoint, events: kept } = await createFileStore(dir).read(runId)
      expect(kept.at(-1)?.type).toBe('run.paused')
      expect(checkpoint).toMatchObject({ status: 'running', lastSeq: kept.length })
      const { said } = await startWorker(dir, 'resume').ended
      await expectWhole({ dir, kept }, said)
    })
  })
})

describe('a run that a process works on', () => {
  test('is refused to a second one, which is told who has it', async () => {
    const dir = await folder()
    const worker = startWorker(dir, 'start', 5, 'hold')
    onTestFinished(() => void worker.process.kill('SIGKILL'))
    await worker.printed('holding')
    const { said, end } = await startWorker(dir, 'resume').ended
    expect(end).toBe(0)
    expect(said).toMatchObject({ code: 'RUN_LOCKED', kind: 'usage', message: expect.stringContaining(String(worker.process.pid)) })
    await expect(openBench(dir).host.resume({ runId })).rejects.toMatchObject({ code: 'RUN_LOCKED' })
    worker.process.kill('SIGKILL')
    await worker.ended.catch(() => undefined)
    expect(await (await openBench(dir).host.resume({ runId })).settled).toEqual(undisturbed)
  })
})
