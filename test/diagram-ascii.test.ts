import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asciiDiagram } from '../src/diagram/ascii.ts'
import { workflowBlocks } from '../src/spec/blocks.ts'
import { anyWorkflow, workflowOf } from './diagram-workflow.ts'

const vote = workflowOf('vote', [
  { id: 'draft', parallel: [
    { id: 'literal', agent: 'translator' },
    { id: 'checked', sequence: [{ id: 'write', agent: 'translator' }, { id: 'test', command: 'npm test', when: 'input.strict' }] },
    { id: 'formal', agent: 'translator' },
  ] },
  { id: 'polish', agent: 'judge' },
])

describe('the tree of a workflow as text', () => {
  test('draws what runs at once with double lines and what runs in turn with single ones', () => {
    expect(asciiDiagram(vote)).toBe(
      [
        'vote',
        '├─ draft        parallel, 3 branches, settle, reduce list',
        '│  ╠═ literal   agent translator',
        '│  ╠═ checked   sequence, 2 blocks',
        '│  ║  ├─ write  agent translator',
        '│  ║  └─ test   run npm test',
        '│  ║       when input.strict',
        '│  ╚═ formal    agent translator',
        '└─ polish       agent judge',
        '',
        '├─ one after another   ╠═ at once',
        '',
      ].join('\n'),
    )
  })

  test('puts how each block stands behind it', () => {
    const lines = asciiDiagram(vote, new Map([['draft.checked.write', '✗ failed'], ['polish', '○ pending']])).split('\n')
    expect(lines.filter((line) => /✗|○/.test(line))).toEqual([
      '│  ║  ├─ write  agent translator  ✗ failed',
      '└─ polish       agent judge  ○ pending',
    ])
  })

  test('has exactly one line per block, in document order, whatever the texts hold', () => {
    fc.assert(
      fc.property(anyWorkflow, (workflow) => {
        const blocks = [...workflowBlocks(workflow)]
        const heads = asciiDiagram(workflow).split('\n').slice(1).filter((line) => /^[ │║]*[├└╠╚][─═] /.test(line))
        const withoutLegend = heads.slice(0, blocks.length)
        expect(withoutLegend.map((line) => /[─═] (\S+)/.exec(line)?.[1])).toEqual(blocks.map((block) => block.id))
        expect(heads.length - blocks.length).toBe(blocks.some((block) => block.kind === 'parallel') ? 1 : 0)
      }),
      { numRuns: 60 },
    )
  })
})
