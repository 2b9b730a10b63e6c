import { randomBytes } from 'node:crypto'

/** A run id that sorts by the time it was made: `20261121-063012-k3x9qa`. */
export function createRunId(now: number, random: () => string = randomSuffix): string {
  const stamp = new Date(now).toISOString()
  return `${stamp.slice(0, 10).replaceAll('-', '')}-${stamp.slice(11, 19).replaceAll(':', '')}-${random()}`
}

/** What a run id may look like: it becomes a folder name. */
export const runIdPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/

function randomSuffix(): string {
  return [...randomBytes(6)].map((byte) => (byte % 36).toString(36)).join('')
}
