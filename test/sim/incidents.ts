import type { Dice } from './dice.ts'
import { diskError } from './disk.ts'
import type { Moment, SimProcess } from './world.ts'

/**
 * kill: the process dies, what it wrote stays. power: all processes die, what was not synced is lost or torn.
 * sync-error: a sync fails. disk-full: writes fail until the process is gone. interrupt: as by Ctrl-C. stop: as by SIGSTOP;
 * another process takes the run over, then this one goes on. clock: the wall clock jumps. read-only: for a while nothing
 * can be written, and no file made, renamed or removed.
 */
export const incidentKinds = ['kill', 'power', 'sync-error', 'disk-full', 'interrupt', 'stop', 'clock', 'read-only'] as const
export type IncidentKind = (typeof incidentKinds)[number]

interface Planned {
  /** The first moment from which on it may strike. */
  readonly from: number
  readonly kind: IncidentKind
}

/** What incidents do that the world cannot do alone. */
export interface Effects {
  powerOff(): void
  fillDisk(): void
  makeReadOnly(): void
  interrupt(process: SimProcess): void
  stop(process: SimProcess): void
}

/** Up to four incidents among so many moments; now and then one more before the first has been dealt with. */
export function planIncidents(dice: Dice, moments: number): Planned[] {
  const count = 1 + dice.roll(4)
  return Array.from({ length: count }, () => {
    const kind = dice.chance(30) ? 'kill' : dice.chance(35) ? 'power' : dice.pick(incidentKinds)
    // A run that was disturbed has more moments than one that was not.
    return { from: dice.roll(Math.ceil(moments * 1.3)), kind }
  }).sort((a, b) => a.from - b.from)
}

/** Strikes at its moment, by whom it can. */
export function createIncidents(plan: readonly Planned[], dice: Dice, effects: Effects): { readonly struck: IncidentKind[]; strike(moment: Moment, at: number): void } {
  const left = [...plan]
  const struck: IncidentKind[] = []
  return {
    struck,
    strike(moment, at) {
      const [next] = left
      if (next === undefined || next.from > at || !fits(next.kind, moment)) return
      left.shift()
      struck.push(next.kind)
      const { process } = moment
      switch (next.kind) {
        case 'kill':
          process.alive = false
          return
        case 'power':
          effects.powerOff()
          return
        case 'sync-error':
          throw diskError('EIO', 'sync')
        case 'disk-full':
          effects.fillDisk()
          return
        case 'read-only':
          effects.makeReadOnly()
          return
        case 'interrupt':
          effects.interrupt(process)
          return
        case 'stop':
          effects.stop(process)
          return
        case 'clock':
          // Further ahead, and the time that a step may take with all its retries is over.
          process.skewMs += dice.pick([-1, 1]) * dice.roll(60_000)
      }
    },
  }
}

function fits(kind: IncidentKind, { what }: Moment): boolean {
  if (kind === 'sync-error') return what === 'sync'
  if (kind === 'disk-full') return what === 'write'
  if (kind === 'read-only') return what === 'write' || what === 'name'
  return true
}
