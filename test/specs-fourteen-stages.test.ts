import { readFileSync, rmSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { TerminalError } from '../src/errors.ts'
import type { RunEvent } from '../src/events.ts'
import type { RunHandle, RunSettlement } from '../src/hosts/host.ts'
import type { Json } from '../src/json.ts'
import { loadSpec } from '../src/spec/load.ts'
import { startedIn } from './old-state-files.ts'
import { type Bench, createBench, eventsOf } from './run-embedded.ts'
import { temporaryFolder } from './store-folder.ts'

const { workflow } = await loadSpec(fileURLToPath(new URL('../specs/dialects/stages.yaml', import.meta.url)))
const group = workflow.stages.find(({ kind, id }) => kind === 'parallel' && id.startsWith('post_spec'))?.id ?? ''
const [research, strategy] = [`${group}.RESEARCH`, `${group}.TEST_STRATEGY`]
const before = ['SETUP', 'BUSINESS_PROBLEM', 'SPEC', 'SPEC_REVIEW.work', 'SPEC_REVIEW.reviewer']

const good = (path: string): Json =>
  path === 'ACCEPTANCE_TEST.run' ? 'AT-001: PASSED' : /^SPEC(_REVIEW\.work)?$/.test(path) ? '### AT-001: one' : 'VERIFIED_APPROVED: yes'

/** A run on a clock that stands still but for the two stages of the group: ms each takes, and whether it fails. */
async function started(takes: Readonly<Record<string, { ms: number; fails?: boolean }>>) {
  const bench = createBench(({ path }) => {
    const { ms, fails = false } = takes[path] ?? { ms: 1 }
    return new Promise<Json>((resolve, reject) => {
      const end = (): void => (fails ? reject(new TerminalError('BROKEN', `${path} is broken`)) : resolve(good(path)))
      bench.clock.schedule(end, ms)
    })
  })
  const handle = await bench.start(workflow, { input: { objective: 'o' } })
  return { bench, settlement: await settled(bench, handle), events: eventsOf(handle) }
}

/** Time passes only while every step that has started is at work: so it is the steps' own. */
async function settled({ clock }: Bench, handle: RunHandle): Promise<RunSettlement> {
  const running = new Set<string>()
  handle.subscribe((event) => {
    if (event.type === 'step.started') running.add(event.path ?? '')
    if (event.type === 'step.completed' || event.type === 'step.failed') running.delete(event.path ?? '')
  })
  let over = false
  void handle.settled.finally(() => (over = true))
  while (!over) {
    await new Promise(setImmediate)
    if (running.size > 0 && clock.pending === running.size) clock.advance(1)
  }
  return handle.settled
}

function spanOf(events: readonly RunEvent[], path: string): { from: number; to: number } {
  const at = (...types: string[]): number => Date.parse(events.findLast((event) => event.path === path && types.includes(event.type))?.at ?? '')
  return { from: at('step.started', 'group.started'), to: at('step.completed', 'step.failed', 'group.joined') }
}

describe('research and test strategy', () => {
  test('run at the same time, after the specification is approved and before the plan, in the time of the longer one', async () => {
    const { settlement, events } = await started({ [research]: { ms: 100 }, [strategy]: { ms: 80 } })
    expect(settlement.status).toBe('done')
    const [one, two, both] = [spanOf(events, research), spanOf(events, strategy), spanOf(events, group)]
    expect(one.from).toBeLessThan(two.to)
    expect(two.from).toBeLessThan(one.to)
    expect(both.to - both.from).toBeLessThanOrEqual(105)
    expect(startedIn(events).slice(0, 8)).toEqual([...before, research, strategy, 'PLAN'])
    expect(spanOf(events, 'PLAN').from).toBeGreaterThanOrEqual(both.to)
  })

  test.each([[research, strategy], [strategy, research]])('%s failing leaves the other to finish; then the run fails', async (broken, other) => {
    const { settlement, events } = await started({ [broken]: { ms: 10, fails: true }, [other]: { ms: 100 } })
    expect(settlement).toMatchObject({ status: 'failed', error: { message: expect.stringContaining(broken) } })
    expect(events.find(({ type, path }) => type === 'step.completed' && path === other)).toBeDefined()
    expect(spanOf(events, other).to - spanOf(events, other).from).toBe(100)
    expect(events.some(({ type }) => type === 'step.cancelled')).toBe(false)
    expect(startedIn(events)).toEqual([...before, research, strategy])
  })

  test('are run again only if they failed', async () => {
    const takes: Record<string, { ms: number; fails?: boolean }> = { [research]: { ms: 10, fails: true }, [strategy]: { ms: 100 } }
    const { bench, events } = await started(takes)
    takes[research] = { ms: 10 }
    const handle = await bench.host.resume({ runId: 'run', again: 'failed' })
    expect(await settled(bench, handle)).toMatchObject({ status: 'done' })
    const ran = startedIn(eventsOf(handle).slice(events.length))
    expect(ran.slice(0, 2)).toEqual([research, 'PLAN'])
    expect(ran).not.toContain(strategy)
  })
})

interface Worker {
  /** Resolves once it holds. */
  readonly holding: Promise<void>
  readonly ended: Promise<{ readonly said: unknown; readonly signal: string | null }>
  kill(): void
}

function work(dir: string, ...argv: readonly string[]): Worker {
  const worker = fileURLToPath(new URL('fixtures/fourteen/worker.ts', import.meta.url))
  const child = spawn(process.execPath, [worker, dir, ...argv], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'forkchart-crash-test-cache') },
  })
  let out = ''
  const holding = Promise.withResolvers<void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    if (out.includes('holding')) holding.resolve()
  })
  const ended = once(child, 'close').then(() => {
    holding.reject(new Error(`The worker ended before it held: ${out}`))
    const last = out.trim().split('\n').at(-1) ?? ''
    return { said: last.startsWith('{') ? (JSON.parse(last) as unknown) : undefined, signal: child.signalCode }
  })
  holding.promise.catch(() => {})
  return { holding: holding.promise, ended, kill: () => void child.kill('SIGKILL') }
}

