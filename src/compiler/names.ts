import { isStep } from '../spec/blocks.ts'
import type { Block } from '../spec/ir.ts'

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
  /** Starts and awaits the branches of a group whose actors are spawned as they may begin. */
  crew: '_crew',
  /** Between two rounds of a loop or review. */
  next: '_next',
  /** In front of the cases of a switch. */
  choose: '_choose',
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

/** Widest parallel node: one event costs it as many times more as it has regions. */
export const nodeWidth = 8
/**
 * Most branches of one machine of a group without a cap or an early end. An event costs ours the same at any width, but
 * in a plain XState actor each start and end of a child copies the list of its siblings.
 */
export const crewWidth = 128

/**
 * Name of the machine, and of its actor, that runs a branch which is more than a plain step. That of a step with a
 * `verify` or a fallback differs from the step's own actor, which is named by the path.
 */
export function branchMachineName(branch: Block): string {
  return isStep(branch) ? `${branch.path}${machineMark}` : branch.path
}

/** Path of the block that an actor of this name runs. */
export function pathOfActor(name: string): string {
  return name.endsWith(machineMark) ? name.slice(0, -machineMark.length) : name
}

/** In no path. */
const machineMark = '*'

/** Name of the delay that is a group's time limit. */
export function limitName(path: string): string {
  return `limit(${path})`
}

/** Path of the group whose time limit a timer is, by the timer's id; undefined for any other timer. */
export function limitedPath(timer: string): string | undefined {
  return /^xstate\.after\.limit\(([^)]*)\)\./.exec(timer)?.[1]
}

/** Where it is decided what follows on how a block ended, and the states of the blocks that may. */
export const afterName = (id: string): string => `_after_${id}`
export const verifyName = (id: string): string => `_verify_${id}`
export const fallbackName = (id: string): string => `_fallback_${id}`
export const askName = (id: string): string => `_ask_${id}`
/** Where it is decided what follows on the answer. */
export const answerName = (id: string): string => `_answer_${id}`
