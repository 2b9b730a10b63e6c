const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const onePart = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g
const wholeDuration = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/

/** The pattern of a duration as written in a spec: `500ms`, `1.5s`, `30m`, `1h30m`. */
export const durationPattern = wholeDuration

/** Milliseconds of a written duration, or undefined when it is not one. */
export function parseDuration(text: string): number | undefined {
  if (!wholeDuration.test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(onePart)) {
    total += Number(amount) * unitMs[unit as keyof typeof unitMs]
  }
  return total
}

/** A duration for people, at most two units: `85ms`, `1.2s`, `3m 05s`, `2h 10m`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}
