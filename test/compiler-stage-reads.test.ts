import { expect, test } from 'vitest'
import { stageReads } from '../src/compiler/stage-reads.ts'
import type { Json, JsonObject } from '../src/json.ts'
import type { Block, Workflow } from '../src/spec/ir.ts'
import { parseSpec } from '../src/spec/load.ts'
import { runHosted } from './blocks-run.ts'

function graphOf(node: JsonObject, agents: JsonObject = {}): Workflow {
  const others = ['a', 'b', 'c'].map((id) => ({ id, call: './w.ts#w' }))
  const graph = [...others, { id: 'n', needs: ['a', 'b', 'c'], ...node }]
  const spec = { forkchart: 1, name: 'reads', agents, stages: [{ id: 'before', call: './w.ts#w' }, { id: 'g', graph }] }
  return parseSpec(JSON.stringify(spec), { file: '/spec/reads.json', format: 'json' }).workflow
}

function nodeOf(workflow: Workflow): Block {
  const group = workflow.stages[1]
  const node = group?.kind === 'graph' ? group.branches[3] : undefined
  if (node === undefined) throw new Error('no node')
  return node
}

const writer = { writer: { uses: 'openai', model: 'm', instructions: 'After ${{ stages.g.b.output }}' } }

test.each<[string, JsonObject, string[] | 'all', JsonObject?]>([
  ['nothing', { call: './w.ts#w', input: 'the stages of life' }, []],
  ['another stage', { call: './w.ts#w', input: '${{ stages.before.output }}' }, []],
  ['nodes in a template', { call: './w.ts#w', input: { x: ['${{ stages.g.a.output }} and ${{ stages["g"].c.output }}'] } }, ['a', 'c']],
  ['a node in a condition', { call: './w.ts#w', when: 'stages.g.a.?output.orValue(1) == 1' }, ['a']],
  ['a node deep inside', { loop: { do: { run: 'echo ${{ stages.g.b.output }}' }, until: 'stages.g.c.output == 1', max: 2 } }, ['b', 'c']],
  ['a node after it', { call: './w.ts#w', verify: { call: './w.ts#w', input: '${{ stages.g.a.output }}' } }, ['a']],
  ['a node in its agent', { agent: 'writer', prompt: 'go' }, ['b'], writer],
  ['what cannot be told', { call: './w.ts#w', input: '${{ stages }}' }, 'all'],
  ['what is worked out', { call: './w.ts#w', input: '${{ stages[input.x] }}' }, 'all'],
])('a node reads %s', (_, node, reads, agents) => {
  const workflow = graphOf(node, agents)
  const found = stageReads(workflow, 'g', nodeOf(workflow))
  expect(found === 'all' ? found : [...found].sort()).toEqual(reads)
})

test.each<[string, Json]>([
  ['${{ stages.g.a.output }}', 'g.a'],
  ['${{ size(stages) }}', 2],
  ['${{ stages[input].b.output }}', 'g.b'],
])('a node is given what it reads: %s', async (input, expected) => {
  const seen: Json[] = []
  const work = ({ path, input: got }: { path: string; input: Json }): Json => {
    if (path === 'g.n') seen.push(got)
    return path
  }
  await runHosted(graphOf({ call: './w.ts#w', input }), 'g', work)
  expect(seen).toEqual([expected])
})
