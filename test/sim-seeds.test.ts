import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const main = fileURLToPath(new URL('sim/main.ts', import.meta.url))

/** The simulation changes what modules of Node a process has: it gets one of its own. */
async function simulate(...args: string[]): Promise<{ readonly code: number; readonly said: string }> {
  const run = promisify(execFile)(process.execPath, [main, ...args], { maxBuffer: 64 * 1024 * 1024 })
  try {
    return { code: 0, said: (await run).stdout }
  } catch (error) {
    const { code, stdout } = error as { readonly code: number; readonly stdout: string }
    return { code, said: stdout }
  }
}

describe('the simulation', { timeout: 120_000 }, () => {
  test('finds nothing in what it is for, whatever goes wrong', async () => {
    const { code, said } = await simulate('--seeds', '150')
    expect(said).toMatch(/^150 seeds from 1 on, no violation: \d+ seeds\/s/)
    for (const kind of ['kill', 'power', 'disk-full', 'sync-error', 'stop', 'clock', 'interrupt', 'read-only']) expect(said).toContain(` ${kind}`)
    expect(code).toBe(0)
  })

  test('plays a seed again exactly', async () => {
    const [once, again, other] = await Promise.all([
      simulate('--seed', '8', '--verbose'),
      simulate('--seed', '8', '--verbose'),
      simulate('--seed', '9', '--verbose'),
    ])
    const story = (said: string): string => said.replace(/\d+ seeds\/s.*/, '')
    expect(story(once.said)).toBe(story(again.said))
    expect(story(once.said)).not.toBe(story(other.said))
    expect(story(once.said).length).toBeGreaterThan(1000)
  })

  // What each must be found by; more may follow from it.
  const planted = {
    'early-ack': 'UNSYNCED',
    'checkpoint-behind': 'DEFECT',
    'checkpoint-unsettled': 'NEVER_ENDED',
    'lost-results': 'EVENTS_LOST',
    'early-answer': 'ACTION_LOST',
    'early-reply': 'ACTION_LOST',
    'message-twice': 'ACTION_LOST',
    'lost-answer': 'ACTION_LOST',
    'lost-retry': 'ORDER',
  }
  test.each(Object.entries(planted))('finds the planted bug %s', async (plant, code) => {
    const found = await simulate('--seeds', '200', '--plant', plant)
    expect(found.said).toContain(`  ${code}: `)
    expect(found.said).toMatch(/again: npm run sim -- --seed \d+/)
    expect(found.code).toBe(1)
  })
})
