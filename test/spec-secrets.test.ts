import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../src/json.ts'
import { createRedactor } from '../src/redact.ts'
import { type Workflow, workflowSchema } from '../src/spec/ir.ts'
import { checkSpec, parseSpec } from '../src/spec/load.ts'
import { secretsAgain } from '../src/spec/secrets-again.ts'
import { secretsApart } from '../src/spec/secrets-apart.ts'
import { draftWorkflow } from '../src/testing/draft-workflow.ts'
import { temporaryFolder } from './store-folder.ts'

const key = 'ghp_abcdefghij0123456789abcdefghij0123'
const { written } = createRedactor({})

async function warnings(files: Readonly<Record<string, string>>, spec: string, hideSecrets = written) {
  const dir = await temporaryFolder()
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(dir, name, '..'), { recursive: true })
    await writeFile(join(dir, name), text)
  }
  const { ok, problems } = await checkSpec(join(dir, spec), { hideSecrets })
  expect(JSON.stringify(problems)).not.toContain(key)
  return { ok, told: problems.map(({ code, severity, file, line, column, path }) => [code, severity, file.slice(dir.length + 1), line, column, path].join(' ')) }
}

describe('check tells of a secret', () => {
  test('where it stands, whatever it is in, and never quotes it', async () => {
    const spec = `forkchart: 1
name: x
env: [A]
agents:
  w: { uses: openai, instructions: "Use ${key}", settings: { providerData: { ${key}: 1 } } }
stages:
  - { id: a, agent: w, prompt: file:prompt.md }
  - { id: b, parallel: [{ id: c, run: [curl, ${key}], env: { X: ${key} } }, { id: d, workflow: child/c.yaml, with: { id: ${key} } }] }
  - id: e
    http: { url: "https://x.test", headers: { authorization: "Bearer ${key}" } }
`
    const child = `forkchart: 1\nname: y\nstages: [{ id: z, run: "echo ${key}" }]\n`
    const { ok, told } = await warnings({ 'spec.yaml': spec, 'prompt.md': `so ${key}`, 'child/c.yaml': child }, 'spec.yaml')
    expect(ok).toBe(true)
    expect(told).toEqual([
      'SECRET_IN_SPEC warning child/c.yaml 3 24 z',
      'SECRET_IN_SPEC warning spec.yaml 5 36 agents.w.instructions',
      'SECRET_IN_SPEC warning spec.yaml 5 110 agents.w.settings.providerData.<redacted>',
      'SECRET_IN_SPEC warning spec.yaml 7 32 a',
      'SECRET_IN_SPEC warning spec.yaml 8 46 b.c',
      'SECRET_IN_SPEC warning spec.yaml 8 97 b.c',
      'SECRET_IN_SPEC warning spec.yaml 8 186 b.d',
      'SECRET_IN_SPEC warning spec.yaml 10 62 e',
    ])
  })

  test('in older forms, in several workflows of a file, in JSON and in TypeScript', async () => {
    const list = `workflows:
  - { key: one, default: true, steps: [{ agent_key: w, name: s, input_mapper: "'say ${key}'" }] }
  - { key: two, steps: [{ agent_key: w, name: s, input_mapper: "'say ${key}'" }] }
agents: { w: { uses: openai } }
`
    const file = (told: readonly string[]) => told.filter((line) => line.startsWith('SECRET_IN_SPEC'))
    const shared = await warnings({ 'l.yaml': list }, 'l.yaml')
    expect(file(shared.told).map((line) => line.split(' ').slice(2, 4))).toEqual([['l.yaml', '2'], ['l.yaml', '3']])
    const json = `{"forkchart": 1, "name": "x", "stages": [\n{"id": "a", "run": "echo ${key}"}]}`
    expect((await warnings({ 'j.json': json }, 'j.json')).told).toEqual(['SECRET_IN_SPEC warning j.json 2 20 a'])
    const module = `export const workflow = { forkchart: 1, name: 'x', stages: [{ id: 'a', call: () => 1 }, { id: 'b', run: ['echo', 'ghp_' + '${key.slice(4)}'] }] }`
    expect((await warnings({ 'm.ts': module }, 'm.ts')).told).toEqual(['SECRET_IN_SPEC warning m.ts 1 1 b'])
  })

  test('that is the value of a variable, and quotes none in what else is wrong', async () => {
    const { written } = createRedactor({ DB_PASSWORD: 'so-very-open' })
    const spec = `forkchart: 1\nname: x\nstages: [{ id: a, run: "login so-very-open" }, { id: b, call: "so-very-open.ts#x" }]\n`
    const dir = await temporaryFolder()
    await writeFile(join(dir, 's.yaml'), spec)
    const { problems } = await checkSpec(join(dir, 's.yaml'), { hideSecrets: written })
    expect(problems.map(({ code }) => code)).toEqual(['SECRET_IN_SPEC', 'CALL_TARGET', 'SECRET_IN_SPEC'])
    expect(problems.map(({ message }) => message).join()).not.toContain('so-very-open')
    const broken = `{"forkchart": 1, "name": "x",\n"stages": [{"id": "a", "run": "${key}" x}]}`
    expect((await warnings({ 'b.json': broken }, 'b.json')).told[0]).toContain('SYNTAX')
  })

  test.each([
    'Find keys: they begin with -----BEGIN RSA PRIVATE KEY----- and end with -----END RSA PRIVATE KEY-----.',
    'Look for -----BEGIN PRIVATE KEY-----, sk-..., ghp_ and AKIA in src/store/journal/reader and all else',
    'Explain bearer authentication/authorization to them', 'psql postgres://app:${{ env.PASSWORD }}@db', 'psql postgres://app:${{env.DB_PASSWORD}}@db/x',
    'psql postgres://app:$DB_PASSWORD@db', 'psql postgres://user:password@localhost/db', 'psql postgres://user:<password>@host', 'curl -u me:${PASS} https://x.test',
    'Bearer ${{ env.API_TOKEN }}', 'password: hunter22x', '--token abc123def456', 'the sk-learn pipeline', 'mail me@x.test at https://x.test:8080/@scope',
  ])('but not in %j', (prompt) => {
    const spec = { forkchart: 1, name: 'x', env: ['PASSWORD', 'DB_PASSWORD', 'API_TOKEN'], stages: [{ id: 'a', run: ['say', prompt] }] }
    const { warnings: told, workflow } = parseSpec(JSON.stringify(spec), { file: '/x.json', format: 'json' })
    expect(told).toEqual([])
    expect(secretsApart(workflow, written)).toEqual({ workflow, places: [], secrets: [] })
    expect(secretsApart(workflow, written).workflow).toBe(workflow)
  })

  test('nor in names, and in schemas that have a `password`', () => {
    const id = 'sk-proj-2024-abcdefghijkl'
    const spec = {
      forkchart: 1, name: 'x', input: { type: 'object', properties: { password: { type: 'string' }, api_key: { type: 'string', default: 'none-at-all' } } },
      agents: { [id]: { uses: 'scripted', replies: ['x'] } }, stages: [{ id, agent: id, prompt: 'p' }, { id: 'g', graph: [{ id: 'n', needs: [], run: 'x' }] }],
    }
    const { warnings: told, workflow } = parseSpec(JSON.stringify(spec), { file: '/x.json', format: 'json' })
    expect(told).toEqual([])
    expect(secretsApart(workflow, written).places).toEqual([])
  })
})

