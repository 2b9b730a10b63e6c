import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkSpec, parseDefinition, parseSpec } from '../src/spec/load.ts'
import { SpecError } from '../src/spec/spec-error.ts'

const head = 'forkchart: 1\nname: x\nagents: { a: { uses: scripted, replies: [hi] } }\nstages:\n'

function problemsOf(work: () => { warnings: readonly unknown[] }): readonly { line: number; column: number; code: string; message: string }[] {
  try {
    expect(work().warnings).toEqual([])
    return []
  } catch (error) {
    if (error instanceof SpecError) return error.problems
    throw error
  }
}

/** The problems of a spec with these stages, as `line:column CODE message`; the stages begin in line 5. */
function found(stages: string): string[] {
  const withAgent = `${head}${stages}\n  - { id: the-agent, agent: a }\n`
  const problems = problemsOf(() => parseSpec(withAgent, { file: '/specs/a.yaml', format: 'yaml' }))
  return problems.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`)
}

/** Each expected text is a place and a code, then a part of the message. */
function expectFound(stages: string, expected: readonly string[]): void {
  const actual = found(stages)
  expect(actual.map((text) => text.split(' ').slice(0, 2).join(' '))).toEqual(
    expected.map((text) => text.split(' ').slice(0, 2).join(' ')),
  )
  expected.forEach((text, index) => expect(actual[index]).toContain(text.split(' ').slice(2).join(' ')))
}

describe('refused by its shape', () => {
  it.each<[string, string, string[]]>([
    ['a graph of nothing', '  - graph: []', ['5:12 EMPTY_GROUP at least one block']],
    ['a switch of nothing', '  - switch: []', ['5:13 EMPTY_GROUP']],
    ['a map without a body', '  - map: { over: [] }', ['5:10 MISSING_KEY `do`']],
    ['a map without a list', '  - map: { do: { run: ls } }', ['5:10 MISSING_KEY `over`']],
    ['a map over a text', '  - map: { over: "a, b", do: { run: ls } }', ['5:18 MAP_OVER one expression that gives a list']],
    ['a map over two expressions', '  - map: { over: "${{ prev }}${{ prev }}", do: { run: ls } }', ['5:18 MAP_OVER']],
    ['a loop without an end', '  - loop: { do: { run: ls } }', ['5:11 LOOP_WITHOUT_MAX how often at most']],
    ['a goto without an end', '  - { id: a, run: ls }\n  - { run: ls, on_failure: { goto: a } }', ['6:28 LOOP_WITHOUT_MAX']],
    ['a review of no rounds', '  - review: { work: { run: ls }, reviewer: { run: ls }, approved: prev, max: 0 }', ['5:78 WRONG_VALUE at least 1']],
    ['a review without its parts', '  - review: {}', ['5:13 MISSING_KEY `work`', '5:13 MISSING_KEY `reviewer`', '5:13 MISSING_KEY `approved`']],
    ['what is no block', '  - loop: { do: ls, max: 1 }\n  - { run: ls, verify: [run: ls] }\n  - parallel: [ls]\n  - { run: ls, on_failure: { fallback: 3 } }', ['5:17 WRONG_TYPE a block', '6:24 WRONG_TYPE a block', '7:16 WRONG_TYPE a block', '8:40 WRONG_TYPE a block']],
    ['a mistake inside', '  - { run: ls, verify: { rnu: ls } }\n  - loop: { do: { run: 3 }, max: 1 }', ['5:24 BLOCK_KIND Did you mean `run`?', '6:24 WRONG_TYPE']],
    ['a case of nothing', '  - switch: [{ when: true }]', ['5:14 MISSING_KEY `do`']],
    ['retry on groups', '  - { loop: { do: { run: ls }, max: 1 }, retry: { attempts: 2 } }', ['5:42 RETRY_ON_GROUP a loop']],
    ['a time that is none', '  - wait: soon\n  - wait: 30\n  - wait: 2026-02-30T00:00:00Z\n  - wait: 2026-12-01', ['5:11 WRONG_VALUE 90s', '6:11 WRONG_TYPE 90s', '7:11 WRONG_VALUE', '8:11 WRONG_VALUE']],
    ['requests', '  - http: { url: example.org }\n  - http: { url: "http://a/", method: post }\n  - http: { url: "http://a/", body: 1 }\n  - http: "http://a/"', ['5:18 WRONG_VALUE http://', '6:39 WRONG_VALUE Did you mean `POST`?', '7:31 HTTP_BODY `method: POST`', '8:11 WRONG_TYPE']],
    ['joins', '  - { parallel: [run: ls], join: most }\n  - { parallel: [run: ls], join: { quorum: 0 } }\n  - { sequence: [run: ls], join: any }', ['5:34 WRONG_TYPE', '6:44 WRONG_VALUE', '7:28 UNKNOWN_KEY `parallel`, `graph`, `map`']],
    ['reactions', '  - { run: ls, on_failure: ignore }\n  - { run: ls, on_failure: { gott: a, max: 1 } }', ['5:28 WRONG_TYPE', '6:28 MISSING_KEY `goto`', '6:30 UNKNOWN_KEY Did you mean `goto`?']],
  ])('%s', (_name, stages, expected) => {
    expectFound(stages, expected)
  })
})

describe('refused by where it leads', () => {
  it.each<[string, string, string[]]>([
    ['needs of nobody', '  - graph: [{ id: one, run: ls }, { id: two, run: ls, needs: [oen, three] }]', ['5:63 UNKNOWN_NEED Did you mean `one`?', '5:68 UNKNOWN_NEED there are one, two']],
    ['needs outside of a graph', '  - { run: ls, needs: [a] }\n  - parallel: [{ run: ls, needs: [a] }]', ['5:16 NEEDS_OUTSIDE_GRAPH run one after another anyway', '6:27 NEEDS_OUTSIDE_GRAPH `graph` instead of `parallel`']],
    ['a ring of needs', '  - graph:\n      - { id: s, run: ls }\n      - { id: a, run: ls, needs: [c, s] }\n      - { id: b, run: ls, needs: [a] }\n      - { id: c, run: ls, needs: [b] }\n      - { id: d, run: ls, needs: [c] }', ['7:34 CYCLE `a` needs `c`, which needs `b`, which needs `a`']],
    ['two rings of needs', '  - graph: [{ id: a, run: ls, needs: [a] }, { id: b, run: ls, needs: [c] }, { id: c, run: ls, needs: [b] }]', ['5:38 CYCLE `a` needs `a`', '5:70 CYCLE `b` needs `c`, which needs `b`']],
    ['a goto to a later block', '  - { run: ls, on_failure: { goto: b, max: 1 } }\n  - { id: b, run: ls }', ['5:36 GOTO_NOT_EARLIER does not come before this one']],
    ['a goto to itself', '  - { id: b, run: ls, on_failure: { goto: b, max: 1 } }', ['5:43 GOTO_NOT_EARLIER']],
    ['a goto to another list', '  - { id: here, run: ls }\n  - sequence: [{ id: her, run: ls }, { run: ls, on_failure: { goto: here, max: 1 } }]', ['6:69 GOTO_NOT_EARLIER Did you mean `her`?']],
    ['a goto out of no list', '  - parallel: [{ id: a, run: ls }, { run: ls, on_failure: { goto: a, max: 1 } }]', ['5:67 GOTO_NOT_EARLIER stands in no list']],
    ['a quorum of too many', '  - { parallel: [run: ls], join: { quorum: 2 } }\n  - { map: { over: [1, 2], do: { run: ls } }, join: { quorum: 3 } }', ['5:44 QUORUM_TOO_LARGE 1 branches', '6:63 QUORUM_TOO_LARGE 2 items']],
    ['cases that never run', '  - switch: [{ do: { run: ls } }, { when: input.a, do: { run: ls } }, { else: { run: ls } }]', ['5:35 UNREACHABLE', '5:71 UNREACHABLE']],
    ['a case after one that always holds', '  - switch: [{ when: "${{ true }}", do: { run: ls } }, { else: { run: ls } }]', ['5:56 UNREACHABLE']],
    ['else in the middle', '  - switch: [{ else: { run: ls } }, { when: true, do: { run: ls } }]', ['5:16 ELSE_NOT_LAST']],
    ['an agent that is not there', '  - { parallel: [run: ls], reduce: { synthesize: b } }', ['5:50 UNKNOWN_AGENT declared are a']],
    ['same ids', '  - { id: l, review: { work: { id: b, run: ls }, reviewer: { id: b, run: ls }, approved: prev } }\n  - { id: g, graph: [{ id: verify, run: ls }], verify: { run: ls } }', ['5:66 DUPLICATE_ID', '6:48 DUPLICATE_ID']],
    ['id of the reducer step', '  - { graph: [{ id: reduce, run: ls }], reduce: { synthesize: a } }', ['5:21 RESERVED_ID']],
    ['variables of maps', '  - map: { over: [], as: prev, do: { run: ls } }\n  - map: { over: [], as: a-b, do: { run: ls } }\n  - map: { over: [], as: loop, do: { run: ls } }\n  - map: { over: [], as: string, do: { run: ls } }\n  - map: { over: [], as: in, do: { run: ls } }\n  - map: { over: [], as: math, do: { run: ls } }', ['5:26 RESERVED_NAME `prev`', '6:26 WRONG_VALUE', '7:26 RESERVED_NAME', '8:26 RESERVED_NAME', '9:26 RESERVED_NAME', '10:26 RESERVED_NAME']],
    ['concurrency twice', '  - { map: { over: [], do: { run: ls }, concurrency: 1 }, concurrency: 2 }', ['5:41 DUPLICATE_KEY']],
  ])('%s', (_name, stages, expected) => {
    expectFound(stages, expected)
  })

  it('blocks after a goto are fine, and so is a fan-in of a thousand', () => {
    expect(found('  - { id: a, run: ls }\n  - { run: ls, on_failure: { goto: a, max: 1 } }\n  - { run: ls }')).toEqual([])
    const nodes = Array.from({ length: 1000 }, (_, index) => `{ id: n${index}, run: ls }`)
    const ids = nodes.map((_, index) => `n${index}`)
    expect(found(`  - graph: [${nodes.join(', ')}, { run: ls, needs: [${ids.join(', ')}], stdin: "\${{ stages.stage-1.n999.output }}" }]`)).toEqual([])
  })
})

describe('a reducer', () => {
  it('takes a list, in whatever way it says so', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'forkchart-reducers-'))
    try {
      await writeFile(
        join(dir, 'reduce.mjs'),
        [
          'export const none = () => 1',
          'export async function nothing() { return arguments[0] }',
          'export const rest = (...outputs) => outputs',
          'export const preset = (outputs = []) => outputs',
          'export function one(outputs) { return outputs }',
        ].join('\n'),
      )
      const names = ['none', 'nothing', 'rest', 'preset', 'one']
      const stages = names.map((name) => `  - { parallel: [call: ./reduce.mjs#none], reduce: { call: ./reduce.mjs#${name} } }`)
      await writeFile(join(dir, 'a.yaml'), `forkchart: 1\nname: x\nstages:\n${stages.join('\n')}\n`)
      const { problems } = await checkSpec(join(dir, 'a.yaml'))
      expect(problems.map(({ line, column, code }) => `${line}:${column} ${code}`)).toEqual([
        '4:60 REDUCER_TAKES_NO_LIST', '5:60 REDUCER_TAKES_NO_LIST',
      ])
    } finally {
      await rm(dir, { recursive: true })
    }
  })

  it('takes a list in a TypeScript spec too', () => {
    const stages = [{ parallel: [{ run: 'ls' }], reduce: { call: () => 1 } }, { parallel: [{ run: 'ls' }], reduce: { call: (...all: unknown[]) => all } }]
    const problems = problemsOf(() => parseDefinition({ forkchart: 1, name: 'x', stages }, { file: '/x.ts' }))
    expect(problems.map(({ code, message }) => [code, message.includes('this function')])).toEqual([['REDUCER_TAKES_NO_LIST', true]])
  })
})
