import type { Figure } from './measure.ts'
import { aligned, bestPeer, shown } from './report.ts'

/** What a figure must not exceed. */
interface Bar {
  readonly name: string
  readonly most: number
  /** The median, when not said. */
  readonly of?: 'p99'
  /** The figure that it is a multiple of; absent for a plain bar. `peers` is the best peer with synced writes. */
  readonly over?: string
}

const peers = 'the best durable peer'

const bars: readonly Bar[] = [
  { name: 'chain-100/durable', over: 'floor/fdatasync', most: 1.3 },
  { name: 'fan-20/durable', over: peers, most: 0.5 },
  { name: 'fan-1000/durable', most: 60 },
  { name: 'fan-10000/durable', most: 60 },
  { name: 'fan-10000/durable', over: 'fan-1000/durable', most: 1.2 },
  { name: 'chain-100/memory', over: 'mastra/chain-100/memory', most: 1 },
  { name: 'fan-1000/memory', over: 'mastra/fan-1000/memory', most: 1.5 },
  { name: 'dag-10000/memory', most: 100 },
  { name: 'dag-10000/durable', most: 100 },
  { name: 'event-latency', most: 20 },
  { name: 'event-latency', of: 'p99', most: 200 },
  { name: 'run-heap', most: 12 },
  { name: 'resume-10000', most: 1000 },
  { name: 'checkpoint-10000/ratio', of: 'p99', most: 1.5 },
  { name: 'loop-block-10000/max', of: 'p99', most: 50 },
]

/** One line for each bar whose figures were measured; '' when there is none. */
export function barTable(figures: readonly Figure[]): string {
  const rows = bars.flatMap(({ name, of, over, most }) => {
    const own = figures.find((figure) => figure.name === name)
    const base = over === peers ? bestPeer(figures, name.split('/')[0] ?? '', 'durable') : figures.find((figure) => figure.name === over)
    if (own === undefined || (over !== undefined && base === undefined)) return []
    const value = (of === 'p99' ? own.p99 : own.median) / (base?.median ?? 1)
    const what = `${name}${of === 'p99' ? ' p99' : ''}${base === undefined ? '' : ` / ${base.name}`}`
    return [[what, shown(value), `at most ${most}`, value <= most ? 'ok' : 'missed']]
  })
  return rows.length === 0 ? '' : aligned([['bar', 'value', 'limit', ''], ...rows])
}