/** Paths of the steps that were executed since the last look. */
function executed(dir: string): string[] {
  const lines = readFileSync(join(dir, 'markers'), 'utf8').trim().split('\n')
  rmSync(join(dir, 'markers'))
  return lines
}

describe('when the process is killed', () => {
  const [one, two] = ['post_spec.RESEARCH', 'post_spec.TEST_STRATEGY']

  test.each([[one, two], [two, one]])('while only %s is under way, that one alone runs again', async (held, done) => {
    const dir = await temporaryFolder()
    const first = work(dir, 'start', `${held}=hold`)
    await first.holding
    first.kill()
    expect(await first.ended).toMatchObject({ signal: 'SIGKILL' })
    expect(executed(dir)).toEqual([...before, one, two])
    expect((await work(dir, 'resume').ended).said).toMatchObject({ status: 'done' })
    const ran = executed(dir)
    expect(ran.slice(0, 2)).toEqual([held, 'PLAN'])
    expect(ran).not.toContain(done)
  })

  test('after one failed, the other finishes first; then only the one that failed is run again', async () => {
    const dir = await temporaryFolder()
    const first = work(dir, 'start', `${one}=fail`, `${two}=hold`)
    await first.holding
    first.kill()
    await first.ended
    expect(executed(dir)).toEqual([...before, one, two])
    expect((await work(dir, 'resume').ended).said).toMatchObject({ status: 'failed', error: { message: expect.stringContaining(one) } })
    expect(executed(dir)).toEqual([two])
    expect((await work(dir, 'retry').ended).said).toMatchObject({ status: 'done' })
    const ran = executed(dir)
    expect(ran.slice(0, 2)).toEqual([one, 'PLAN'])
    expect(ran).not.toContain(two)
  })
})
