import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * A command and all it starts run in a process group of their own, whose id is the command's. Processes that leave
 * the group on purpose (setsid) are daemons and not ours any more.
 */

/** How long processes get between SIGTERM and SIGKILL. */
const termGraceMs = 1500
/** After SIGKILL nothing runs on: this only waits for the system to say so. */
const killGraceMs = 500
const pollMs = 10

const live = new Set<number>()

/** Makes sure that the group does not outlive this process, however it exits (short of being killed itself). */
export function ownGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  if (live.size === 0) process.on('exit', killAll)
  live.add(child.pid)
}

/** True while any process of the group runs. */
export function groupRuns(pid: number): boolean {
  return signalGroup(pid, 0) && !onlyZombies(pid)
}

/** Ends every process of the group, with SIGTERM and after 1.5 s with SIGKILL; resolves when all are gone. */
export async function endGroup(pid: number): Promise<void> {
  signalGroup(pid, 'SIGTERM')
  if (!(await goneWithin(pid, termGraceMs))) {
    signalGroup(pid, 'SIGKILL')
    await goneWithin(pid, killGraceMs)
  }
  disownGroup(pid)
}

/** The group is gone, or is left to itself. */
export function disownGroup(pid: number): void {
  live.delete(pid)
  if (live.size === 0) process.off('exit', killAll)
}

/** Tells a process from a later one with the same id. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it began, as the system counts. */
  readonly began: string
}

/** Undefined when it is gone, and on systems that do not say when a process began. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const began = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return began === undefined ? undefined : { pid, began }
  } catch {
    return undefined
  }
}

async function goneWithin(pid: number, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms
  while (groupRuns(pid)) {
    if (performance.now() > deadline) return false
    await sleep(pollMs)
  }
  return true
}

function killAll(): void {
  for (const pid of live) signalGroup(pid, 'SIGKILL')
}

function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal)
    return true
  } catch {
    return false
  }
}

/**
 * Processes that have ended keep their entry until their parent collects it. In a container whose first process is slow
 * at that, or never does it, a group would seem alive long after its end.
 */
function onlyZombies(group: number): boolean {
  if (process.platform !== 'linux') return false
  try {
    return !readdirSync('/proc').some((name) => /^\d+$/.test(name) && runsIn(name, group))
  } catch {
    return false
  }
}

function runsIn(pid: string, group: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // After the name, which may hold anything and is in brackets: state, parent, group.
    const [state = '', , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(pgrp) === group && !'ZX'.includes(state)
  } catch {
    return false
  }
}
