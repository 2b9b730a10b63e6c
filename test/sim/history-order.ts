import type { RunEvent } from '../../src/events.ts'
import { isRepeated } from './history-actions.ts'

/** What a step may do next, by what it did last. */
const next: Readonly<Record<string, readonly string[]>> = {
  nothing: ['step.queued', 'step.skipped', 'step.failed', 'step.cancelled'],
  'step.queued': ['step.started', 'step.cancelled'],
  'step.started': ['step.completed', 'step.failed', 'step.skipped', 'step.cancelled', 'step.retrying'],
  'step.retrying': ['step.queued', 'step.cancelled'],
  // Taken back: it goes on from before its end, or begins anew.
  again: ['step.queued', 'step.started', 'step.retrying', 'step.skipped', 'step.failed', 'step.cancelled'],
}

interface Step {
  readonly did: string
  /** The last one, also of a step that has ended. */
  readonly attempt: number
  /** Whether the next attempt may be the first one. */
  readonly isAnew: boolean
  /** Its end was a stop of the whole run. */
  readonly isStopped: boolean
  /** Something before it runs again: it goes on, or was dropped, to begin anew or not at all. */
  readonly mayBeDropped?: boolean
}

const unknown: Step = { did: 'nothing', attempt: 0, isAnew: true, isStopped: false }

/**
 * Where a journal is not what one run can have written: numbers, first and last event, the life of each step. Steps in
 * `waiting` take nobody's place.
 */
export function orderFlaws(events: readonly RunEvent[], concurrency: number, waiting: ReadonlySet<string> = new Set()): string[] {
  const flaws: string[] = []
  const steps = new Map<string, Step>()
  const running = new Set<string>()
  for (const [index, event] of events.entries()) {
    const where = `event ${event.seq} (${event.type} of ${event.path ?? 'the run'})`
    if (event.seq !== index + 1) flaws.push(`${where} stands at place ${index + 1}`)
    if ((event.type === 'run.started') !== (index === 0)) flaws.push(`${where} stands at place ${index + 1}`)
    if (event.type === 'run.settled' && index !== events.length - 1 && !isAgain(events[index + 1])) flaws.push(`${where} is not the last`)
    // What ran in the process before is gone with it, also before its step is told so.
    if (event.type === 'run.resumed') running.clear()
    if (isAgain(event)) takeBack(steps, event)
    const { path } = event
    if (path === undefined || !event.type.startsWith('step.')) continue
    const step = steps.get(path) ?? unknown
    const isNext = next[step.did]?.includes(event.type) === true || (step.mayBeDropped === true && next['again']?.includes(event.type) === true)
    if (!isNext) flaws.push(`${where} follows ${step.did}`)
    const attempt = event.attempt ?? step.attempt
    const isStart = event.type === 'step.started'
    if (isStart && attempt !== step.attempt + 1 && !(step.isAnew && attempt === 1)) flaws.push(`${where} is attempt ${attempt} after ${step.attempt}`)
    if (isStart && !waiting.has(path)) running.add(path)
    else running.delete(path)
    if (running.size > concurrency) flaws.push(`${where} is one of ${running.size} at once, ${concurrency} may be`)
    const isOver = next[event.type] === undefined
    const isStopped = event.type === 'step.cancelled' && event.data.by !== path
    steps.set(path, { did: isOver ? 'nothing' : event.type, attempt, isAnew: isOver || (step.isAnew && !isStart) || step.mayBeDropped === true, isStopped })
  }
  for (const [path, { did, mayBeDropped }] of steps) if (did !== 'nothing' && did !== 'again' && mayBeDropped !== true) flaws.push(`${path} ended with ${did}`)
  return flaws
}

function takeBack(steps: Map<string, Step>, event: Extract<RunEvent, { type: 'run.resumed' }>): void {
  for (const [path, step] of steps) {
    const isAnew = isRepeated(path, event) || step.isStopped
    if (step.did !== 'nothing') steps.set(path, { ...step, mayBeDropped: true, ...(isAnew && { isAnew }) })
    else if (isAnew) steps.set(path, { ...step, did: 'again', isAnew })
  }
}

function isAgain(event: RunEvent | undefined): event is Extract<RunEvent, { type: 'run.resumed' }> {
  return event?.type === 'run.resumed' && event.data.again !== undefined
}
