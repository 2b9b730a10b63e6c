import { formatDuration } from '../duration.ts'
import type { RunEvent } from '../events.ts'
import { toText } from '../json.ts'
import { cutCells, plainLine } from '../tui/cells.ts'

const longestDetail = 100

/** An event for people, on one line: number, time (UTC), type, path, and what matters of its data. */
export function eventLine(event: RunEvent): string {
  const attempt = event.attempt === undefined || event.attempt === 1 ? '' : ` (attempt ${event.attempt})`
  const detail = cutCells(plainLine(eventDetail(event)), longestDetail)
  const subject = [event.path === undefined ? '' : `${event.path}${attempt}`, detail].filter((part) => part !== '')
  const columns = [String(event.seq).padStart(5), event.at.slice(11, 23), event.type.padEnd(14), ...subject]
  return columns.join('  ').trimEnd()
}

function eventDetail(event: RunEvent): string {
  switch (event.type) {
    case 'run.started':
      return `${event.data.workflow}${event.data.scripted ? ' (scripted agents)' : ''}`
    case 'run.resumed': {
      const { afterSeq, again } = event.data
      return `after event ${afterSeq}${again === undefined ? '' : `, again ${again.join(', ')}`}`
    }
    case 'run.settled':
      return event.data.error === undefined ? event.data.status : `${event.data.status}: ${event.data.error.message}`
    case 'group.started':
      return event.data.branches.join(', ')
    case 'group.joined': {
      const { status, completed, failed, skipped, cancelled } = event.data
      const counts = Object.entries({ completed, failed, skipped, cancelled }).filter(([, count]) => count > 0)
      return `${status}: ${counts.map(([word, count]) => `${count} ${word}`).join(', ')}`
    }
    case 'step.queued':
    case 'step.started':
      return ''
    case 'step.retrying':
      return `${event.data.error.code} ${event.data.error.message}, again in ${formatDuration(event.data.delayMs)}`
    case 'step.completed':
      return toText(event.data.output)
    case 'step.failed':
      return `${event.data.error.code} ${event.data.error.message}`
    case 'run.paused':
    case 'step.skipped':
    case 'step.cancelled':
      return event.data.reason
    case 'run.waiting':
      return event.data.asks.join(', ')
    case 'ask.opened':
      return `${event.data.ask}: ${event.data.message}`
    case 'ask.answered':
      return `${event.data.ask}: ${toText(event.data.value)}`
    case 'ask.expired':
      return event.data.ask
    case 'event.received':
      return `${event.data.event}: ${toText(event.data.payload)}`
    case 'log':
    case 'agent.message':
      return event.data.text
    case 'agent.tool_call':
      return `${event.data.tool} ${toText(event.data.arguments)}`
    case 'agent.tool_result':
      return `${event.data.tool}${event.data.failed === true ? ' failed' : ''}: ${toText(event.data.output)}`
    case 'agent.handoff':
      return `${event.data.from} to ${event.data.to}`
    case 'agent.usage':
      return `${event.data.inputTokens} tokens in, ${event.data.outputTokens} out`
    case 'agent.span_started':
      return `${event.data.span}: ${event.data.name}`
    case 'agent.span_ended':
      return `${event.data.span}${event.data.error === undefined ? '' : `: ${event.data.error}`}`
  }
}
