import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { compileWorkflow } from '../src/compiler/compile.ts'
import { moduleText } from '../src/compiler/module-text.ts'
import type { JsonSchema } from '../src/json.ts'
import { anyWorkflow, workflowOf } from './diagram-workflow.ts'

const root = resolve(import.meta.dirname, '..')
const dirs: string[] = []
afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true })
})

/** What the compiler says of these files, one line per error, under the settings of this repository. */
async function compilerErrors(files: Readonly<Record<string, string>>): Promise<string[]> {
  const dir = await mkdtemp(join(tmpdir(), 'forkchart-module-'))
  dirs.push(dir)
  await symlink(join(root, 'node_modules'), join(dir, 'node_modules'))
  const compilerOptions = { paths: { forkchart: [join(root, 'src/index.ts')] } }
  await writeFile(join(dir, 'package.json'), '{ "type": "module" }')
  await writeFile(join(dir, 'tsconfig.json'), JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include: ['*.ts'] }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text)
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, '-p', dir, '--pretty', 'false'], { cwd: dir, encoding: 'utf8' })
  expect(stderr).toBe('')
  return stdout.split('\n').filter((line) => /^\w+\.ts\(/.test(line))
}

const input: JsonSchema = {
  type: 'object',
  required: ['text'],
  properties: { text: { type: 'string' }, language: { type: 'string', default: 'French' }, tone: { enum: ['kind', "blunt'"] } },
}
const output: JsonSchema = { type: 'object', required: ['votes'], properties: { votes: { type: 'array', items: { type: 'number' } } } }
const vote = workflowOf(
  'vote',
  [
    { id: 'draft', parallel: [{ id: 'literal', agent: 'translator' }, { id: 'formal', agent: 'translator' }] },
    { id: 'polish', command: 'echo "it\'s\n$HOME" \u2028 `x` ${{ prev }}' },
  ],
  { input, output },
)

describe('the typed module of a workflow', () => {
  test('compiles under strict settings, and its types hold callers to the schemas', async () => {
    const module = moduleText(compileWorkflow(vote), { importFrom: 'forkchart' })
    const errors = await compilerErrors({
      'vote.ts': module,
      'use.ts': `
        import { createActor } from 'xstate'
        import { machine, type Input, type Output, type StepPath } from './vote.ts'
        export const enough: Input = { text: 'hi' }
        export const all: Input = { text: 'hi', language: 'German', tone: "blunt'" }
        // @ts-expect-error text is required
        export const missing: Input = { language: 'German' }
        // @ts-expect-error not one of the tones
        export const wrong: Input = { text: 'hi', tone: 'loud' }
        export const votes = (result: Output): number[] => result.votes
        export const steps: StepPath[] = ['draft.literal', 'draft.formal', 'polish']
        // @ts-expect-error a group is no step
        export const group: StepPath = 'draft'
        const actor = createActor(machine, { input: { text: 'hi' } })
        // @ts-expect-error the input of the actor is typed as well
        createActor(machine, { input: { text: 1 } })
        const outcome = actor.getSnapshot().output
        export const first: number | undefined = outcome?.status === 'completed' ? outcome.output.votes[0] : undefined
      `,
    })
    expect(errors).toEqual([])
  }, 60_000)

  test('a property of any workflow: the chart in the text is the chart', async () => {
    await fc.assert(
      fc.asyncProperty(anyWorkflow, async (workflow) => {
        const chart = compileWorkflow(workflow)
        const text = moduleText(chart, { importFrom: 'forkchart' })
        const literal = /^export const chart: Chart = ([\s\S]*?)\n\n\/\*\* An XState/m.exec(text)?.[1] ?? ''
        const evaluated: unknown = new Function(`return (${literal})`)()
        expect(JSON.stringify(evaluated)).toBe(JSON.stringify(chart))
      }),
      { numRuns: 40 },
    )
  })

  test('the same chart gives the same text', () => {
    const [one, two] = [structuredClone(vote), structuredClone(vote)].map((workflow) => moduleText(compileWorkflow(workflow), { importFrom: './x.ts' }))
    expect(one).toBe(two)
    expect(one).toContain("from './x.ts'")
  })
})
