import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mermaidDiagram } from '../src/diagram/mermaid.ts'
import { workflowBlocks } from '../src/spec/blocks.ts'
import { anyWorkflow, workflowOf } from './diagram-workflow.ts'
import { release } from './tui-fixture-groups.ts'

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
        '  state "draft#58; parallel, 2 branches, failures#58; settle, reduce list" as s_draft {',
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

  test('needs, rounds and choices are arrows, and what follows on how a block ended stands beside it', () => {
    const arrows = (draft: Parameters<typeof workflowOf>[1][number]): string[] => {
      const lines = mermaidDiagram(workflowOf('x', [{ id: 'first', agent: 'x' }, draft])).split('\n')
      return lines.filter((line) => line.includes('-->') || line.includes('<<')).map((line) => line.trim())
    }
    const a = { id: 'a', agent: 'x' }
    const b = { id: 'b', agent: 'x' }
    const around = ['[*] --> s_first', 's_first --> s_g', 's_g --> [*]']
    expect(arrows({ id: 'g', graph: [a, { ...b, needs: ['a'] }, { id: 'c', agent: 'x', needs: ['a'] }] })).toEqual([
      '[*] --> s_g__a', 's_g__a --> s_g__b', 's_g__a --> s_g__c', 's_g__b --> [*]', 's_g__c --> [*]', ...around,
    ])
    expect(arrows({ id: 'g', over: 'x', do: a })).toEqual(['[*] --> s_g___x5b__x5d___a', 's_g___x5b__x5d___a --> [*]', ...around])
    expect(arrows({ id: 'g', until: 'x', do: a })).toEqual(['[*] --> s_g__a', 's_g__a --> [*]', 's_g__a --> s_g__a : again', ...around])
    expect(arrows({ id: 'g', work: a, reviewer: b })).toEqual([
      '[*] --> s_g__a', 's_g__a --> s_g__b', 's_g__b --> [*]', 's_g__b --> s_g__a : not approved', ...around,
    ])
    expect(arrows({ id: 'g', cases: [{ when: 'prev == 1', do: { id: 'choice', agent: 'x' } }] })).toEqual([
      'state s_g_choice <<choice>>', '[*] --> s_g_choice', 's_g_choice --> s_g__choice : case prev == 1', 's_g__choice --> [*]', 's_g_choice --> [*] : none', ...around,
    ])
    expect(arrows({ id: 'g', agent: 'x', when: 'prev', verify: a, fallback: b })).toEqual([
      's_g --> s_g__a : verify', 's_g --> s_g__b : failed', 's_g__a --> s_g__b : failed',
      '[*] --> s_first', 's_first --> s_g : when prev', 's_g__a --> [*]', 's_g__b --> [*]',
    ])
    expect(arrows({ id: 'g', agent: 'x', goto: 'first' })).toEqual(['[*] --> s_first', 's_first --> s_g', 's_g --> s_first : failed', 's_g --> [*]'])
  })

  test('a question about a failure leads back, on, or to the end', () => {
    const lines = mermaidDiagram(release, new Map([['gates.approve', 'waiting']])).split('\n').map((line) => line.trim())
    expect(lines.find((line) => line.endsWith(' as s_build__ask'))).toContain('ask retry, continue, fail"')
    for (const arrow of ['s_build --> s_build__ask : failed', 's_build__ask --> s_build : retry', 's_build --> s_gates', 's_build__ask --> s_gates']) {
      expect(lines).toContain(arrow)
    }
    expect(lines).toContain('class s_gates__approve waiting')
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
        const known = /^(stateDiagram-v2|)$|^ *(--|\}|state "[^"]*" as s_\w+( \{)?|state s_\w+ <<choice>>|(\[\*\]|s_\w+) --> (\[\*\]|s_\w+)( : [^:;"{}]*(#\d+;[^:;"{}]*)*)?)$/
        for (const line of lines) expect(line).toMatch(known)
      }),
      { numRuns: 60 },
    )
  })
})
