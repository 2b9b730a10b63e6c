import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createEmbeddedHost } from '../../src/hosts/embedded/embedded-host.ts'
import type { RunEvent } from '../../src/events.ts'
import { createFileStore } from '../../src/store/file-store.ts'
import type { Checkpoint } from '../../src/store/store.ts'
import { fan } from './workflows.ts'

interface LargeRun {
  /** Of the checkpoints, the largest multiple of the data that was live then. */
  readonly ratio: number
  /** The longest that the event loop was blocked, in ms. */
  readonly blockedMs: number
}

/** A durable run of one group whose branches all begin at once and end, each with a result of 1 KB, 5,000 of them a second. */
export async function largeRun(dir: string, width: number): Promise<LargeRun> {
  const store = createFileStore(dir)
  const checkpoints: Checkpoint[] = []
  const host = createEmbeddedHost({
    store: {
      ...store,
      create: async (spec) => {
        const writer = await store.create(spec)
        const save = writer.checkpoint.bind(writer)
        writer.checkpoint = (checkpoint) => {
          checkpoints.push(checkpoint)
          return save(checkpoint)
        }
        return writer
      },
    },
    execute: async ({ path }) => {
      const index = Number(path.split('.b')[1])
      // Spread without a random source: 7919 is a prime that divides no width of the bench.
      await new Promise((resolve) => setTimeout(resolve, ((index * 7919) % width) / 5))
      return { output: `${path} `.padEnd(1024, `${index}`) }
    },
  })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const run = await host.start({ workflow: fan(width), input: {}, specDir: '/', workingDir: '/', source: { file: null, text: '' } })
  const events: RunEvent[] = []
  run.subscribe((event) => {
    if ('seq' in event) events.push(event)
  })
  const { status } = await run.settled
  await new Promise((resolve) => setTimeout(resolve, 5))
  delay.disable()
  if (status !== 'done') throw new Error(`the run ended as ${status}`)
  return { ratio: largestRatio(checkpoints, events), blockedMs: delay.max / 1e6 }
}

/**
 * What is live is what nothing later has replaced: the last event of each block, as the journal has it. A journal that
 * held no more than that could not be shorter.
 */
function largestRatio(checkpoints: readonly Checkpoint[], events: readonly RunEvent[]): number {
  const last = new Map<string, number>()
  let live = 0
  let seen = 0
  const ratios = checkpoints.map((checkpoint) => {
    for (; seen < checkpoint.lastSeq; seen += 1) {
      const event = events[seen]
      const place = event?.path ?? ''
      const bytes = Buffer.byteLength(JSON.stringify(event))
      live += bytes - (last.get(place) ?? 0)
      last.set(place, bytes)
    }
    return live === 0 ? 0 : Buffer.byteLength(JSON.stringify(checkpoint)) / live
  })
  return Math.max(...ratios)
}
