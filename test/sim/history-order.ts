import type { RunEvent } from '../../src/events.ts'

/** What a step may do next, by what it did last. */
const next: Readonly<Record<string, readonly string[]>> = {
  nothing: ['step.queued', 'step.skipped', 'step.failed', 'step.cancelled'],
  'step.queued': ['step.started', 'step.cancelled'],
  'step.started': ['step.completed', 'step.failed', 'step.skipped', 'step.cancelled', 'step.retrying'],
  'step.retrying': ['step.queued', 'step.cancelled'],
}

/** Where a journal is not what one run can have written: numbers, first and last event, the life of each step. */
export function orderFlaws(events: readonly RunEvent[], concurrency: number): string[] {
  const flaws: string[] = []
  const steps = new Map<string, { did: string; attempt: number }>()
  const running = new Set<string>()
  for (const [index, event] of events.entries()) {
    const where = `event ${event.seq} (${event.type} of ${event.path ?? 'the run'})`
    if (event.seq !== index + 1) flaws.push(`${where} stands at place ${index + 1}`)
    if ((event.type === 'run.started') !== (index === 0)) flaws.push(`${where} stands at place ${index + 1}`)
    if (event.type === 'run.settled' && index !== events.length - 1) flaws.push(`${where} is not the last`)
    // What ran in the process before is gone with it, also before its step is told so.
    if (event.type === 'run.resumed') running.clear()
    if (event.path === undefined || !event.type.startsWith('step.')) continue
    const step = steps.get(event.path) ?? { did: 'nothing', attempt: 0 }
    if (next[step.did]?.includes(event.type) !== true) flaws.push(`${where} follows ${step.did}`)
    if (event.type === 'step.started') {
      running.add(event.path)
      if (event.attempt !== step.attempt + 1) flaws.push(`${where} is attempt ${event.attempt} after ${step.attempt}`)
      if (running.size > concurrency) flaws.push(`${where} is one of ${running.size} at once, ${concurrency} may be`)
    } else {
      running.delete(event.path)
    }
    const isOver = next[event.type] === undefined
    steps.set(event.path, { did: isOver ? 'nothing' : event.type, attempt: isOver ? 0 : (event.attempt ?? step.attempt) })
  }
  for (const [path, { did }] of steps) if (did !== 'nothing') flaws.push(`${path} ended with ${did}`)
  return flaws
}
