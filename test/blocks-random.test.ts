import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { initialScope } from '../src/compiler/scope.ts'
import type { ErrorData } from '../src/errors.ts'
import type { RunSettlement } from '../src/hosts/host.ts'
import { act, durationOf, type RandomBlocks, randomBlocks } from './blocks-random.ts'
import { type Ended, interpret } from './blocks-reference.ts'
import { resumeHosted, runHosted, runPlain, type Work } from './blocks-run.ts'

beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))
afterEach(() => vi.restoreAllMocks())

function workOf({ seed }: RandomBlocks): Work {
  return async ({ path, input }, turn, pause) => {
    const ms = durationOf(seed, path, turn)
    if (ms > 0) await pause(ms)
    return act(seed, path, turn, input)
  }
}

function reference({ workflow, seed }: RandomBlocks): ReturnType<typeof interpret> {
  return interpret(workflow.stages, initialScope(workflow, 'in', 'run'), (path, turn, input) => act(seed, path, turn, input))
}

/** Where the failures stand that an error sums up. */
function blamed(error: ErrorData | undefined): string[] {
  if (error === undefined) return []
  return error.errors === undefined ? [error.path ?? ''] : error.errors.flatMap(blamed)
}

function expectEnded({ status, output, error }: RunSettlement, ended: Ended): void {
  if (ended.status === 'failed') expect({ status, blamed: blamed(error) }).toEqual({ status: 'failed', blamed: ended.blamed })
  else expect({ status, output }).toEqual({ status: 'done', output: ended.output })
}

describe('blocks nested at random come to what the reference interpreter says', () => {
  test('on the embedded host, with each step run as often', async () => {
    await fc.assert(
      fc.asyncProperty(randomBlocks, async (random) => {
        const { ended, turns } = reference(random)
        const { settlement, executed } = await runHosted(random.workflow, 'in', workOf(random))
        expectEnded(settlement, ended)
        const ran = new Map(executed.map(({ path, turn }) => [path, turn]))
        expect([...ran].sort()).toEqual([...turns].sort())
        expect(new Set(executed.map(({ key }) => key)).size).toBe(executed.length)
      }),
      { numRuns: 150 },
    )
  })

  test('as a plain XState machine', async () => {
    await fc.assert(
      fc.asyncProperty(randomBlocks, async (random) => {
        expectEnded(await runPlain(random.workflow, 'in', workOf(random)), reference(random).ended)
      }),
      { numRuns: 50 },
    )
  })

  test('after their process died', async () => {
    await fc.assert(
      fc.asyncProperty(randomBlocks, fc.nat(), async (random, at) => {
        const { settlement, events, spec } = await runHosted(random.workflow, 'in', workOf(random))
        const again = await resumeHosted(spec, events.slice(0, at % events.length), workOf(random))
        expect(again.settlement).toEqual(settlement)
      }),
      { numRuns: 60 },
    )
  })
})
