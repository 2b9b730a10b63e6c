import { formatDuration } from '../duration.ts'
import type { Span } from '../runtime/trace-span.ts'
import { cutCells, fitCells, plainLine } from '../tui/cells.ts'

const narrowest = 80
const timeWidth = 8

/** The spans of a run as a waterfall: what ran in what, from when to when, and how it ended. `now` ends those that go on. */
export function traceLines(spans: readonly Span[], now: string, columns: number): string[] {
  const first = spans[0]
  if (first === undefined) return ['This run has no trace: it was begun before there were traces.']
  const width = Math.max(narrowest, columns)
  const start = Date.parse(first.startedAt)
  const end = Math.max(start + 1, ...spans.map((span) => Date.parse(span.endedAt ?? now)))
  const rows = inTree(spans)
  const nameWidth = Math.min(Math.floor(width * 0.4), Math.max(...rows.map(({ span, depth }) => 2 * depth + nameOf(span).length)))
  const barWidth = Math.max(20, Math.floor(width * 0.35))
  const lines = rows.map(({ span, depth }) => {
    const from = Date.parse(span.startedAt)
    const to = Date.parse(span.endedAt ?? now)
    const name = fitCells(`${'  '.repeat(depth)}${nameOf(span)}`, nameWidth)
    const bar = barOf((from - start) / (end - start), (to - start) / (end - start), barWidth)
    const time = `${formatDuration(Math.max(0, to - from))}${span.endedAt === null ? '…' : ''}`.padStart(timeWidth)
    return cutCells(`${name}  ${bar} ${time}  ${factsOf(span).join('  ')}`, width).trimEnd()
  })
  const outer = first.parentSpanId === null ? '' : `  in span ${first.parentSpanId}`
  return [`trace ${first.traceId}${outer}`, '', ...lines]
}

interface Row {
  readonly span: Span
  readonly depth: number
}

/** Each span under the one around it. An attempt that is the only one of its step and has nothing in it is shown as the step. */
function inTree(spans: readonly Span[]): Row[] {
  const known = new Set(spans.map(({ spanId }) => spanId))
  const inside = Map.groupBy(spans, ({ parentSpanId }) => (parentSpanId !== null && known.has(parentSpanId) ? parentSpanId : ''))
  const rows: Row[] = []
  const add = (span: Span, depth: number): void => {
    const parts = inside.get(span.spanId) ?? []
    const [only] = parts
    if (span.kind === 'step' && parts.length === 1 && only !== undefined) {
      const { status, message } = only
      rows.push({ span: { ...span, status, message, attributes: { ...only.attributes, ...span.attributes } }, depth })
      for (const call of inside.get(only.spanId) ?? []) add(call, depth + 1)
      return
    }
    rows.push({ span, depth })
    for (const part of parts) add(part, depth + 1)
  }
  for (const root of inside.get('') ?? []) add(root, 0)
  return rows
}

function nameOf({ kind, name, path, attributes }: Span): string {
  if (kind === 'run') return plainLine(String(attributes['gen_ai.workflow.name'] ?? name))
  if (kind === 'attempt') return `attempt ${String(attributes['forkchart.attempt'])}`
  if (kind === 'group' || kind === 'step') return plainLine(path ?? name)
  if (kind === 'handoff') return plainLine(`handoff to ${String(attributes['forkchart.handoff.to'] ?? '?')}`)
  const ofAgent = { tool: 'gen_ai.tool.name', agent: 'gen_ai.agent.name', model: 'gen_ai.operation.name' }[kind as string]
  return plainLine(String(attributes[ofAgent ?? ''] ?? name))
}

/** Never empty: what took no time took place all the same. */
function barOf(from: number, to: number, width: number): string {
  const start = Math.min(width - 1, Math.floor(from * width))
  const length = Math.max(1, Math.min(width, Math.round(to * width)) - start)
  return `${' '.repeat(start)}${'█'.repeat(length)}`.padEnd(width)
}

function factsOf({ status, message, attributes }: Span): string[] {
  const tokensIn = attributes['gen_ai.usage.input_tokens']
  const tokensOut = attributes['gen_ai.usage.output_tokens']
  const cost = attributes['forkchart.cost_usd']
  const ended = attributes['forkchart.status']
  return [
    ...(attributes['gen_ai.agent.name'] === undefined ? [] : [plainLine(String(attributes['gen_ai.agent.name']))]),
    ...(attributes['gen_ai.response.model'] === undefined ? [] : [plainLine(String(attributes['gen_ai.response.model']))]),
    ...(tokensIn === undefined ? [] : [`${String(tokensIn)} in, ${String(tokensOut)} out`]),
    ...(typeof cost === 'number' ? [`$${Number(cost.toPrecision(4))}`] : []),
    ...(status === 'unset' && typeof ended === 'string' ? [ended] : []),
    ...(status === 'error' ? [`✗ ${plainLine(message ?? String(attributes['error.type'] ?? 'failed'))}`] : []),
  ]
}
