import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * A command and all it starts run in a process group of their own, whose id is the command's. Processes that leave
 * the group on purpose (setsid) end with the command that is stopped, on Linux, where it can be told whose they are; when it
 * ends by itself they are daemons and not ours any more.
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

/**
 * Ends every process of the group, and those that were started from it and left it, with SIGTERM and after 1.5 s with
 * SIGKILL; resolves when all are gone.
 */
export async function endGroup(pid: number): Promise<void> {
  const groups = [pid, ...groupsBelow(pid)]
  for (const group of groups) signalGroup(group, 'SIGTERM')
  if (!(await goneWithin(groups, termGraceMs))) {
    for (const group of groups) signalGroup(group, 'SIGKILL')
    await goneWithin(groups, killGraceMs)
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
  const began = statOf(pid)?.[19]
  return began === undefined ? undefined : { pid, began }
}

async function goneWithin(groups: readonly number[], ms: number): Promise<boolean> {
  const deadline = performance.now() + ms
  while (groups.some(groupRuns)) {
    if (performance.now() > deadline) return false
    await sleep(pollMs)
  }
  return true
}

function killAll(): void {
  for (const pid of live) for (const group of [pid, ...groupsBelow(pid)]) signalGroup(group, 'SIGKILL')
}

/** Other groups that processes below this one lead: they made themselves sessions of their own. None where it cannot be told. */
function groupsBelow(pid: number): number[] {
  if (process.platform !== 'linux') return []
  const children = new Map<number, { pid: number; group: number }[]>()
  for (const name of processNames()) {
    const fields = statOf(name)
    const [, parent, group] = fields ?? []
    if (parent === undefined || group === undefined) continue
    children.set(Number(parent), [...(children.get(Number(parent)) ?? []), { pid: Number(name), group: Number(group) }])
  }
  const groups: number[] = []
  const below = [pid]
  for (let next = below.pop(); next !== undefined; next = below.pop()) {
    for (const child of children.get(next) ?? []) {
      below.push(child.pid)
      if (child.group === child.pid && child.group !== pid) groups.push(child.group)
    }
  }
  return groups
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
  const names = processNames()
  return names.length > 0 && !names.some((name) => runsIn(name, group))
}

function runsIn(pid: string, group: number): boolean {
  const [state = '', , pgrp] = statOf(pid) ?? []
  return Number(pgrp) === group && state !== '' && !'ZX'.includes(state)
}

function processNames(): readonly string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    return []
  }
}

/** State, parent, group and more of a process; undefined when it is gone. */
function statOf(pid: string | number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // After the name, which may hold anything and is in brackets.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}
