/**
 * States that the compiler adds among those named after blocks. A block's id starts with a letter, so these never collide.
 */
export const stateNames = {
  /** The atomic state in front of a group: decides whether to enter it. */
  enter: '_enter',
  /** The parallel node of a group. */
  branches: '_branches',
  /** Runs the function that reduces a group. */
  reduce: '_reduce',
  /** End of a block inside its machine. */
  done: '_done',
  /** Ends of a machine. */
  completed: '_completed',
  failed: '_failed',
  cancelled: '_cancelled',
  skipped: '_skipped',
  /** States of a branch's region. */
  active: 'active',
  settled: 'settled',
} as const

/** The actor logic that every leaf invokes. */
export const stepSource = 'step'

/** Widest parallel node: wider groups become a tree of shard machines, so that the cost of an event stays the same. */
export const shardWidth = 8

/** Name of the delay that is a group's time limit; its timer's id starts with `xstate.after.` and this. */
export function limitName(path: string): string {
  return `limit(${path})`
}
