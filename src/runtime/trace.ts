import { interruptedCode } from '../errors.ts'
import type { RunEvent } from '../events.ts'
import { AttemptTrace } from './trace-attempt.ts'
import { runOpening } from './trace-attributes.ts'
import { endSpan, type Opening, type OpenSpan, openSpan, type Span, type SpanAttributes, type SpanEnd } from './trace-span.ts'

/**
 * The trace of a run, read off its events: a span for the run, each group, each step, each attempt, each call of a tool
 * and what the agent's library does around them. A span's id follows from the number of the event that opens it, so a run that is resumed, and whoever reads its
 * events later, gets the same spans. Events without a trace id are of runs before there were traces: they give no spans.
 */
export class Trace {
  #run: OpenSpan | undefined
  readonly #groups = new Map<string, OpenSpan>()
  readonly #steps = new Map<string, OpenSpan>()
  readonly #attempts = new Map<string, AttemptTrace>()
  /** What the run is, for when it goes on after its end. */
  #opening: Opening | undefined
  /** When the process ended whose work was cut off. */
  #lastAt = ''
  #cutAt = ''

  /** Takes the next event in; gives the spans that it ends. */
  take(event: RunEvent): Span[] {
    const ended = this.#take(event)
    this.#lastAt = event.at
    return ended
  }

  /** Those that go on, the run first. */
  open(): Span[] {
    const attempts = [...this.#attempts.values()].flatMap((attempt) => attempt.open())
    return [...(this.#run === undefined ? [] : [this.#run]), ...this.#groups.values(), ...this.#steps.values(), ...attempts]
  }

  #take(event: RunEvent): Span[] {
    const { at, path = '' } = event
    switch (event.type) {
      case 'run.started':
        this.#opening = runOpening(event)
        this.#run = openSpan(event, this.#opening)
        return []
      case 'run.resumed':
        this.#cutAt = this.#lastAt
        // It had ended, and that span is gone.
        if (this.#run === undefined && this.#opening !== undefined) this.#run = openSpan(event, this.#opening)
        this.#run?.notes.push({ at, name: 'run.resumed', attributes: {} })
        return []
      case 'run.paused':
        this.#run?.notes.push({ at, name: 'run.paused', attributes: { reason: event.data.reason } })
        return []
      case 'run.settled':
        return this.#endRun(event)
      case 'group.started':
        this.#groups.set(path, openSpan(event, this.#block(event, 'group', `group ${path}`)))
        return []
      case 'group.joined':
        return this.#endGroup(event)
      case 'step.queued':
        this.#step(event)
        return []
      case 'step.started': {
        const { spanId } = this.#step(event)
        this.#attempts.set(path, new AttemptTrace(event, spanId))
        return []
      }
      case 'step.retrying': {
        const { error, delayMs } = event.data
        this.#steps.get(path)?.notes.push({ at, name: 'step.retrying', attributes: { 'error.type': error.code, 'forkchart.delay_ms': delayMs } })
        const ended = error.code === interruptedCode && this.#cutAt !== '' ? this.#cutAt : at
        return this.#endAttempt(path, failed(ended, error))
      }
      case 'step.completed':
        return this.#endStep(event, { at, status: 'ok' })
      case 'step.failed':
        return this.#endStep(event, failed(at, event.data.error))
      case 'step.skipped':
      case 'step.cancelled':
        return this.#endStep(event, { at, status: 'unset', attributes: { 'forkchart.reason': event.data.reason } })
      case 'agent.usage':
        this.#attempts.get(path)?.use(event)
        return []
      case 'agent.tool_call':
        this.#attempts.get(path)?.openCall(event)
        return []
      case 'agent.tool_result':
        return this.#attempts.get(path)?.endCall(event) ?? []
      case 'agent.span_started':
        this.#attempts.get(path)?.openPart(event)
        return []
      case 'agent.span_ended':
        return this.#attempts.get(path)?.endPart(event) ?? []
      case 'agent.handoff':
        this.#note(path, event, { from: event.data.from, to: event.data.to })
        return []
      case 'ask.opened':
      case 'ask.answered':
      case 'ask.expired':
        this.#note(path, event, { ask: event.data.ask })
        return []
      case 'run.waiting':
      case 'event.received':
      case 'agent.message':
      case 'log':
        return []
      default:
        return event satisfies never
    }
  }

  #note(path: string, { at, type }: RunEvent, attributes: SpanAttributes): void {
    this.#attempts.get(path)?.note(at, type, attributes)
  }

  /** In the group around, else in the run. */
  #block(event: RunEvent, kind: Span['kind'], name: string): Opening {
    const { path = '', group, branch, iteration } = event
    const around = group === undefined ? undefined : this.#groups.get(group)
    return {
      kind,
      name,
      path,
      parentSpanId: (around ?? this.#run)?.spanId || null,
      attributes: {
        'forkchart.run.id': event.runId,
        'forkchart.path': path,
        ...(group === undefined ? {} : { 'forkchart.group': group }),
        ...(branch === undefined ? {} : { 'forkchart.branch': branch }),
        ...(iteration === undefined ? {} : { 'forkchart.iteration': iteration }),
      },
    }
  }

  #step(event: RunEvent): OpenSpan {
    const { path = '' } = event
    const open = this.#steps.get(path) ?? openSpan(event, this.#block(event, 'step', `step ${path}`))
    this.#steps.set(path, open)
    return open
  }

  #endStep(event: RunEvent, end: SpanEnd): Span[] {
    const { path = '' } = event
    const status = event.type.slice('step.'.length)
    // A group that could not be entered, or gave up its rounds, says so as a step does.
    const step = endSpan(this.#step(event), { ...end, attributes: { ...end.attributes, 'forkchart.status': status } })
    this.#steps.delete(path)
    return [...this.#endAttempt(path, end), step]
  }

  #endAttempt(path: string, end: SpanEnd): Span[] {
    const attempt = this.#attempts.get(path)
    this.#attempts.delete(path)
    return attempt?.end(end) ?? []
  }

  #endGroup({ path = '', at, data }: Extract<RunEvent, { type: 'group.joined' }>): Span[] {
    const span = this.#groups.get(path)
    if (span === undefined) return []
    this.#groups.delete(path)
    const { status, error, completed, failed: failures } = data
    const attributes = { 'forkchart.status': status, 'forkchart.branches.completed': completed, 'forkchart.branches.failed': failures }
    if (error !== undefined) return [endSpan(span, { ...failed(at, error), attributes: { 'error.type': error.code, ...attributes } })]
    return [endSpan(span, { at, status: status === 'completed' ? 'ok' : 'unset', attributes })]
  }

