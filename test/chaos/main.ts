import { parseArgs } from 'node:util'
import { createEmbeddedHost } from '../../src/hosts/embedded/embedded-host.ts'
import type { RunSettlement } from '../../src/hosts/host.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { createDice } from '../sim/dice.ts'
import { type ChaosCase, runCase } from './case.ts'
import { caseScenario, runId, startOptions } from './order.ts'

// npm run chaos [-- --kills N --seed S]: kills real processes at every event of one workflow after another, and at
// random times, until so many are dead. Exit 1, and the seed and event, when a promise was broken.
const { values } = parseArgs({ options: { kills: { type: 'string' }, seed: { type: 'string' } } })
const wanted = Number(values.kills ?? 100)

/** How the run of a seed ends when nothing goes wrong, and how many events it takes to get there. */
async function undisturbed(seed: number): Promise<{ readonly expected: RunSettlement; readonly events: number }> {
  const scenario = caseScenario(seed)
  const store = createMemoryStore()
  const host = createEmbeddedHost({
    store,
    env: {},
    execute: async (request, { turn = 1 }) => ({ output: scenario.does(request, turn) }),
  })
  const expected = await (await host.start(startOptions(scenario, '/'))).settled
  return { expected, events: (await store.read(runId)).events.length }
}

async function* cases(first: number): AsyncGenerator<ChaosCase> {
  for (let seed = first; ; seed += 1) {
    const { expected, events } = await undisturbed(seed)
    // One that is over at once has nothing to kill; a long one would take all there is.
    if (events < 8 || events > 60) continue
    for (let boundary = 1; boundary <= events; boundary += 1) yield { seed, boundary, expected, dice: createDice(seed * 1000 + boundary) }
  }
}

// Specs made at random may be warned about.
Object.assign(globalThis.console, { warn: () => {} })
const print = (line: string): void => void process.stdout.write(`${line}\n`)
const began = performance.now()
const todo = cases(Number(values.seed ?? 1))
const seeds = new Set<number>()
const deeds = new Map<string, number>()
let kills = 0
let runs = 0
let isBroken = false

async function work(): Promise<void> {
  for await (const chaos of { [Symbol.asyncIterator]: () => ({ next: () => todo.next() }) }) {
    if (kills >= wanted || isBroken) return
    const { did, kills: killed, violations } = await runCase(chaos)
    kills += killed
    runs += 1
    seeds.add(chaos.seed)
    for (const deed of did) {
      const name = deed.replace(/ (at )?\d+$/, '')
      deeds.set(name, (deeds.get(name) ?? 0) + 1)
    }
    if (violations.length === 0) continue
    isBroken = true
    print(`seed ${chaos.seed}, event ${chaos.boundary}: ${did.join(', ')}`)
    for (const { code, message } of violations.slice(0, 6)) print(`  ${code}: ${message.slice(0, 600)}`)
  }
}

// Two at a time: the machine may have no more.
await Promise.all([work(), work()])
const seconds = (performance.now() - began) / 1000
const told = [...deeds].sort().map(([deed, times]) => `${times} ${deed}`).join(', ')
print(`${kills} kills in ${runs} runs of ${seeds.size} workflows, ${isBroken ? 'a promise was broken' : 'no violation'}: ${seconds.toFixed(0)} s (${told})`)
process.exitCode = isBroken ? 1 : 0
