import { describe, expect, test } from 'vitest'
import type { RunHandle } from '../src/index.ts'
import { createVirtualClock } from '../src/testing/virtual-clock.ts'
import { rehearse } from './specs-patterns-rehearse.ts'

describe('orchestrator and workers', () => {
  const tasks = (...titles: string[]) => ({ orchestrator: [{ output: { tasks: titles.map((title) => ({ title, task: `About ${title}` })) } }] })

  test('gives each task of the plan to a worker and their findings to the writer', async () => {
    const { output, ended } = await rehearse('orchestrator-workers', { question: 'Why?' })
    expect(output).toBe('From 3 findings: [History] found, [Today] found, [Costs] found')
    expect(ended.slice(1, 4).toSorted()).toEqual([0, 1, 2].map((index) => `research.${index}.work completed`))
    expect(ended.at(-1)).toBe('research.reduce completed')
  })

  test('has as many workers as the plan has tasks', async () => {
    const { output } = await rehearse('orchestrator-workers', { question: 'Why?' }, { ...tasks('One', 'Two'), worker: undefined, writer: undefined })
    expect(output).toContain('["One: About One","Two: About Two"]')
  })

  test('goes on without what a worker could not find', async () => {
    const worker = [{ output: '${{ ["the first finding"][index] }}' }]
    const { status, output, ended } = await rehearse('orchestrator-workers', { question: 'Why?' }, { ...tasks('One', 'Two'), worker })
    expect(ended).toContain('research.1.work failed')
    expect({ status, output }).toEqual({ status: 'done', output: 'From 1 findings: the first finding' })
  })

  test.each([0, 9])('refuses a plan of %i tasks', async (count) => {
    const titles = Array.from({ length: count }, (_, index) => `Task ${index}`)
    const { status, ended } = await rehearse('orchestrator-workers', { question: 'Why?' }, tasks(...titles))
    expect({ status, ended }).toEqual({ status: 'failed', ended: ['plan failed'] })
  })
})

describe('evaluator and optimizer', () => {
  const verdict = (approved: boolean, feedback = '') => ({ output: { approved, feedback } })

  test('ends with the text of the round that was approved', async () => {
    const { output, ended } = await rehearse('evaluator-optimizer', { task: 'A haiku' })
    expect(output).toBe('A haiku, draft 2')
    expect(ended).toEqual(['text.write completed', 'text.judge completed', 'text.write#2 completed', 'text.judge#2 completed'])
  })

  test('tells the optimizer what was said in all rounds before', async () => {
    const evaluator = [verdict(false, 'Shorter.'), verdict(false, 'Still shorter.'), verdict(true)]
    const { output } = await rehearse('evaluator-optimizer', { task: 'A haiku' }, { optimizer: undefined, evaluator })
    expect(output).toMatch(/^A haiku\n\n[^]*Shorter\.[^]*Still shorter\./)
  })

  test('fails after three rounds without approval', async () => {
    const { status, error, ended } = await rehearse('evaluator-optimizer', { task: 'A haiku' }, { evaluator: [verdict(false, 'No.')] })
    expect({ status, code: error?.code }).toEqual({ status: 'failed', code: 'REVIEW_NOT_APPROVED' })
    expect(ended.slice(-3)).toEqual(['text.write#3 completed', 'text.judge#3 completed', 'text failed'])
  })
})

describe('approval', () => {
  const saying = (value: string) => ({ asked: (run: RunHandle, ask: string) => run.act({ type: 'answer', ask, value }) })

  test.each([
    ['publish', 'published: News: Spring', 'outcome.publish completed'],
    ['reject', 'not published: News: Spring', 'outcome.drop completed'],
  ])('%s', async (answer, output, last) => {
    const { status, output: given, ended, events } = await rehearse('approval', { topic: 'Spring' }, {}, saying(answer))
    expect({ status, output: String(given).trim() }).toEqual({ status: 'done', output })
    expect(ended).toEqual(['draft completed', 'decision completed', last])
    expect(events.find(({ type }) => type === 'ask.opened')?.data).toMatchObject({
      ask: 'decision',
      message: 'Publish “News: Spring”? Spring is here.',
      options: ['publish', 'reject'],
    })
  })

  test('publishes nothing when nobody answers within a day', async () => {
    const clock = createVirtualClock()
    const asked = (): unknown => setImmediate(() => clock.advance(24 * 3_600_000))
    const writer = [{ output: { title: 'Spring', text: 'It is here.' } }]
    const { status, output, ended } = await rehearse('approval', { topic: 'Spring' }, { writer }, { clock, asked })
    expect({ status, output: String(output).trim() }).toEqual({ status: 'done', output: 'not published: Spring' })
    expect(ended).toEqual(['draft completed', 'decision failed', 'outcome.drop completed'])
  })
})
