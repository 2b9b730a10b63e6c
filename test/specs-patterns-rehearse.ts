import { resolve } from 'node:path'
import {
  type Clock,
  createEmbeddedHost,
  createMemoryStore,
  type Json,
  loadSpec,
  type RunEvent,
  type RunHandle,
  type RunSettlement,
  type Workflow,
} from '../src/index.ts'

type Answers = Readonly<Record<string, Workflow['agents'][string]['rehearse']>>

export interface Rehearsal extends RunSettlement {
  readonly events: readonly RunEvent[]
  /** How each step ended, in the order of the ends: `text.write completed`, with the round after the first: `text.write#2 completed`. */
  readonly ended: readonly string[]
}

interface Surroundings {
  readonly clock?: Clock
  /** Called when the run asks a person. */
  readonly asked?: (run: RunHandle, ask: string) => unknown
}

/** Runs a sample as `run --agents scripted` does. `answers` are others than its own, by agent; undefined: the agent echoes its prompt. */
export async function rehearse(name: string, input: Json, answers: Answers = {}, { clock, asked }: Surroundings = {}): Promise<Rehearsal> {
  const { workflow, dir, file, text } = await loadSpec(resolve(import.meta.dirname, '../specs/patterns', `${name}.yaml`))
  const agents = Object.entries(workflow.agents).map(([agent, options]) => [
    agent,
    agent in answers ? { ...options, rehearse: answers[agent] } : options,
  ])
  const options = { store: createMemoryStore(), env: { PATH: process.env['PATH'] } }
  const host = createEmbeddedHost(clock === undefined ? options : { ...options, clock })
  const run = await host.start({
    workflow: { ...workflow, agents: Object.fromEntries(agents) },
    input,
    scripted: true,
    specDir: dir,
    workingDir: dir,
    source: { file, text },
  })
  const events: RunEvent[] = []
  run.subscribe((event) => {
    if ('ephemeral' in event) return
    events.push(event)
    if (event.type === 'ask.opened') asked?.(run, event.data.ask)
  })
  return { ...(await run.settled), events, ended: events.flatMap(endOf) }
}

function endOf({ type, path, iteration = 1 }: RunEvent): string[] {
  const [, end] = /^step\.(completed|failed|skipped|cancelled)$/.exec(type) ?? []
  return end === undefined ? [] : [`${path}${iteration > 1 ? `#${iteration}` : ''} ${end}`]
}
