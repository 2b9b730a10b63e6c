import { describe, expect, it } from 'vitest'
import { flagRaised } from '../src/spec/dialects/deliverable.ts'
import { allScenariosPassed, approvedByReview } from '../src/spec/dialects/stage-order-verdicts.ts'
import { evaluateCondition } from '../src/spec/expression.ts'
import type { Json } from '../src/json.ts'

function holds(condition: string, prev: Json, spec: Json = null): boolean {
  const stages = { SPEC: { output: spec } }
  return evaluateCondition(condition, { input: null, run: { id: 'r', workflow: 'w' }, stages, prev })
}

describe('a review', () => {
  it.each([
    'VERIFIED_APPROVED: read it',
    'I looked at all of it.\n\n**VERIFIED_APPROVED:** read it',
    'Approved: yes\nVerification evidence: the log',
    '## approved: yes\n- Verification Evidence: the log',
  ])('approves outright: %s', (text) => expect(holds(approvedByReview, text)).toBe(true))

  it.each([
    '',
    'Looks good to me.',
    'approved: yes',
    'VERIFIED_APPROVED',
    'I cannot say VERIFIED_APPROVED: the tests fail',
    'not approved: see below\nverification evidence: none',
    'VERIFIED_APPROVED: the first part\nREJECTED: the second part',
    null,
    { approved: true },
  ])('rejects by default: %s', (answer) => expect(holds(approvedByReview, answer)).toBe(false))
})

describe('acceptance tests', () => {
  const passed = (results: string, spec: Json): boolean => holds(allScenariosPassed(['stages.SPEC.output']), results, spec)
  const spec = '# Spec\n\n### AT-001: one\n1. do\n\n### AT-002: two\n'

  it('passed when every scenario did', () => {
    expect(passed('AT-001: PASSED\nAT-002: PASSED', spec)).toBe(true)
    expect(passed('All ran.\n- **AT-001**: PASSED - quickly\n- AT-002: PASSED', spec)).toBe(true)
  })

  it.each([
    ['one failed', 'AT-001: PASSED\nAT-002: FAILED - no', spec],
    ['one was skipped', 'AT-001: PASSED\nAT-002: SKIPPED - later', spec],
    ['one has no result', 'AT-001: PASSED', spec],
    ['one both passed and failed', 'AT-001: PASSED\nAT-002: PASSED\nAT-002: FAILED - then', spec],
    ['there are none', 'AT-001: PASSED', '# Spec'],
    ['there is no specification', 'AT-001: PASSED', null],
    ['nothing was said', '', spec],
  ])('did not pass when %s', (_, results, text) => expect(passed(results, text)).toBe(false))
})

describe('a flag', () => {
  it.each([
    [{ flags: { needs_x: true } }, true],
    [{ flags: ['needs_x'] }, true],
    [{ flags: { needs_x: false, needs_y: true } }, false],
    [{ flags: ['needs_y'] }, false],
    [{ flags: null }, false],
    [{ summary: 'needs_x' }, false],
    ['needs_x', false],
    [null, false],
  ])('of %j is raised: %s', (deliverable, raised) => {
    expect(holds(flagRaised('needs_x', ['null', 'stages.SPEC.output']), null, deliverable)).toBe(raised)
  })
})
