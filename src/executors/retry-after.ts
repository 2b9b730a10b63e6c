const longestWait = 24 * 3_600_000

/**
 * How long the other side asks to wait, in ms: from `retry-after-ms`, or from `retry-after` in seconds or as a date.
 * Undefined when it did not say, or nothing that makes sense; never more than a day.
 */
export function retryAfterMs(headers: { get(name: string): string | null }, now: number): number | undefined {
  const exact = headers.get('retry-after-ms')
  if (exact !== null) return wait(Number(exact))
  const value = headers.get('retry-after')?.trim()
  if (value === undefined || value === '') return undefined
  return wait(/^[\d.]+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now)
}

function wait(ms: number): number | undefined {
  return Number.isFinite(ms) ? Math.min(Math.max(0, Math.ceil(ms)), longestWait) : undefined
}
