/** Does a long computation piece by piece, in turns with whatever else there is to do; gives what it returns. */
export async function inTurns<T>(work: Iterator<void, T, void>): Promise<T> {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
    await new Promise(setImmediate)
  }
}

/** The same in one go. */
export function atOnce<T>(work: Iterator<void, T, void>): T {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}
