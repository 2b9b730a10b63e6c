import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createActor, SimulatedClock, toPromise } from 'xstate'
import { compileWorkflow } from '../src/compiler/compile.ts'
import { executeWith, workflowMachine } from '../src/compiler/workflow-machine.ts'
import type { ErrorData } from '../src/errors.ts'
import type { Json } from '../src/json.ts'
import type { Outcome } from '../src/spec/outcome.ts'
import { performLater, type RandomWorkflow, randomWorkflow } from './random-workflow.ts'
import { interpret, type Reference } from './reference-interpreter.ts'
import { createBench, eventsOf } from './run-embedded.ts'

const input: Json = { text: 'in' }

interface Ran {
  readonly status: Outcome['status']
  readonly output: Json | undefined
  readonly error: ErrorData | undefined
  /** Steps that completed. */
  readonly completed: ReadonlySet<string>
}

/** As a plain XState machine, with promises behind the steps and no host. */
async function runPlain(random: RandomWorkflow): Promise<Ran> {
  const completed = new Set<string>()
  const execute = executeWith(async ({ path, input: given, attempt }) => {
    const output = await performLater(random, path, given, attempt)
    completed.add(path)
    return output
  })
  const clock = new SimulatedClock()
  const machine = workflowMachine(compileWorkflow(random.workflow), { actors: { execute } })
  const actor = createActor(machine, { input, clock })
  actor.start()
  while (actor.getSnapshot().status === 'active') {
    await new Promise(setImmediate)
    clock.increment(1)
  }
  const outcome = await toPromise(actor)
  return {
    status: outcome.status,
    output: 'output' in outcome ? outcome.output : undefined,
    error: 'error' in outcome ? outcome.error : undefined,
    completed,
  }
}

async function runHosted(random: RandomWorkflow): Promise<Ran> {
  const bench = createBench((request) => performLater(random, request.path, request.input, request.attempt))
  const handle = await bench.start(random.workflow, { input })
  const { status, output, error } = await bench.settled(handle)
  const events = eventsOf(handle)
  const completed = new Set(events.flatMap((event) => (event.type === 'step.completed' ? [event.path ?? ''] : [])))
  return { status: status === 'done' ? 'completed' : 'failed', output, error, completed }
}

/** Where the failures stand that an error sums up. */
function blamed(error: ErrorData | undefined): string[] {
  if (error === undefined) return []
  return error.errors === undefined ? [error.path ?? ''] : error.errors.flatMap(blamed)
}

function expectSame(ran: Ran, reference: Reference): void {
  const { ended, steps, loose } = reference
  expect(ran.status === 'skipped' ? 'completed' : ran.status).toBe(ended.status === 'skipped' ? 'completed' : ended.status)
  if (ended.status === 'failed') {
    const found = blamed(ran.error)
    if (loose.length === 0) expect(found).toEqual(ended.blamed)
    expect(found.length).toBeGreaterThan(0)
    expect(ended.blamed).toEqual(expect.arrayContaining(found))
  } else {
    expect(ran.output).toEqual(ended.output)
  }
  const determined = (path: string): boolean => !loose.some((group) => path.startsWith(`${group}.`))
  const should = [...steps].flatMap(([path, status]) => (status === 'completed' ? [path] : []))
  expect([...ran.completed].filter(determined).sort()).toEqual(should.filter(determined).sort())
}

// XState says so when an actor is told to stop that has just ended by itself: nothing is wrong with that.
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))
afterEach(() => vi.restoreAllMocks())

describe('what a workflow comes to', () => {
  test('as a plain XState machine is what the reference interpreter says', async () => {
    await fc.assert(
      fc.asyncProperty(randomWorkflow(), async (random) => {
        expectSame(await runPlain(random), interpret(random, input))
      }),
      { numRuns: 150 },
    )
  })

  test('on the embedded host is what the reference interpreter says', async () => {
    await fc.assert(
      fc.asyncProperty(randomWorkflow(), async (random) => {
        expectSame(await runHosted(random), interpret(random, input))
      }),
      { numRuns: 150 },
    )
  })
})