  /** All that is still open ends with the run. */
  #endRun({ at, data }: Extract<RunEvent, { type: 'run.settled' }>): Span[] {
    const inside = this.open().filter((span) => span !== this.#run) as OpenSpan[]
    const spans: Span[] = inside.map((span) => endSpan(span, { at, status: 'unset' }))
    this.#attempts.clear()
    this.#steps.clear()
    this.#groups.clear()
    if (this.#run === undefined) return spans
    const end: SpanEnd = data.error === undefined ? { at, status: data.status === 'done' ? 'ok' : 'unset' } : failed(at, data.error)
    const run = endSpan(this.#run, { ...end, attributes: { ...end.attributes, 'forkchart.status': data.status } })
    this.#run = undefined
    return [...spans, run]
  }
}

/** The spans of these events in the order in which they began, those that go on too. */
export function traceOf(events: readonly RunEvent[]): Span[] {
  const trace = new Trace()
  const spans: Span[] = []
  for (const event of events) for (const span of trace.take(event)) spans.push(span)
  return [...spans, ...trace.open()]
    .filter(({ traceId }) => traceId !== '')
    .sort((a, b) => a.startedAt.localeCompare(b.startedAt) || depth[a.kind] - depth[b.kind])
}

const depth: Readonly<Record<Span['kind'], number>> = {
  run: 0, group: 1, step: 2, attempt: 3, agent: 4, turn: 5, mcp: 6, guardrail: 6, model: 7, tool: 8, handoff: 9, custom: 9,
}

function failed(at: string, { code, message }: { readonly code: string; readonly message: string }): SpanEnd {
  return { at, status: 'error', message, attributes: { 'error.type': code } }
}
