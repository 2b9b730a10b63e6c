import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseSpec } from '../src/spec/load.ts'
import { workflowBlocks } from '../src/spec/blocks.ts'
import { blockKinds } from '../src/spec/written.ts'

const guide = readFileSync(new URL('../specs/README.md', import.meta.url), 'utf8')
const samples = [...guide.matchAll(/```yaml\n([^]*?)```/g)].map(([, code = '']) => code)
const head = 'forkchart: 1\nname: x\nenv: [TOKEN]\nagents: { writer: { uses: openai }, judge: { uses: openai } }\nstages:\n'

/** A sample is a whole spec, or stages of one that has the agents that the guide speaks of. */
function parsed(sample: string) {
  const text = sample.startsWith('forkchart:') ? sample : head + sample.replaceAll(/^/gm, '  ')
  return parseSpec(text, { file: '/specs/sample.yaml', format: 'yaml' })
}

describe('the samples of the guide', () => {
  it.each(samples.map((sample) => [sample.split('\n').slice(0, 2).join(' ').slice(0, 60), sample]))('load: %s', (_name, sample) => {
    expect(parsed(sample).warnings.filter(({ code }) => code !== 'UNUSED_AGENT')).toEqual([])
  })

  it('show every kind of block', () => {
    const kinds = samples.flatMap((sample) => [...workflowBlocks(parsed(sample).workflow)].map(({ kind }) => kind))
    expect(new Set(kinds)).toEqual(new Set(blockKinds))
  })
})
