import { describe, expect, it } from 'vitest'
import { parseSpec } from '../src/spec/load.ts'
import { SpecError } from '../src/spec/spec-error.ts'

/** The problems of a spec with these stages, as `CODE message`. Blocks in it are steps that read: `{ id: a, r: expression }`. */
function found(stages: string): string[] {
  const text = stages.replaceAll(/\br: (\[.*?\]|[^,}\]]+)/g, (_, code: string) => `call: ./a.ts#b, input: "\${{ ${code.trim()} }}"`)
  const agents = 'agents: { a: { uses: openai, instructions: "${{ feedback }}" } }'
  try {
    return parseSpec(`forkchart: 1\nname: x\n${agents}\nstages:\n${text}`, { file: '/a.yaml', format: 'yaml' })
      .warnings.filter(({ code }) => code !== 'UNUSED_AGENT')
      .map(({ code }) => code)
  } catch (error) {
    if (error instanceof SpecError) return error.problems.filter(({ severity }) => severity === 'error').map(({ code, message }) => `${code} ${message}`)
    throw error
  }
}

const free = 'run: ls'

describe('a block may read', () => {
  it.each<[string, string]>([
    ['the nodes that it needs, by a detour too', `  - id: g\n    graph: [{ id: c, needs: [b], r: stages.g.a.output + stages.g.b.x.output }, { id: b, needs: [a], sequence: [{ id: x, ${free} }] }, { id: a, ${free} }]`],
    ['a graph after it, node by node', `  - { id: g, graph: [{ id: a, ${free} }] }\n  - { r: stages.g.a.output }`],
    ['the item and the index of the maps around', '  - map: { over: [1], as: file, do: { sequence: [{ r: file + index }, { map: { over: "${{ file }}", do: { r: item + file + index } } }] } }'],
    ['what finished in the same item', `  - id: m\n    map: { over: [1], do: { id: body, sequence: [{ id: a, ${free} }, { r: stages.m.body.a.output }] } }`],
    ['the map after it', `  - { id: m, map: { over: [1], do: { ${free} } } }\n  - { r: stages.m.output }`],
    ['the round of the loop around', `  - { id: l, loop: { do: { id: d, sequence: [{ id: a, ${free} }, { r: stages.l.d.a.output + loop.iteration }] }, until: stages.l.d.a.output == loop.iteration && prev != null, max: 2 } }\n  - { r: stages.l.d.a.output }`],
    ['the work in a review, and the feedback', `  - { id: v, review: { work: { id: w, r: feedback + string(loop.iteration) }, reviewer: { id: j, r: stages.v.w.output }, approved: stages.v.j.output.ok && feedback == "" } }\n  - { r: stages.v.j.output }`],
    ['an agent with feedback in a review', `  - { review: { work: { agent: a }, reviewer: { ${free} }, approved: prev } }`],
    ['the feedback of a goto, from its target to the block that has it', `  - { ${free} }\n  - { id: b, sequence: [{ r: feedback }] }\n  - { r: feedback }\n  - { r: feedback, on_failure: { goto: b, max: 1 } }`],
    ['a case of a switch after it', `  - { id: s, switch: [{ when: prev == 1, do: { id: c, ${free} } }, { else: { ${free} } }] }\n  - { r: [stages.s.?c.?output, stages.s.else.output] }`],
    ['outputs in a join', `  - { parallel: [{ ${free} }], join: { when: "outputs.size() > 1 && outputs[0] == prev" } }\n  - { map: { over: [1], do: { ${free} } }, join: { when: "outputs.exists(x, x > 1)" } }`],
    ['a group, when it verifies it', `  - { id: g, parallel: [{ id: a, ${free} }], verify: { r: stages.g.a.output } }\n  - { r: stages.g.verify.output }`],
    ['what it verifies, and what it stands in for', `  - { id: a, ${free}, verify: { r: stages.a.output }, on_failure: { fallback: { r: stages.a.error.message } } }`],
    ['what failed, when it runs instead', `  - { id: g, sequence: [{ id: a, ${free} }], on_failure: { fallback: { r: stages.g.a.?output } } }`],
    ['other blocks in a request and a wait', `  - { id: a, ${free} }\n  - { wait: "\${{ stages.a.output }}" }\n  - { http: { url: "\${{ stages.a.output }}", headers: { h: "\${{ prev }}" } } }`],
  ])('%s', (_name, stages) => {
    expect(found(stages)).toEqual([])
  })
})

