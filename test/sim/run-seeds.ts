import type { IncidentKind } from './incidents.ts'
import { doubles } from './planted.ts'
import { runSeed, type SeedResult } from './seed.ts'

interface Request {
  readonly first: number
  readonly count: number
  /** A bug to put between the host and its store. */
  readonly plant: string | undefined
  /** Tells all that happened. */
  readonly isVerbose: boolean
  readonly print: (line: string) => void
}

/** Runs seeds until one breaks a promise; gives the exit code. */
export async function runSeeds({ first, count, plant, isVerbose, print }: Request): Promise<number> {
  // Specs made at random may be warned about.
  Object.assign(globalThis.console, { warn: () => {} })
  // Simulated system errors are thrown by the thousand; collecting their stacks takes a fifth of the time.
  Error.stackTraceLimit = count === 1 ? 10 : 2
  const double = plant === undefined ? undefined : doubles[plant]
  if (plant !== undefined && double === undefined) throw new Error(`No bug is called ${plant}: ${Object.keys(doubles).join(', ')}`)
  const began = performance.now()
  const struck = new Map<IncidentKind, number>()
  let steps = 0
  for (let seed = first; seed < first + count; seed += 1) {
    const result = await runSeed(seed, double)
    steps += result.steps
    if (isVerbose) for (const line of story(result)) print(line)
    for (const kind of result.struck) struck.set(kind, (struck.get(kind) ?? 0) + 1)
    if (result.violations.length > 0) {
      for (const line of report(result)) print(line)
      return 1
    }
    const done = seed - first + 1
    if (done % 1000 === 0 && done < count) print(`${done} seeds, no violation so far`)
    if (count === 1) for (const line of report(result)) print(line)
  }
  const seconds = (performance.now() - began) / 1000
  const incidents = [...struck].map(([kind, times]) => `${times} ${kind}`).join(', ')
  print(`${count} seeds from ${first} on, no violation: ${(count / seconds).toFixed(0)} seeds/s, ${steps} steps in ${seconds.toFixed(1)} s (${incidents})`)
  return 0
}

/** Everything that happened, with what the journal held at the end. */
function story({ trial }: SeedResult): string[] {
  const told = trial.entries.map((entry) => {
    if (entry.kind === 'opened') return `opened by ${entry.process}: ${entry.events.length} events`
    if (entry.kind === 'died') return `died: ${entry.committed.length} events on disk`
    return JSON.stringify(entry)
  })
  return [...told, ...trial.events.map((event) => JSON.stringify(event))]
}

function report({ seed, scenario, violations, struck, trial, steps }: SeedResult): string[] {
  const lines = [`seed ${seed}: ${scenario}, ${steps} steps, ${trial.events.length} events, ${struck.join(', ') || 'nothing went wrong'}`]
  for (const { code, message } of violations.slice(0, 4)) lines.push(`  ${code}: ${message.slice(0, 700)}`)
  if (violations.length > 0) lines.push(`again: npm run sim -- --seed ${seed}`)
  return lines
}
