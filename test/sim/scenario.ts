import fc from 'fast-check'
import type { StepRequest } from '../../src/executors/executor.ts'
import type { Json } from '../../src/json.ts'
import type { Workflow } from '../../src/spec/ir.ts'
import { type Draft, draftWorkflow } from '../../src/testing/draft-workflow.ts'
import { act, durationOf, randomBlocks } from '../blocks-random.ts'
import { perform, randomWorkflow } from '../random-workflow.ts'
import { attended, type Reads } from './attended.ts'
import type { Dice } from './dice.ts'

/** A workflow, and what its steps do: always the same for the same path and turn. */
export interface Scenario {
  readonly name: string
  readonly workflow: Workflow
  /** How long the step takes, in ms, when nothing holds it up. */
  readonly takes: (request: StepRequest, turn: number) => number
  /** What it gives, or throws. */
  readonly does: (request: StepRequest, turn: number) => Json
  /** Whether its end is the same however long everything takes. */
  readonly isTimeless: boolean
  /** Absent where nobody says what it must be, but a run undisturbed. People have a say where it is there. */
  readonly reads?: Reads
  /** Steps that wait for people and events. */
  readonly waiting?: ReadonlySet<string>
}

export function scenarioOf(dice: Dice): Scenario {
  const kind = dice.roll(1000)
  if (kind < 450) return blocks(dice)
  if (kind < 600) return attended(dice)
  if (kind < 820) return steps(dice, true)
  if (kind < 905) return steps(dice, false)
  // One wide run takes as long as a hundred others.
  if (kind < 996) return limited(dice)
  return wide()
}

function sample<T>(arbitrary: fc.Arbitrary<T>, dice: Dice): T {
  const [value] = fc.sample(arbitrary, { seed: dice.roll(2 ** 31), numRuns: 1 })
  if (value === undefined) throw new Error('fast-check gave nothing')
  return value
}

/** Blocks of all kinds. */
function blocks(dice: Dice): Scenario {
  const { workflow, seed } = sample(randomBlocks, dice)
  return {
    name: 'blocks',
    workflow,
    takes: ({ path }, turn) => durationOf(seed, path, turn) * 3,
    does: ({ path, input }, turn) => act(seed, path, turn, input),
    isTimeless: true,
  }
}

/** Sequences and groups whose steps stumble and are retried; in some the first failure stops the rest. */
function steps(dice: Dice, isTimeless: boolean): Scenario {
  const random = sample(randomWorkflow(isTimeless ? ['settle', 'continue'] : ['fail_fast']), dice)
  return {
    name: isTimeless ? 'steps' : 'fail-fast',
    workflow: random.workflow,
    takes: ({ path }) => random.behaviours.get(path)?.ticks ?? 0,
    does: ({ path, input, attempt }) => perform(random, path, input, attempt),
    isTimeless,
  }
}

const retry = { attempts: 3, initialMs: 20, factor: 2 }

/** Steps with a time limit that some attempts exceed. */
function limited(dice: Dice): Scenario {
  const ids = ['a', 'b', 'c', 'd']
  const slow = dice.fork()
  const draft = (id: string): Draft => ({ id, timeoutMs: 30, retry })
  const drafts: Draft[] = [draft('first'), { id: 'g', rule: 'continue', reduce: 'list', parallel: ids.map(draft) }, { id: 'last', retry }]
  return {
    name: 'limited',
    workflow: draftWorkflow(drafts, { limits: { concurrency: 3, agents: 20 } }),
    takes: () => slow.roll(45),
    does: ({ path }) => path,
    isTimeless: false,
  }
}

/** So many steps that the journal is checkpointed on the way. */
function wide(): Scenario {
  const parallel = Array.from({ length: 700 }, (_, index): Draft => ({ id: `s${index}` }))
  return {
    name: 'wide',
    workflow: draftWorkflow([{ id: 'g', reduce: 'list', parallel }, { id: 'last' }], { limits: { concurrency: 40, agents: 20 } }),
    takes: (_, turn) => turn,
    does: ({ path }) => path.length,
    isTimeless: true,
  }
}
