import { closeSync, fdatasync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const sync = promisify(fdatasync)

const line = `${JSON.stringify({
  seq: 1000,
  runId: '20260101-000000-abcdef',
  at: '2026-01-01T00:00:00.000Z',
  type: 'step.completed',
  path: 'group.b100',
  attempt: 1,
  group: 'group',
  branch: 'b100',
  data: { output: 'group.b100' },
})}\n`

/** µs of one append of a journal's line and one awaited fdatasync, each after the other, `count` times. */
export async function fdatasyncFloor(dir: string, count: number): Promise<number> {
  const fd = openSync(join(dir, 'floor.ndjson'), 'a')
  try {
    const begun = performance.now()
    for (let index = 0; index < count; index += 1) {
      writeSync(fd, line)
      await sync(fd)
    }
    return ((performance.now() - begun) * 1000) / count
  } finally {
    closeSync(fd)
  }
}

/** The least a queue of promises can do: a counter, a list of who waits, one promise per task. */
class PromiseQueue {
  readonly #concurrency: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(concurrency: number) {
    this.#concurrency = concurrency
  }

  async add<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#concurrency) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#running += 1
    try {
      return await task()
    } finally {
      this.#running -= 1
      this.#waiting.shift()?.()
    }
  }
}

/** µs per task of `count` async functions that do nothing, through a queue that lets all of them run at once. */
export async function queueFloor(count: number): Promise<number> {
  const queue = new PromiseQueue(count)
  const begun = performance.now()
  await Promise.all(Array.from({ length: count }, (_, index) => queue.add(async () => index)))
  return ((performance.now() - begun) * 1000) / count
}
