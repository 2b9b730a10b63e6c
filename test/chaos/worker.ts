// Works on a run of a scenario until it ends, or until it is killed. argv: a `WorkerOrder` as JSON, once for each run.
// What it does to the world it writes to `history.ndjson`, where it outlives the process; its last line says how it ended.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../src/clock.ts'
import { toErrorData, UsageError } from '../../src/errors.ts'
import type { RunEvent } from '../../src/events.ts'
import { createEmbeddedHost } from '../../src/hosts/embedded/embedded-host.ts'
import type { RunHandle } from '../../src/hosts/host.ts'
import { createFileStore } from '../../src/store/file-store.ts'
import type { RunWriter, Store } from '../../src/store/store.ts'
import type { HistoryEntry } from '../sim/history.ts'
import { caseScenario, runId, startOptions, type WorkerOrder } from './order.ts'

const order = JSON.parse(process.argv[2] ?? '') as WorkerOrder
const { dir, number } = order
const scenario = caseScenario(order.seed)
const say = (line: string): void => void process.stdout.write(`${line}\n`)

function remember(entry: HistoryEntry): void {
  if (order.isFull === true) return say(`did ${JSON.stringify(entry)}`)
  // O_APPEND: lines of several processes do not overwrite each other.
  appendFileSync(join(dir, 'history.ndjson'), `${JSON.stringify(entry)}\n`)
}

function kill(): void {
  process.kill(process.pid, 'SIGKILL')
}

/** How many events are known to be on disk. */
let durable = 0

function watched(writer: RunWriter, found: number): RunWriter {
  let appended = found
  durable = found
  const append = (events: readonly RunEvent[]): void => {
    writer.append(events)
    appended += events.length
    if (order.killAt === undefined || appended < order.killAt) return
    if (order.how === 'unwritten') kill()
    // The journal is written in the microtask after the append: that one was queued before this.
    else queueMicrotask(kill)
  }
  const flushed = async (): Promise<void> => {
    const covered = appended
    await writer.flushed()
    durable = Math.max(durable, covered)
  }
  return new Proxy(writer, {
    get: (target, name) => {
      if (name === 'append') return append
      if (name === 'flushed') return flushed
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

const clock = { ...systemClock, now: () => Date.now() + order.skewMs }
const files = createFileStore(dir, { clock })
const store: Store = {
  ...files,
  create: async (spec) => watched(await files.create(spec), 0),
  open: async (id, options) => {
    const { writer, contents } = await files.open(id, options)
    remember({ kind: 'opened', process: number, events: contents.events })
    return { writer: watched(writer, contents.events.length), contents }
  },
}

let effects = 0
const host = createEmbeddedHost({
  store,
  clock,
  env: {},
  execute: async (request, { turn = 1 }) => {
    const { path, attempt, idempotencyKey: key } = request
    effects += 1
    const effect = number * 100_000 + effects
    remember({ kind: 'began', process: number, effect, path, attempt, key, durable })
    await delay(scenario.takes(request, turn))
    const output = scenario.does(request, turn)
    remember({ kind: 'gave', effect, output })
    return { output }
  },
})

async function begin(): Promise<RunHandle> {
  try {
    return await host.resume({ runId, force: order.force })
  } catch (error) {
    if (!(error instanceof UsageError) || error.code !== 'RUN_NOT_FOUND') throw error
    return host.start(startOptions(scenario, dir))
  }
}

try {
  const handle = await begin()
  say('working')
  const settlement = await handle.settled
  remember({ kind: 'settled', process: number, settlement, written: 0, durable: 0 })
  say(JSON.stringify(settlement))
} catch (error) {
  say(JSON.stringify(toErrorData(error)))
}
