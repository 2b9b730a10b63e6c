import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkSpec, loadSpec } from '../src/spec/load.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'forkchart-list-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, text: string): string {
  const place = path.join(folder, name)
  writeFileSync(place, text)
  return place
}

async function codes(spec: string): Promise<string[]> {
  return (await checkSpec(spec)).problems.map(({ line, column, code }) => `${line}:${column} ${code}`)
}

const two = `agents: { a: { uses: openai }, b: { uses: openai } }
workflows:
  - { key: one, display_name: First, steps: [{ agent_key: a }] }
  - { key: two, default: true, steps: [{ agent_key: b }] }
`

describe('a file that holds several workflows', () => {
  it('means the default, or the one that is named after a #', async () => {
    const spec = file('two.yaml', two)
    expect(await loadSpec(spec)).toMatchObject({ file: spec, dir: folder, dialect: 'steps', workflow: { name: 'two' }, warnings: [] })
    expect(await loadSpec(`${spec}#one`)).toMatchObject({ file: `${spec}#one`, dir: folder, workflow: { name: 'one', title: 'First' } })
    expect((await loadSpec(`${spec}#one`)).workflow.stages[0]?.position).toEqual({ line: 3, column: 45 })
  })

  it('may be a list, with agents in each; the only one needs no default', async () => {
    const [one, other] = ['x', 'y'].map((key) => `- key: ${key}\n  agents: { a: { uses: openai } }\n  steps: [{ agent_key: a }]\n`)
    expect(await loadSpec(file('one.yaml', one ?? ''))).toMatchObject({ workflow: { name: 'x' } })
    const list = file('list.yaml', `${one}${other}`)
    expect(await codes(list)).toEqual(['1:1 WORKFLOW_NOT_CHOSEN'])
    expect(await loadSpec(`${list}#y`)).toMatchObject({ workflow: { name: 'y', agents: { a: { uses: 'openai' } } } })
  })

  it('may be JSON, or a module that exports it', async () => {
    const flow = (key: string) => ({ key, agents: { a: { uses: 'openai' } }, steps: [{ agent_key: 'a' }] })
    expect(await loadSpec(`${file('list.json', JSON.stringify([flow('x'), flow('y')]))}#y`)).toMatchObject({ workflow: { name: 'y' } })
    const module = file('list.mjs', `export default ${JSON.stringify({ workflows: [flow('x'), { ...flow('y'), default: true }] })}`)
    expect(await loadSpec(module)).toMatchObject({ workflow: { name: 'y' } })
    expect(await loadSpec(`${module}#x`)).toMatchObject({ workflow: { name: 'x' } })
  })

  it('is checked as a whole, whichever is meant, its modules too', async () => {
    const text = two
      .replace('agent_key: a', 'agent_key: c, guard: ./none.mjs#ok')
      .replace('agent_key: b', 'agent_key: b, max_turns: 0')
    for (const key of ['', '#one', '#two']) {
      expect(await codes(`${file('wrong.yaml', text)}${key}`)).toEqual([
        '1:11 UNUSED_AGENT', '3:59 UNKNOWN_AGENT', '3:69 MODULE_NOT_FOUND', '4:67 WRONG_VALUE',
      ])
    }
  })

  it('may have agents beside it and in a workflow, each told where they stand', async () => {
    const own = two.replace('default: true,', 'default: true, agents: { b: { uses: opnai } },').replace('a: { uses: openai }', 'a: { uses: opnai }')
    expect(await codes(file('own.yaml', own))).toEqual(['1:22 WRONG_VALUE', '1:31 UNUSED_AGENT', '4:53 WRONG_VALUE'])
  })

  it('that it holds no such one is said where the list is', async () => {
    const { problems } = await checkSpec(`${file('two.yaml', two)}#too`)
    expect(problems).toMatchObject([{ code: 'UNKNOWN_WORKFLOW', line: 3, column: 3, message: expect.stringContaining('Did you mean `two`?') }])
    const single = file('single.yaml', 'key: x\nagents: { a: { uses: openai } }\nsteps: [{ agent_key: a }]\n')
    expect(await loadSpec(`${single}#x`)).toMatchObject({ workflow: { name: 'x' } })
    expect(await codes(`${single}#y`)).toEqual(['1:1 UNKNOWN_WORKFLOW'])
  })
})

describe('prompts in files', () => {
  const spec = (prompt: string): string => `forkchart: 1
name: x
input: { type: object, properties: { text: { type: string } } }
agents: { a: { uses: openai, instructions: "file:told.md" } }
stages:
  - { agent: a, prompt: "${prompt}", input: { prompt: "file:none.md" } }
`
  it('are read when the spec is loaded, relative to it', async () => {
    file('told.md', 'Be brief.\n')
    file('ask.md', 'Sum up: ${{ input.text }}\n')
    const { workflow } = await loadSpec(file('prompt.yaml', spec('file:./ask.md')))
    expect(workflow.agents['a']).toMatchObject({ instructions: 'Be brief.\n' })
    expect(workflow.stages[0]).toMatchObject({ prompt: 'Sum up: ${{ input.text }}\n', input: { prompt: 'file:none.md' } })
  })

  it('are checked like prompts that stand in the spec, and missed where they are named', async () => {
    file('told.md', 'Be brief.')
    file('wrong.md', 'Sum up:\n${{ input.txt }}')
    expect(await codes(file('prompt.yaml', spec('file:wrong.md')))).toEqual(['6:25 UNKNOWN_INPUT'])
    expect(await codes(file('prompt.yaml', spec('file:prompts/none.md')))).toEqual(['6:25 PROMPT_FILE_MISSING'])
  })

  it('are the templates of a stages.yaml, where one is the name of a file', async () => {
    file('plan.md', 'Plan it in steps.\n')
    const stages = (template: string): string => `stages: { PLAN: { work_agent: pm, prompt_template: "${template}" } }\nstage_order: [PLAN]\n`
    const prompt = async (template: string) =>
      Reflect.get((await loadSpec(file('stages.yaml', stages(template)))).workflow.stages[0] ?? {}, 'prompt')
    expect(await prompt('plan.md')).toMatch(/^# PLAN\n\nPlan it in steps\.\n\n## Objective/)
    expect(await prompt('./plan.md')).toContain('Plan it in steps.')
    expect(await prompt('Plan it, as plan.md says.')).toContain('Plan it, as plan.md says.')
    expect(await prompt('Do as in plans/none.md')).toContain('Do as in plans/none.md')
    expect(await prompt('Plan.')).toContain('\n\nPlan.\n\n')
    expect(await codes(file('stages.yaml', stages('plans/none.md')))).toEqual(['1:52 PROMPT_FILE_MISSING'])
  })
})
