import { describe, expect, it } from 'vitest'
import { parseSpec } from '../src/spec/load.ts'
import { SpecError } from '../src/spec/spec-error.ts'

/** The problems of a spec, as `line:column CODE message`. */
function problemsOf(text: string): string[] {
  try {
    return parseSpec(text, { file: '/specs/a.yaml', format: 'yaml' }).warnings.map(({ code }) => code)
  } catch (error) {
    if (!(error instanceof SpecError)) throw error
    return error.problems.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`)
  }
}

const head = 'forkchart: 1\nname: x\nenv: [HOME]\ninput: { type: object, properties: { a: { type: object, properties: { b: {} } }, open: { type: object } } }\n'

/** A tree of blocks with a place for an expression: line 16, after the group `wide` has begun. */
function inBranch(expression: string): string[] {
  return problemsOf(`${head}stages:
  - { id: first, run: ls }
  - id: wide
    parallel:
      - id: left
        sequence:
          - { id: one, run: ls }
          - { id: two, run: ls }
          - id: here
            call: ./a.ts#b
            input:
              - \${{ ${expression} }}
          - { id: three, run: ls }
      - id: right
        sequence: [{ id: one, run: ls }]
  - id: last
    run: ls
`)
}

describe('what an expression reads', () => {
  it.each([
    'stages.first.output', 'stages.wide.left.one.output', 'stages.wide.left.two.status', 'stages["first"].output', 'prev', 'run.id',
    'env.HOME', 'input.a.b', 'input.?c.orValue(1)', 'has(input.c)', 'input.open.anything', 'input.a.?c', 'stages[input.a.b].output',
    '[1].map(x, x + 1)', '[1].exists(x, x == 1) ? input.a : null', 'cel.bind(y, 1, y + 1)', 'type(1) == int', 'math.abs(1) + lists.range(2)[0]',
    'stages.first.output.stages.wide',
  ])('may be %s', (source) => {
    expect(inBranch(source)).toEqual([])
  })

  it.each<[string, string, string]>([
    ['stages.last.output', '16:28 READS_LATER', '`last` has not run yet: it comes after `wide.left.here`'],
    ['stages.wide.left.three.output', '16:28 READS_LATER', '`wide.left.three`'],
    ['stages.wide.right.one.output', '16:28 READS_SIBLING', 'another branch of `wide`'],
    ['stages.wide.right.output', '16:28 READS_SIBLING', '`wide.right`'],
    ['stages.wide.output', '16:28 READS_OWN_GROUP', '`wide` is around this block'],
    ['stages.wide.left.output', '16:28 READS_OWN_GROUP', '`wide.left`'],
    ['stages.wide.left.here.output', '16:28 CYCLE', 'reads itself'],
    ['stages.frist.output', '16:28 UNKNOWN_STAGE', 'Did you mean `first`?'],
    ['stages.left.output', '16:28 UNKNOWN_STAGE', 'there are first, wide, last'],
    ['stages.wide.left.tow.output', '16:38 UNKNOWN_STAGE', 'Did you mean `two`?'],
    ['stages["first"].result', '16:37 UNKNOWN_NAME', 'a block has status, output, error, usage'],
    ['1 + first', '16:25 UNKNOWN_NAME', 'Did you mean `stages.first.output`?'],
    ['[1].map(x, y)', '16:32 UNKNOWN_NAME', '`y`'],
    ['inptu.a', '16:21 UNKNOWN_NAME', 'Did you mean `input`?'],
    ['run.name', '16:25 UNKNOWN_NAME', '`run.workflow`'],
    ['env.PATH', '16:25 ENV_NOT_LISTED', '`env: [PATH]`'],
    ['input.c', '16:27 UNKNOWN_INPUT', '`input.?c`'],
    ['input.a.c + 1', '16:29 UNKNOWN_INPUT', '`input.a.c`'],
    ['"a" + 1', '16:21 EXPRESSION_TYPE', 'string + int'],
    ['nope(1)', '16:21 EXPRESSION_TYPE', 'nope(int)'],
    ['1 +', '16:25 EXPRESSION_SYNTAX', '`1 +`'],
  ])('may not be %s', (source, place, text) => {
    const [problem, ...others] = inBranch(source)
    expect(problem).toContain(`${place} `)
    expect(problem).toContain(text)
    expect(others).toEqual([])
  })

  it('is told for each name of an expression', () => {
    expect(inBranch('nope1 + nope2 + stages.last.output').map((text) => text.split(' ').slice(0, 2).join(' '))).toEqual([
      '16:21 UNKNOWN_NAME', '16:29 UNKNOWN_NAME', '16:44 READS_LATER',
    ])
  })

  it('is checked in every field that is a template', () => {
    const text = `${head}agents:
  a: { uses: scripted, instructions: "\${{ n1 }}", replies: ["\${{ n2 }}", { output: ["\${{ n3 }}"] }], rehearse: ["\${{ n4 }}"] }
stages:
  - { agent: a, prompt: "\${{ n5 }}", when: n6 == 1, input: { k: "\${{ n7 }}" } }
  - { run: "\${{ n8 }}", cwd: "\${{ n9 }}", env: { A: "\${{ n10 }}" }, stdin: ["\${{ n11 }}"] }
  - { run: [ls, "\${{ n12 }}"] }
  - { parallel: [{ run: ls }], when: "\${{ n13 }}", input: "\${{ n14 }}" }
`
    const names = problemsOf(text).map((problem) => /`(n\d+)`/.exec(problem)?.[1])
    expect(names.toSorted()).toEqual(Array.from({ length: 14 }, (_, index) => `n${index + 1}`).toSorted())
  })

  it('is checked of an agent in each step that uses it', () => {
    const agents = 'agents: { a: { uses: openai, instructions: "${{ stages.one.output }}" }, b: { uses: openai, instructions: "${{ stages.no.output }}" } }'
    const problems = problemsOf(`${head}${agents}\nstages:\n  - { id: one, agent: a }\n  - { id: two, agent: a }\n`)
    expect(problems.map((text) => text.split(' ')[1])).toEqual(['CYCLE', 'UNUSED_AGENT', 'UNKNOWN_STAGE'])
  })

  it('of a group may not be in the group', () => {
    expect(problemsOf(`${head}stages:\n  - { id: g, when: stages.g.a.output, sequence: [{ id: a, run: ls }] }`)[0]).toContain('6:27 READS_LATER')
  })
})

describe('the place of an expression', () => {
  it.each<[string, string]>([
    ['run: ls ${{ prev }} ${{ nope }}', '7:29'],
    ['run: "ls \\"x\\" ${{ nope }}"', '7:24'],
    ['run: "${{ {\\"a\\": nope} }}"', '7:23'],
    ["run: 'it''s ${{ stages[''no''].output }}'", '7:30'],
    ['run: |\n      ls\n      $${{ x }} ${{ prev }}\n      ${{ [prev,\n        nope] }}', '11:9'],
    ['run: >-\n      ls\n      ${{ nope }}', '9:11'],
    ['run: ls\n    when: nope == 1', '8:11'],
    ['run: ls\n    when: ${{ prev == nope }}', '8:23'],
    ['run: ls\n    when: "prev == nope"', '8:20'],
  ])('is found in %s', (block, place) => {
    const [problem] = problemsOf(`${head}stages:\n  - id: a\n    ${block}\n`)
    expect(problem?.split(' ')[0]).toBe(place)
  })
})

describe('a condition', () => {
  it.each(['1 + 1', '"yes"', '[true]', '"${{ 1 }}"'])('must not be %s', (when) => {
    expect(problemsOf(`${head}stages:\n  - run: ls\n    when: ${when.startsWith('"$') ? when : `'${when}'`}\n`)[0]).toContain('WHEN_NOT_BOOLEAN')
  })

  it('may be true or false themselves', () => {
    const { workflow } = parseSpec(`${head}stages:\n  - { run: ls, when: false }`, { file: '/a.yaml', format: 'yaml' })
    expect(workflow.stages[0]?.when).toBe('false')
  })
})

describe('a shell line', () => {
  it('must not want a value where the shell takes text as it is', () => {
    const problems = problemsOf(`${head}stages:\n  - run: |\n      cat <<'E'\n      \${{ prev }}\n      E\n`)
    expect(problems[0]).toContain('SHELL_HEREDOC')
  })
})
