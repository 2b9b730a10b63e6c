import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createEmbeddedHost, createMemoryStore, type LoadedSpec, loadSpec } from '../src/index.ts'
import { isJsonObject } from '../src/json.ts'
import { workflowBlocks } from '../src/spec/blocks.ts'
import { workflowJsonSchema } from '../src/spec/json-schema.ts'
import { blockKinds } from '../src/spec/written.ts'

const specs = new URL('../specs/', import.meta.url)
const guide = readFileSync(new URL('README.md', specs), 'utf8')
const samples = [...guide.matchAll(/```yaml\n([^]*?)```/g)].map(([, code = '']) => code)
const head = 'forkchart: 1\nname: x\nenv: [TOKEN]\nagents: { writer: { uses: openai }, judge: { uses: openai } }\nstages:\n'

/** A sample is a whole spec, or stages of one that has the agents that the guide speaks of. */
const isWhole = (sample: string): boolean => /^(forkchart|key|stages|maxParallelStages):/.test(sample)
const isOwn = (sample: string): boolean => sample.startsWith('forkchart:')
const whole = (sample: string): string => (isWhole(sample) ? sample : head + sample.replaceAll(/^/gm, '  '))
const named = (list: readonly string[]): [string, string][] => list.map((sample) => [sample.split('\n').slice(0, 2).join(' ').slice(0, 60), sample])

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'forkchart-guide-'))
  copyFileSync(new URL('translation-vote.yaml', specs), join(folder, 'translation-vote.yaml'))
  writeFileSync(join(folder, 'score.ts'), 'export const score = ({ text }) => text.length\n')
  writeFileSync(join(folder, 'tools.ts'), 'export const [lookup, order, isAllowed, help] = Array(4).fill(() => true)\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function loaded(sample: string): Promise<LoadedSpec> {
  const file = join(folder, `sample-${samples.indexOf(sample)}.yaml`)
  writeFileSync(file, whole(sample))
  return loadSpec(file)
}

describe('the samples of the guide', () => {
  it.each(named(samples))('load: %s', async (_name, sample) => {
    expect((await loaded(sample)).warnings.filter(({ code }) => code !== 'UNUSED_AGENT')).toEqual([])
  })

  it.each(named(samples.filter(isOwn)))('run: %s', async (_name, sample) => {
    const { workflow, dir, file, text } = await loaded(sample)
    const host = createEmbeddedHost({ store: createMemoryStore(), env: { PATH: process.env['PATH'] } })
    const input = { text: 'Good morning' }
    const run = await host.start({ workflow, input, scripted: true, specDir: dir, workingDir: folder, source: { file, text } })
    const { status, output } = await run.settled
    expect({ status, output }).toEqual({ status: 'done', output: workflow.name === 'polite-letter' ? 'Would you kindly do it?' : expect.stringContaining('Good morning') })
  })

  it('show every key that a spec may have', () => {
    const shown = new Set(samples.flatMap((sample) => keysIn(parse(whole(sample)))))
    const known = propertiesIn(workflowJsonSchema()).filter((key) => key !== '$schema')
    expect(known).toContain('on_branch_failure')
    expect([...new Set(known)].filter((key) => !shown.has(key))).toEqual([])
  })

  it('show every kind of block', async () => {
    const all = await Promise.all(samples.map(loaded))
    const kinds = new Set(all.flatMap(({ workflow }) => [...workflowBlocks(workflow)].map(({ kind }) => kind)))
    expect(kinds).toEqual(new Set([...blockKinds, 'event']))
  })
})

function keysIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(keysIn)
  return isJsonObject(value) ? Object.entries(value).flatMap(([key, inside]) => [key, ...keysIn(inside)]) : []
}

/** Names of the properties that a JSON Schema speaks of, at any depth. */
function propertiesIn(schema: unknown): string[] {
  if (Array.isArray(schema)) return schema.flatMap(propertiesIn)
  if (!isJsonObject(schema)) return []
  const { properties } = schema
  return [...(isJsonObject(properties) ? Object.keys(properties) : []), ...Object.values(schema).flatMap(propertiesIn)]
}
