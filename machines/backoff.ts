import type { RetryPolicy } from '../src/spec/ir.ts'

/**
 * The wait before the next attempt, in ms, or undefined when the policy allows none.
 *
 * `failures` counts the failed attempts so far (1 after the first); `spentMs` is what attempts and waits took until now.
 * Exponential from `initialMs`, capped at `maxMs`, spread by `jitter`; a Retry-After of the other side wins over all of it.
 * Pure: the jitter is drawn from `seed` and `failures`, so a replay waits as long as the first time.
 */
export function nextDelay(
  policy: RetryPolicy,
  failures: number,
  spentMs: number,
  seed: string,
  retryAfterMs: number | undefined,
): number | undefined {
  if (failures >= policy.attempts) return undefined
  // Bounded, since 0 × ∞ is no number.
  const growth = Math.min(policy.factor ** (failures - 1), Number.MAX_VALUE)
  const capped = Math.min(policy.initialMs * growth, policy.maxMs)
  const spread = capped * policy.jitter * (2 * unitHash(`${seed}#${failures}`) - 1)
  const delay = Math.round(retryAfterMs ?? capped + spread)
  return spentMs + delay > policy.totalMs ? undefined : delay
}

/** FNV-1a over the text, as a number in [0, 1). */
function unitHash(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return (hash >>> 0) / 0x1_0000_0000
}
