import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asciiDiagram } from '../src/diagram/ascii.ts'
import { isStep, workflowBlocks } from '../src/spec/blocks.ts'
import { anyWorkflow, workflowOf } from './diagram-workflow.ts'
import { askOf, release } from './tui-fixture-groups.ts'

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
        '├─ draft        parallel, 3 branches, failures: settle, reduce list',
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

  test('draws needs, items, rounds, cases, and what follows on how a block ended', () => {
    const all = workflowOf('all', [
      { id: 'build', graph: [{ id: 'api', command: 'make' }, { id: 'docs', command: 'make', needs: ['api'], verify: { id: 'verify', command: 'test' } }] },
      { id: 'each', over: '${{ prev }}', do: { id: 'do', agent: 'x', when: 'index > 0' } },
      { id: 'fix', until: 'prev == 1', do: { id: 'do', agent: 'x' } },
      { id: 'letter', work: { id: 'work', agent: 'x' }, reviewer: { id: 'reviewer', agent: 'x' }, goto: 'fix' },
      { id: 'route', cases: [{ when: 'prev.bug', do: { id: 'case-1', agent: 'x' } }, { do: { id: 'else', agent: 'x' } }], fallback: { id: 'fallback', agent: 'x' } },
    ])
    expect(asciiDiagram(all)).toBe(
      [
        'all',
        '├─ build         graph, 2 nodes, failures: settle, reduce list',
        '│  ╠═ api        run make',
        '│  ╚═ docs       run make',
        '│     │    ← api',
        '│     └✓ verify  run test',
        '├─ each          map, ×N over ${{ prev }}, failures: settle',
        '│  ╚═ do         agent x',
        '│       when index > 0',
        '├─ fix           loop, at most 3 rounds, until prev == 1',
        '│  └↺ do         agent x',
        '├─ letter        review, at most 4 rounds, until prev.ok, after a failure back to fix (at most 2 times)',
        '│  ├↺ work       agent x',
        '│  └↺ reviewer   agent x',
        '└─ route         switch, 2 cases',
        '   ├? case-1     agent x',
        '   │    case prev.bug',
        '   ├? else       agent x',
        '   │    else',
        '   └! fallback   agent x',
        '',
        '├─ one after another   ╠═ at once   ├↺ in rounds   ├? one of these   ├✓ after it, as a part of it   ├! when it fails',
        '',
      ].join('\n'),
    )
  })

  test('draws what waits for people, programs and other workflows, and who is asked about a failure', () => {
    expect(asciiDiagram(release).split('\n').slice(0, 8)).toEqual([
      'release',
      '├─ build       run npm run build',
      '│  └! ask      ask retry, continue, fail',
      '├─ gates       parallel, 3 branches, failures: settle',
      '│  ╠═ approve  ask Ship it?',
      '│  ╠═ staged   event staged',
      '│  ╚═ smoke    run npm run smoke',
      '└─ deploy      workflow ./deploy.yaml',
    ])
    const timed = { ...release, stages: [askOf('approve', { options: ['yes', 'no'], expiresMs: 3_600_000 })] }
    expect(asciiDiagram(timed)).toContain('ask Ship it? (yes, no), at most 1h')
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
        const heads = asciiDiagram(workflow).split('\n').slice(1).filter((line) => /^[ │║]*[├└╠╚][─═↺?✓!] /.test(line))
        const withoutLegend = heads.slice(0, blocks.length)
        expect(withoutLegend.map((line) => /[─═↺?✓!] (\S+)/.exec(line)?.[1])).toEqual(blocks.map((block) => block.id))
        expect(heads.length - blocks.length).toBe(blocks.every((block) => isStep(block) || block.kind === 'sequence') && !blocks.some((block) => block.verify) ? 0 : 1)
      }),
      { numRuns: 60 },
    )
  })
})
