/**
 * A time in ms since the epoch as it is written in events: `2026-01-31T12:00:00.000Z`, the same as of `Date.toISOString`, but
 * a tenth of its time, since what happens now mostly happens in the second of what happened before. Throws RangeError as that does.
 */
export function instantOf(ms: number): string {
  if (ms === last.ms) return last.instant
  const second = Math.floor(ms / 1000)
  if (second !== last.second) last.prefix = new Date(ms).toISOString().slice(0, -4)
  const instant = `${last.prefix}${String(1000 + Math.floor(ms) - second * 1000).slice(1)}Z`
  last.ms = ms
  last.second = second
  last.instant = instant
  return instant
}

/** Inverse: ms since the epoch, NaN for what is no time. */
export function msOf(instant: string): number {
  if (instant !== parsed.instant) {
    parsed.ms = Date.parse(instant)
    parsed.instant = instant
  }
  return parsed.ms
}

const last = { ms: Number.NaN, second: Number.NaN, prefix: '', instant: '' }
const parsed = { instant: '', ms: Number.NaN }