/** A workflow of one step of every kind and group, in which `say` stands wherever an author can write a text. */
function everywhere(say: string): Workflow {
  const { workflow } = parseSpec(JSON.stringify({
    forkchart: 1, name: 'x', title: say, description: say, env: ['A'], input: { type: 'object', description: say, default: { a: say } }, output: { description: say },
    agents: {
      o: { uses: 'openai', model: say, base_url: `https://x.test/${say}`, instructions: say, tools: [{ hosted: 'web_search', settings: { x: say } }], mcp: [{ name: 'm', command: [say], env: { X: say } }, { name: 'n', url: 'https://x.test', headers: { y: say } }] },
      a: { uses: 'acp', command: ['x', say], env: { X: say } }, c: { uses: 'cli', cli: 'claude', args: [say] }, s: { uses: 'scripted', replies: [say, { error: 'x', message: say }], rehearse: [say] },
      p: { uses: 'command', command: say },
    },
    stages: [
      { id: 'a', title: say, agent: 'o', prompt: say, when: `input.a != '${say}'`, input: { [say]: say }, artifacts: [`${say}.txt`], verify: { id: 'v', run: say }, on_failure: { fallback: { id: 'f', run: [say] } } },
      { id: 'r', run: say, cwd: say, env: { X: say }, stdin: [say], on_failure: 'continue' }, { id: 't', wait: { event: say } }, { id: 'u', ask: { message: say, options: [say], schema: { enum: [say] } } },
      { id: 'h', http: { method: 'POST', url: `https://x.test/${say}`, headers: { X: say }, body: { [say]: [say] } } },
      { id: 'g', parallel: [{ id: 'b', agent: 'a', prompt: say }, { id: 'c', agent: 'c', prompt: say }], join: { when: `size(outputs) > 0 && '${say}' != ''` } },
      { id: 'm', map: { over: [say], do: { id: 'd', agent: 's', prompt: say } } },
      { id: 'l', loop: { do: { id: 'd', run: say }, until: `prev == '${say}'`, max: 2 } },
      { id: 'w', review: { work: { id: 'd', agent: 'p', prompt: say }, reviewer: { id: 'e', run: say }, approved: `prev == '${say}'`, max: 2 } },
      { id: 'i', switch: [{ when: `input.a == '${say}'`, do: { id: 'd', run: say } }, { else: { id: 'e', run: say } }] },
    ],
  }), { file: '/x.json', format: 'json', hideSecrets: written })
  return { ...workflow, workflows: { 'c.yaml': draftWorkflow([{ id: 'k', title: say }]) } }
}