describe('a block may not read', () => {
  it.each<[string, string, string[]]>([
    ['a node that it does not need', `  - { id: g, graph: [{ id: a, ${free} }, { id: b, r: stages.g.a.output }] }`, ['READS_SIBLING write `needs: [a]` on `g.b`']],
    ['a node that needs it', `  - { id: g, graph: [{ id: a, r: stages.g.b.output }, { id: b, needs: [a], ${free} }] }`, ['READS_LATER `b` needs `a`']],
    ['the other branches of a parallel group, deep inside', `  - { id: g, parallel: [{ id: a, ${free} }, { id: b, loop: { do: { r: stages.g.a.output }, max: 1 } }] }`, ['READS_SIBLING another branch']],
    ['another case of the switch', `  - { id: s, switch: [{ when: prev == 1, do: { id: c, ${free} } }, { else: { r: stages.s.c.output } }] }`, ['READS_SIBLING another case']],
    ['the items of a map after it', `  - { id: m, map: { over: [1], do: { id: d, ${free} } } }\n  - { r: stages.m.d.output }`, ['READS_ITEM read `stages.m.output`']],
    ['the items of a map that it verifies', `  - { id: m, map: { over: [1], do: { id: d, ${free} } }, verify: { r: stages.m.d.output } }`, ['READS_ITEM']],
    ['the map around it', `  - { id: m, map: { over: [1], do: { r: stages.m.output } } }`, ['READS_OWN_GROUP']],
    ['the item outside of the map', `  - { map: { over: ["\${{ file }}"], as: file, do: { ${free} }, concurrency: 1 }, verify: { r: file } }\n  - { r: index }`, ['UNKNOWN_NAME item of the map `stage-1`', 'UNKNOWN_NAME item of the map', 'UNKNOWN_NAME `index` exists only in the `do` of a map']],
    ['the item before the map', `  - { when: item == 1, map: { over: [1], do: { ${free} } } }`, ['UNKNOWN_NAME']],
    ['the round outside of a loop', `  - { when: loop.iteration == 1, loop: { do: { ${free} }, max: 1 }, verify: { r: loop.iteration } }`, ['UNKNOWN_NAME', 'UNKNOWN_NAME in a loop or a review']],
    ['of the loop anything else', `  - { loop: { do: { r: loop.rounds }, max: 1 } }`, ['UNKNOWN_NAME use `loop.iteration`']],
    ['the loop itself in its condition', `  - { id: l, loop: { do: { id: d, ${free} }, until: stages.l.output == 1, max: 1 } }`, ['CYCLE']],
    ['the round before it', `  - { id: l, loop: { do: { id: d, sequence: [{ r: stages.l.d.b.output }, { id: b, ${free} }] }, max: 1 } }`, ['READS_LATER']],
    ['the reviewer before its turn', `  - { id: v, review: { work: { r: stages.v.reviewer.output }, reviewer: { ${free} }, approved: prev } }`, ['READS_LATER']],
    ['feedback where none comes', `  - { r: feedback }\n  - { id: b, ${free} }\n  - { ${free}, on_failure: { goto: b, max: 1 } }\n  - { r: feedback }`, ['UNKNOWN_NAME in a review, and from the block that a `goto` leads back to', 'UNKNOWN_NAME']],
    ['an agent with feedback elsewhere', '  - { agent: a }', ['UNKNOWN_NAME']],
    ['outputs outside of a join', `  - { parallel: [{ r: outputs }], when: outputs == 1 }`, ['UNKNOWN_NAME', 'UNKNOWN_NAME `when` of a `join`']],
    ['its branches in a join', `  - { id: g, parallel: [{ id: a, ${free} }], join: { when: stages.g.a.output == 1 } }`, ['READS_LATER']],
    ['what verifies it', `  - { id: g, sequence: [{ r: stages.g.verify.output }], verify: { ${free} } }`, ['READS_LATER']],
    ['names in the agent that synthesizes', `  - { parallel: [{ ${free} }], reduce: { synthesize: a } }`, ['UNKNOWN_NAME `feedback`']],
  ])('%s', (_name, stages, expected) => {
    const actual = found(stages)
    expect(actual.map((text) => text.split(' ')[0])).toEqual(expected.map((text) => text.split(' ')[0]))
    expected.forEach((text, index) => expect(actual[index]).toContain(text.split(' ').slice(1).join(' ')))
  })

  it('what is no condition where one is asked', () => {
    const stages = `  - { loop: { do: { ${free} }, until: 1 + 1, max: 1 } }\n  - { review: { work: { ${free} }, reviewer: { ${free} }, approved: '"yes"' } }\n  - { switch: [{ when: '"x"', do: { ${free} } }] }\n  - { parallel: [{ ${free} }], join: { when: outputs.size() } }`
    expect(found(stages).map((text) => text.split(':')[0])).toEqual([
      'CONDITION_NOT_BOOLEAN `until` must be true or false, and the type of `1 + 1` is int.',
      'CONDITION_NOT_BOOLEAN `approved` must be true or false, and the type of `"yes"` is string.',
      'WHEN_NOT_BOOLEAN `when` must be true or false, and the type of `"x"` is string.',
      'WHEN_NOT_BOOLEAN `when` must be true or false, and the type of `outputs.size()` is int.',
    ])
  })
})
