import type { Finding } from '../report.ts'
import type { StageGroup } from './stage-groups-schema.ts'

/** Reports groups that depend on themselves by a detour, each ring once, at its first group. */
export function checkRings(groups: readonly StageGroup[], report: (finding: Finding) => void): void {
  // Of groups with one id the first counts, as everywhere.
  const byKey = new Map(groups.toReversed().map((group) => [group.key, group]))
  const told = new Set<string>()
  for (const { key, at } of groups) {
    const ring = told.has(key) ? undefined : wayBack(key, byKey)
    if (ring === undefined) continue
    for (const member of ring) told.add(member)
    const way = [...ring.slice(1), key].map((member) => `\`${member}\``).join(', which depends on ')
    const message = `\`${key}\` depends on ${way}: none of them could ever start. Take one out of \`dependsOn\`.`
    report({ code: 'CYCLE', message, at: [...at, 'dependsOn'] })
  }
}

/** The shortest way from a group back to itself, without its end. */
function wayBack(key: string, byKey: ReadonlyMap<string, StageGroup>): string[] | undefined {
  const seen = new Set<string>()
  const open = [[key]]
  for (let way = open.shift(); way !== undefined; way = open.shift()) {
    for (const need of byKey.get(way.at(-1) ?? '')?.needs ?? []) {
      if (need === key) return way
      if (seen.has(need)) continue
      seen.add(need)
      open.push([...way, need])
    }
  }
  return undefined
}
