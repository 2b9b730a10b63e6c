import type { RunEvent, UnnumberedEvent } from '../events.ts'
import type { Json } from '../json.ts'
import type { Checkpoint, RunSpec } from '../store/store.ts'

const started = Date.UTC(2026, 0, 2, 3, 4, 5)

/** A spec of a small run. Times are fixed; `createdAt` is so many minutes after the first. */
export function sampleRunSpec(runId: string, { minutes = 0, input = null }: { minutes?: number; input?: Json } = {}): RunSpec {
  return {
    format: 1,
    runId,
    createdAt: new Date(started + minutes * 60_000).toISOString(),
    workflow: {
      format: 1,
      name: 'sample',
      agents: {},
      limits: { concurrency: 4, agents: 20 },
      env: [],
      stages: [
        {
          kind: 'run',
          id: 'work',
          path: 'work',
          command: ['true'],
          parse: 'text',
          retry: { attempts: 1, initialMs: 0, factor: 1, maxMs: 0, jitter: 0, totalMs: 0 },
        },
      ],
    },
    input,
    options: { scripted: false, specDir: '/specs', workingDir: '/work' },
    source: { file: 'sample.yaml', text: 'forkchart: 1\nname: sample\n' },
  }
}

/** `count` events of a run, numbered from `from` on: the first starts the run, then steps complete; with `settled` the last ends it. */
export function sampleEvents(runId: string, count: number, options: { from?: number; settled?: boolean } = {}): RunEvent[] {
  const { from = 1, settled = false } = options
  return Array.from({ length: count }, (_, index) => {
    const seq = from + index
    return { seq, runId, at: new Date(started + seq).toISOString(), ...body(seq, settled && index === count - 1) }
  })
}

function body(seq: number, last: boolean): UnnumberedEvent {
  if (last) return { type: 'run.settled', data: { status: 'done', output: 'the end' } }
  if (seq === 1) return { type: 'run.started', data: { workflow: 'sample', input: null, scripted: false } }
  // Text of several bytes per character, so that a cut may fall into one.
  return { type: 'step.completed', path: `work.s${seq}`, attempt: 1, data: { output: { text: `Größe ${seq} ✓`, list: [1, 2.5, null] } } }
}

export function sampleCheckpoint(runId: string, lastSeq: number, tree: Json = { done: ['a', 'b'] }): Checkpoint {
  return { format: 1, runId, lastSeq, savedAt: new Date(started).toISOString(), status: 'running', tree }
}
