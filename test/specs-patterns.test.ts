import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkSpec } from '../src/index.ts'
import { type Rehearsal, rehearse } from './specs-patterns-rehearse.ts'

const folder = resolve(import.meta.dirname, '../specs/patterns')

test.each(readdirSync(folder))('%s has nothing to warn of', async (name) => {
  expect((await checkSpec(resolve(folder, name))).problems).toEqual([])
})

describe('a chain with a gate', () => {
  test('goes on through the gate when the editor passes the outline', async () => {
    const { status, output, ended } = await rehearse('chain-with-gate', { topic: 'bees', language: 'French' })
    expect({ status, output }).toEqual({ status: 'done', output: '[French] [About bees] A text of 2 points.' })
    expect(ended).toEqual(['outline completed', 'judge completed', 'gate skipped', 'text completed', 'translation completed'])
  })

  test('passes the text on when there is nothing to translate', async () => {
    const { output, ended } = await rehearse('chain-with-gate', { topic: 'bees' })
    expect(output).toBe('[About bees] A text of 2 points.')
    expect(ended.at(-1)).toBe('translation skipped')
  })

  test('stops at the gate with the reason, before anything is written', async () => {
    const reason = "It's $(not) `for us`"
    const { status, error, ended } = await rehearse('chain-with-gate', { topic: 'stars' }, { editor: [{ output: { pass: false, reason } }] })
    expect(status).toBe('failed')
    expect(error).toMatchObject({ code: 'COMMAND_FAILED', details: { stderrTail: `${reason}\n` } })
    expect(ended).toEqual(['outline completed', 'judge completed', 'gate failed'])
  })

  test('stops at an outline of one point, before the editor is asked', async () => {
    const { status, error, ended } = await rehearse('chain-with-gate', { topic: 'bees' }, { planner: [{ output: { title: 'Bees', points: ['one'] } }] })
    expect({ status, code: error?.code }).toEqual({ status: 'failed', code: 'OUTPUT_INVALID' })
    expect(ended).toEqual(['outline failed'])
  })
})

describe('routing', () => {
  const sure = (kind: string, confidence = 0.9) => ({ classifier: [{ output: { kind, confidence } }] })
  const answered = ({ ended }: Rehearsal): string[] => ended.filter((line) => line.startsWith('answer.') && line.endsWith('completed'))

  test.each([
    ['The invoice is wrong', 'Billing: we look at it. (The invoice is wrong)', ['answer.billing completed']],
    ['I see an error', 'Technical: thank you. Likeliest cause of this: I see an error', ['answer.technical.cause completed', 'answer.technical.reply completed']],
    ['Hello', 'For a person: Hello\n', ['answer.other completed']],
  ])('%s', async (message, output, steps) => {
    const run = await rehearse('routing', { message })
    expect(String(run.output).trim()).toBe(output.trim())
    expect(answered(run)).toEqual(steps)
  })

  test('asks no agent to answer when the classifier is not sure', async () => {
    expect(answered(await rehearse('routing', { message: 'The invoice' }, sure('billing', 0.59)))).toEqual(['answer.unsure completed'])
    expect(answered(await rehearse('routing', { message: 'The invoice' }, sure('billing', 0.6)))).toEqual(['answer.billing completed'])
  })

  test('fails when the classifier makes up a kind', async () => {
    const { status, error, ended } = await rehearse('routing', { message: 'Hello' }, sure('greeting'))
    expect({ status, code: error?.code, ended }).toEqual({ status: 'failed', code: 'OUTPUT_INVALID', ended: ['classify failed'] })
  })
})

describe('sectioning', () => {
  test('starts all parts before the first has ended, and merges them', async () => {
    const { output, events } = await rehearse('sectioning', { product: 'a lamp' })
    expect(output).toEqual({
      headline: 'Light at last: a lamp',
      description: 'All there is to say of a lamp.',
      keywords: ['a lamp', 'gift'],
      warnings: ['Not for children under three.'],
    })
    const steps = events.filter(({ type }) => type === 'step.started' || type === 'step.completed').map(({ type }) => type)
    expect(steps.slice(0, 3)).toEqual(['step.started', 'step.started', 'step.started'])
  })

  test('lets the other parts finish when one fails, and then fails with its reason', async () => {
    const { status, error, ended } = await rehearse('sectioning', { product: 'a lamp' }, { analyst: [{ error: 'content_filter' }] })
    expect(status).toBe('failed')
    expect(error?.message).toContain('failed: search (')
    expect(ended.toSorted()).toEqual(['page.law completed', 'page.search failed', 'page.text completed'])
  })
})

describe('voting', () => {
  test('cancels the third once two agree', async () => {
    const { output, ended } = await rehearse('voting', { code: 'let a = 1' })
    expect(output).toEqual({ weakness: 'none' })
    expect(ended).toEqual(['audit.b completed', 'audit.a completed', 'audit.c cancelled'])
  })

  test('waits for the third when two differ, and takes what it agrees with', async () => {
    const { output, ended } = await rehearse('voting', { code: 'eval(x)' })
    expect(output).toEqual({ weakness: 'injection' })
    expect(ended.at(-1)).toBe('audit.c completed')
  })

  test('takes the answer of the majority, not the first one', async () => {
    const says = (weakness: string) => [{ output: { weakness } }]
    const { output } = await rehearse('voting', { code: 'any' }, { first: says('none'), second: says('secret'), third: says('secret') })
    expect(output).toEqual({ weakness: 'secret' })
  })

  test('fails when all three differ', async () => {
    const { status, error } = await rehearse('voting', { code: 'eval(password)' })
    expect({ status, code: error?.code }).toEqual({ status: 'failed', code: 'JOIN_NOT_REACHED' })
  })

  test('does without one that fails', async () => {
    const { status, output } = await rehearse('voting', { code: 'eval(x)' }, { second: [{ error: 'authentication' }] })
    expect({ status, output }).toEqual({ status: 'done', output: { weakness: 'injection' } })
  })
})