describe('a workflow without its secrets', () => {
  const whole = everywhere(key)
  const apart = secretsApart(whole, written)

  test('is a workflow that has none of them anywhere, and all else', () => {
    expect(JSON.stringify(whole).split(key).length).toBeGreaterThan(50)
    expect(JSON.stringify(apart.workflow)).toBe(JSON.stringify(whole).replaceAll(key, '<redacted>'))
    expect(workflowSchema.parse(apart.workflow)).toEqual(apart.workflow)
    expect(apart.secrets).toEqual([key])
    expect(JSON.stringify(everywhere('plain'))).toBe(JSON.stringify(secretsApart(everywhere('plain'), written).workflow))
  })

  test('stays one when the secret is a word of ours', () => {
    const odd = createRedactor({ A_KEY: 'parallel', B_KEY: 'continue', C_KEY: 'scripted', D_KEY: 'openai', E_KEY: 'stages.a' })
    const clean = secretsApart(everywhere('parallel'), odd.written).workflow
    expect(workflowSchema.parse(clean)).toEqual(clean)
    expect(JSON.stringify(clean)).toContain('<redacted>')
  })

  test('gets them back from the workflow as it was, also where the environment knows less by now or a rule is a hook', () => {
    const hooked = createRedactor({}, { hook: (value) => (typeof value === 'string' ? value.replaceAll(key, 'X') : value) })
    const known = createRedactor({ SOME_TOKEN: 'not by its shape' })
    for (const [rules, say] of [[written, key], [hooked.written, key], [known.written, 'not by its shape']] as const) {
      const original = everywhere(say)
      const { workflow, places } = secretsApart(original, rules)
      expect(JSON.stringify(workflow)).not.toContain(say)
      const again = secretsAgain(workflow, places, original, rules)
      expect(again).toEqual({ ok: true, workflow: original, secrets: [say] })
    }
    const { workflow, places } = secretsApart(everywhere('not by its shape'), known.written)
    expect(secretsAgain(workflow, places, everywhere('not by its shape'), written)).toMatchObject({ ok: true, secrets: ['not by its shape'] })
  })

  test('gets others that stand there by now, and nothing from where the text around them differs', () => {
    const other = 'ghp_zyxwvutsrq9876543210zyxwvutsrq9876'
    expect(secretsAgain(apart.workflow, apart.places, everywhere(other), written)).toEqual({ ok: true, workflow: everywhere(other), secrets: [other] })
    const base = draftWorkflow([{ id: 'a', input: [`use ${key} here`, 1] }, { id: 'b', sequence: [{ id: 'c', title: key }] }])
    const { workflow, places } = secretsApart(base, written)
    const again = (stages: Parameters<typeof draftWorkflow>[0]) => secretsAgain(workflow, places, draftWorkflow(stages), written)
    const b = { id: 'b', sequence: [{ id: 'c', title: 'anything' }] }
    // Blocks may have come before it; what is elsewhere does not matter.
    expect(again([{ id: 'new' }, { id: 'a', title: 'new', input: ['use me here', 1] }, b])).toMatchObject({ ok: true })
    for (const input of [['use me there', 1], ['use  here', 1], ['use me here', 2], ['use me here'], 'use me here', ['use ${{ env.KEY }} here', 1], ['use <redacted> here', 1]] as Json[]) {
      expect(again([{ id: 'a', input }, b])).toEqual({ ok: false, place: ['stages', 0, 'input'] })
    }
    expect(again([{ id: 'a', input: ['use me here', 1], parallel: [{ id: 'x' }] }, b])).toEqual({ ok: false, place: ['stages', 0, 'input'] })
    expect(again([{ id: 'a', input: ['use me here', 1] }, { id: 'z', sequence: [{ id: 'c', title: 'x' }] }])).toEqual({ ok: false, place: ['stages', 1, 'blocks', 0, 'title'] })
    expect(again([])).toEqual({ ok: false, place: ['stages', 0, 'input'] })
  })

  test('gets back whatever texts were around them', () => {
    const text = fc.array(fc.constantFrom('a', 'b c', key, '${{ 1 + 1 }}', '<redacted>', '\n', 'sk-proj-abcdefgh0123456789'), { maxLength: 6 }).map((parts) => parts.join(' '))
    const data = fc.letrec<{ json: Json }>((tie) => ({
      json: fc.oneof(text, fc.array(tie('json'), { maxLength: 3 }), fc.dictionary(fc.constantFrom('a', 'b', 'kind', 'path'), tie('json')), fc.integer()),
    })).json
    fc.assert(fc.property(data, fc.array(text, { minLength: 1, maxLength: 3 }), (input, titles) => {
      const original = draftWorkflow(titles.map((title, index) => ({ id: `b${index}`, title, input })))
      const { workflow, places } = secretsApart(original, written)
      expect(JSON.stringify(workflow)).not.toMatch(/ghp_|sk-proj/)
      expect(secretsAgain(workflow, places, original, written)).toMatchObject({ ok: true, workflow: original })
      expect(places.length > 0).toBe(JSON.stringify(original).match(/ghp_|sk-proj/) !== null)
    }), { numRuns: 300 })
  })
})
