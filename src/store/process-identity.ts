import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { nodeErrorCode } from '../errors.ts'

/** Enough to tell later whether a process is still there, and still the same one. */
interface ProcessIdentity {
  readonly pid: number
  readonly host: string
  /** Boot and process namespace: only where both are equal does a pid mean the same. Absent without /proc. */
  readonly machine?: string | undefined
  /** When the process started, in ticks since boot: pids are used again. Absent without /proc. */
  readonly birth?: string | undefined
}

export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, host: hostname(), machine: thisMachine(), birth: inspect(process.pid)?.birth }
}

/** Whether the process runs; `unknown` when it belongs to another machine (or another container on this one). */
export function liveness(identity: ProcessIdentity): 'alive' | 'dead' | 'unknown' {
  if (identity.host !== hostname() || identity.machine !== thisMachine()) return 'unknown'
  const found = inspect(identity.pid)
  if (found !== undefined) {
    // A zombie has ended; it only waits for its parent to ask how.
    if (found.state === 'Z' || found.state === 'X') return 'dead'
    return identity.birth === undefined || identity.birth === found.birth ? 'alive' : 'dead'
  }
  try {
    process.kill(identity.pid, 0)
    return 'alive'
  } catch (error) {
    return nodeErrorCode(error) === 'ESRCH' ? 'dead' : 'alive'
  }
}

function inspect(pid: number): { readonly state: string; readonly birth: string } | undefined {
  const stat = readQuietly(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  if (stat === undefined) return undefined
  // The second field is the name in parentheses and may hold anything, so count from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, birth] = [fields[0], fields[19]]
  return state === undefined || birth === undefined ? undefined : { state, birth }
}

function thisMachine(): string | undefined {
  const boot = readQuietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  const namespace = readQuietly(() => readlinkSync('/proc/self/ns/pid'))
  return boot === undefined || namespace === undefined ? undefined : `${boot}/${namespace}`
}

function readQuietly(read: () => string): string | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
