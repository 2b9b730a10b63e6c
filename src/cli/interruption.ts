const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Signal = (typeof signals)[number]

/** A signal this soon after another is the same key press: npm passes on what its child got from the terminal as well. */
const samePressMs = 400

export interface SignalSource {
  on(signal: Signal, listener: () => void): unknown
  off(signal: Signal, listener: () => void): unknown
}

/** Calls `press` for each Ctrl-C and its kin instead of letting the process die, until the returned function is called. */
export function onInterrupt(
  press: () => void,
  source: SignalSource = process,
  now: () => number = () => performance.now(),
): () => void {
  let pressedAt: number | undefined
  const listener = (): void => {
    const at = now()
    if (pressedAt !== undefined && at - pressedAt < samePressMs) return
    pressedAt = at
    press()
  }
  for (const signal of signals) source.on(signal, listener)
  return () => {
    for (const signal of signals) source.off(signal, listener)
  }
}
