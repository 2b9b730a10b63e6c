import { describe, expect, it } from 'vitest'
import { parseSpec } from '../src/spec/load.ts'
import type { Problem } from '../src/spec/problem.ts'
import { SpecError } from '../src/spec/spec-error.ts'

function problemsOf(text: string, format: 'yaml' | 'json' = 'yaml'): readonly Problem[] {
  try {
    return parseSpec(text, { file: '/specs/a.yaml', format }).warnings
  } catch (error) {
    if (error instanceof SpecError) return error.problems
    throw error
  }
}

/** The problems of a spec with these stages, as `line:column CODE`; the stages begin in line 5. */
function found(stages: string, top = ''): string[] {
  const text = `forkchart: 1\nname: x\n${top === '' ? '#' : top}\nstages:\n${stages}\n`
  return problemsOf(text).map(({ line, column, code }) => `${line}:${column} ${code}`)
}

describe('the shape of a spec', () => {
  it.each<[string, string, string[]]>([
    ['unknown key', '  - { run: ls, shell: true }', ['5:16 UNKNOWN_KEY']],
    ['key of another kind', '  - { run: ls, prompt: x }', ['5:16 UNKNOWN_KEY']],
    ['promised key', '  - { run: ls, estimate: 1s, priority: high }', ['5:16 NOT_YET_AVAILABLE', '5:30 NOT_YET_AVAILABLE']],
    ['promised block', '  - select: {}\n  - replicate: {}', ['5:5 NOT_YET_AVAILABLE', '6:5 NOT_YET_AVAILABLE']],
    ['no kind', '  - { id: a }', ['5:5 BLOCK_KIND']],
    ['two kinds', '  - { run: ls, call: ./a.ts#b }', ['5:16 BLOCK_KIND']],
    ['no block', '  - ls', ['5:5 WRONG_TYPE']],
    ['empty group', '  - parallel: []\n  - sequence: []', ['5:15 EMPTY_GROUP', '6:15 EMPTY_GROUP']],
    ['retry on a group', '  - parallel: [{ run: ls }]\n    retry: { attempts: 2 }', ['6:5 RETRY_ON_GROUP']],
    ['durations', '  - { run: ls, timeout: 30 }\n  - { run: ls, timeout: soon }\n  - { run: ls, timeout: 0s }', ['5:25 WRONG_TYPE', '6:25 WRONG_VALUE', '7:25 WRONG_VALUE']],
    ['retry values', '  - { run: ls, retry: { attempts: 0, jitter: 2, every: 1s } }', ['5:35 WRONG_VALUE', '5:46 WRONG_VALUE', '5:49 UNKNOWN_KEY']],
    ['empty command', '  - run: ""\n  - run: []', ['5:10 WRONG_VALUE', '6:10 WRONG_VALUE']],
    ['ids', '  - { id: 1a, run: ls }\n  - { id: status, run: ls }', ['5:11 WRONG_VALUE', '6:11 RESERVED_ID']],
    ['same id', '  - { id: a, run: ls }\n  - { id: a, run: ls }\n  - { id: stage-4, run: ls }\n  - run: ls', ['6:11 DUPLICATE_ID', '8:5 DUPLICATE_ID']],
    ['id of the reducer step', '  - parallel: [{ id: reduce, run: ls }]\n    reduce: { call: ./a.ts#b }', ['5:22 RESERVED_ID']],
    ['call target', '  - call: nothing\n  - call: ./a.ts\n  - call: a.ts#b', ['5:11 CALL_TARGET', '6:11 CALL_TARGET', '7:11 CALL_TARGET']],
    ['schema', '  - { run: ls, output: { type: strnig } }\n  - { run: ls, output: 3 }', ['5:24 SCHEMA_INVALID', '6:24 WRONG_TYPE']],
  ])('is checked: %s', (_name, stages, expected) => {
    expect(found(stages)).toEqual(expected)
  })

  it('is checked at the top', () => {
    const text = 'nam: x\nversion: [1]\nlimits: { tokens: 3, concurrency: 0 }\nenv: [1A]\naffinity: []\ninput: { type: nope }\n'
    expect(problemsOf(text).map(({ line, column, code, path }) => `${line}:${column} ${code} ${path}`)).toEqual([
      '1:1 MISSING_KEY ',
      '1:1 MISSING_KEY ',
      '1:1 MISSING_KEY ',
      '1:1 UNKNOWN_KEY nam',
      '2:10 WRONG_TYPE version',
      '3:11 NOT_YET_AVAILABLE limits.tokens',
      '3:35 WRONG_VALUE limits.concurrency',
      '4:7 WRONG_VALUE env.0',
      '5:1 NOT_YET_AVAILABLE affinity',
      '6:8 SCHEMA_INVALID input',
    ])
    expect(problemsOf(text).filter(({ code }) => code === 'UNKNOWN_KEY')[0]?.message).toContain('Did you mean `name`?')
  })

  it('names each key once when an object may have several shapes', () => {
    const text = 'forkchart: 1\nname: x\nagents: { a: { uses: scripted, replies: [{ output: hi, zz: 1 }] } }\nstages: [{ agent: a }]'
    expect(problemsOf(text)[0]?.message).toMatch(/There are output, delay, usage, costUsd, error, message\.$/)
  })

  it('is checked of agents', () => {
    const agents = 'agents: { a: { uses: opnai }, b: { uses: cli }, c: {}, d: 3, e: { uses: scripted, replies: [] }, f: { uses: openai, tools: [] } }'
    const codes = problemsOf(`forkchart: 1\nname: x\n${agents}\nstages: [{ agent: g }]`).map(({ code, path }) => `${code} ${path}`)
    expect(codes.filter((text) => !text.startsWith('UNUSED'))).toEqual([
      'WRONG_VALUE agents.a.uses',
      'MISSING_KEY agents.b',
      'MISSING_KEY agents.c',
      'WRONG_TYPE agents.d',
      'WRONG_VALUE agents.e.replies',
      'UNKNOWN_AGENT stage-1',
    ])
  })

  it.each<[string, 'yaml' | 'json', string[]]>([
    ['a: [1\nb: }', 'yaml', ['2:4 SYNTAX']],
    ['name: x\nname: y', 'yaml', ['2:1 DUPLICATE_KEY']],
    ['', 'yaml', ['1:1 WRONG_TYPE']],
    ['- 1', 'yaml', ['1:1 WRONG_TYPE']],
    ['{\n\t"forkchart": 1,\n}', 'json', ['3:1 SYNTAX']],
    ['{\n\t"forkchart": 1,\n\t"name": "x",\n\t"stages": [{ "run": 3 }]\n}', 'json', ['4:22 WRONG_TYPE']],
  ])('is checked in %j as %s', (text, format, expected) => {
    const problems = problemsOf(text, format).map(({ line, column, code }) => `${line}:${column} ${code}`)
    expect(problems).toEqual(expect.arrayContaining(expected))
  })

  it('is reported whole, in the order of the file, as lines that editors link', () => {
    expect(() => parseSpec('forkchart: 2\nname: a b\nstages: []', { file: '/specs/a.yaml', format: 'yaml' })).toThrow(
      expect.objectContaining({
        code: 'SPEC_INVALID',
        kind: 'usage',
        message: expect.stringMatching(/3 problems[^]*\/specs\/a\.yaml:1:12 WRONG_VALUE [^]*:2:7 WRONG_VALUE [^]*:3:9 EMPTY_GROUP /),
      }),
    )
  })

  it('may hold warnings, which do not keep it from loading', () => {
    const agents = 'agents: { a: { uses: openai }, b: { uses: openai } }'
    const loaded = parseSpec(`forkchart: 1\nname: x\n${agents}\nstages: [{ agent: a }]`, { file: '/a.yaml', format: 'yaml' })
    expect(loaded.warnings).toMatchObject([{ code: 'UNUSED_AGENT', severity: 'warning', path: 'agents.b', line: 3, column: 32 }])
  })
})
