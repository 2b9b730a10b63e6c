import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mermaidDiagram } from '../src/diagram/mermaid.ts'
import { workflowBlocks } from '../src/spec/blocks.ts'
import { anyWorkflow, workflowOf } from './diagram-workflow.ts'

describe('a workflow as a Mermaid state diagram', () => {
  test('a group is a composite state with one region per branch', () => {
    const workflow = workflowOf('vote', [
      { id: 'draft', parallel: [{ id: 'a-b', agent: 'x' }, { id: 'a_b', command: 'echo "hi"; exit' }] },
      { id: 'end', agent: 'judge', when: 'prev != null' },
    ])
    expect(mermaidDiagram(workflow, new Map([['draft.a-b', 'completed'], ['draft', 'running'], ['end', 'pending']]))).toBe(
      [
        'stateDiagram-v2',
        '  classDef completed fill:#d3f2dc,stroke:#2b8a3e,color:#000',
        '  state "draft#58; parallel, 2 branches, settle, reduce list" as s_draft {',
        '    state "a-b#58; agent x" as s_draft__a_db',
        '    [*] --> s_draft__a_db',
        '    s_draft__a_db --> [*]',
        '    --',
        '    state "a_b#58; run echo #34;hi#34;#59; exit" as s_draft__a_ub',
        '    [*] --> s_draft__a_ub',
        '    s_draft__a_ub --> [*]',
        '  }',
        '  state "end#58; agent judge" as s_end',
        '  [*] --> s_draft',
        '  s_draft --> s_end : when prev != null',
        '  s_end --> [*]',
        '  class s_draft__a_db completed',
        '',
      ].join('\n'),
    )
  })

  test('declares every block once under an id of its own, braces balanced, nothing unquoted', () => {
    fc.assert(
      fc.property(anyWorkflow, (workflow) => {
        const lines = mermaidDiagram(workflow).split('\n')
        const declared = lines.flatMap((line) => /^ *state "([^"]*)" as (s_\w+)( \{)?$/.exec(line)?.slice(1, 3) ?? [])
        const ids = declared.filter((_text, index) => index % 2 === 1)
        const labels = declared.filter((_text, index) => index % 2 === 0)
        const blocks = [...workflowBlocks(workflow)]
        expect(new Set(ids).size).toBe(blocks.length)
        expect(labels.map((label) => label.split('#58;')[0]).toSorted()).toEqual(blocks.map((block) => block.id).toSorted())
        expect(lines.filter((line) => line.endsWith(' {')).length).toBe(lines.filter((line) => /^ *\}$/.test(line)).length)
        const known = /^(stateDiagram-v2|)$|^ *(--|\}|state "[^"]*" as s_\w+( \{)?|(\[\*\]|s_\w+) --> (\[\*\]|s_\w+)( : [^:;"{}]*(#\d+;[^:;"{}]*)*)?)$/
        for (const line of lines) expect(line).toMatch(known)
      }),
      { numRuns: 60 },
    )
  })
})
