import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createFakeAgents, startLoopbackOpenAI } from '../src/testing/index.ts'
import { call, type Called } from './cli-terminal.ts'
import { temporaryFolder } from './store-folder.ts'

/** One real secret for each way that one comes into a run. */
const keys = {
  environment: 'Env-0f1e2d3c4b5a69788796',
  listed: 'Listed value/with "quotes" & 7',
  prompt: 'sk-proj-PromptAbcdef0123456789',
  promptFile: 'ghp_promptFile0123456789abcdefghij0123',
  instructions: 'AKIAINSTRUCT10NS2345',
  argument: 'ghp_argument0123456789abcdefghij012345',
  stepEnv: 'glpat-StepEnv-0123456789',
  header: 'Hdr9f8e7d6c5b4a3210',
  body: 'xoxb-1234567890-bodybodybody',
  url: 'url-pa55word',
  child: 'hf_childchild0123456789abcdefghijkl',
  schema: 'AIzaSchema0123456789abcdefghij0123456789',
  input: 'sk-ant-api03-Input0123456789abcdef',
  tool: 'github_pat_tool0123456789abcdefghij',
  provider: 'sk-or-v1-provider0123456789abcdef',
  printed: 'npm_printed0123456789abcdefghijklmnop',
  answered: 'r8_answered0123456789abcdefghijklmnop',
} as const

const spec = `
forkchart: 1
name: leaky
description: Called with ${keys.schema}
input: { type: object, properties: { note: { type: string }, password: { type: string } } }
env: [LISTED_TOKEN]
agents:
  teller: { uses: openai, model: m, instructions: "Use ${keys.instructions} for it.", tools: [./tools.ts#reveal] }
  failing: { uses: openai, model: m }
  writer: { uses: command, command: [sh, -c, "cat; echo; echo said ${keys.answered}"] }
stages:
  - { id: told, agent: teller, prompt: "Say \${{ env.LISTED_TOKEN }} and ${keys.prompt} and \${{ input.note }}." }
  - { id: filed, agent: teller, prompt: "file:prompt.md" }
  - { id: shout, run: [sh, -c, "printf \\"$1\\" | sed s/0123/0\\"123\\"/; printf npm_printed0123456789; printf abcdefghijklmnop >&1; echo \\"$HIDDEN $OWN_TOKEN\\" >&2", sh, ${keys.argument}], env: { HIDDEN: ${keys.stepEnv} } }
  - id: asked
    http: { method: POST, url: "SERVICE/echo?from=postgres://me:${keys.url}@db", headers: { authorization: "Bearer ${keys.header}" }, body: { chat: ${keys.body} } }
  - { id: below, workflow: child.yaml, with: { note: "x \${{ env.LISTED_TOKEN }}" } }
  - { id: kept, agent: writer, prompt: "keep ${keys.prompt}", artifacts: [answer.txt] }
  - { id: broken, agent: failing, prompt: "fail", retry: { attempts: 1 }, on_failure: continue }
  - { id: gate, run: "test -f go", retry: { attempts: 1 } }
`
const child = `
forkchart: 1
name: child
input: { type: object, properties: { note: { type: string } } }
stages: [{ id: say, run: [sh, -c, 'test "$1" = ${keys.child} && cat && echo "$1" >&2', sh, ${keys.child}], stdin: "\${{ input.note }}" }]
`
const tools = `export function reveal() { return 'the tool knows ${keys.tool}' }\n`

const env = {
  PATH: process.env['PATH'], OPENAI_API_KEY: keys.environment, OWN_TOKEN: keys.environment, LISTED_TOKEN: keys.listed,
}

/** A folder with the spec above, and the servers that it asks, which say back what they are told. */
async function leakyFolder() {
  const dir = await temporaryFolder()
  const heard: string[] = []
  const service = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => {
      heard.push(`${request.url} ${request.headers.authorization} ${body}`)
      response.writeHead(200, { 'x-token': keys.header }).end(`got ${request.headers.authorization?.slice(7)} and ${request.url} and ${body}`)
    })
  })
  await new Promise<void>((listening) => service.listen(0, '127.0.0.1', listening))
  const provider = await startLoopbackOpenAI(({ text, toolResults }) => {
    heard.push(text)
    if (text.includes('fail')) return { status: 401, code: 'invalid_api_key', message: `Incorrect API key: ${keys.provider}` }
    if (toolResults.length === 0) return { toolCalls: [{ name: 'reveal', arguments: { why: keys.tool } }] }
    const all = `You said: ${text} ${toolResults.join(' ')}`
    // Cut within words, too.
    return { text: all, tokens: all.match(/[\s\S]{1,7}/g) ?? [] }
  })
  onTestFinished(async () => {
    service.close()
    await provider.close()
  })
  const { port } = service.address() as AddressInfo
  await writeFile(join(dir, 'spec.yaml'), spec.replace('SERVICE', `http://127.0.0.1:${port}`))
  await writeFile(join(dir, 'child.yaml'), child)
  await writeFile(join(dir, 'tools.ts'), tools)
  await writeFile(join(dir, 'prompt.md'), `From a file: ${keys.promptFile}\n`)
  const forkchart = (...argv: string[]): Promise<Called> =>
    call(dir, argv, { env: { ...env, OPENAI_BASE_URL: provider.baseUrl, FORKCHART_TRACING: '0' } })
  return { dir, heard, forkchart }
}

async function filesIn(dir: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>()
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) files.set(path, await readFile(path, 'utf8'))
  }
  return files
}

/** The secrets that can be found, and where. */
function leaks(texts: ReadonlyMap<string, string>): string[] {
  const forms = Object.entries(keys).flatMap(([name, key]) => [
    [name, key] as const, [name, JSON.stringify(key).slice(1, -1)] as const, [name, encodeURIComponent(key)] as const,
    [name, Buffer.from(key).toString('base64')] as const,
  ])
  return [...texts].flatMap(([where, text]) => forms.filter(([, form]) => text.includes(form)).map(([name]) => `${name} in ${where}`))
}

/** Coding agents that say what they know, with what is kept of them, and people who are asked. */
const agents = `
forkchart: 1
name: talkers
env: [LISTED_TOKEN]
agents:
  asking: { uses: acp, command: [ACP], permissions: ask, memory: { scope: run, keep: true } }
  claude: { uses: cli, cli: claude, args: [--verbose], env: { OWN: ${keys.stepEnv} }, memory: { scope: run, keep: true } }
  codex: { uses: cli, cli: codex }
  clerk: { uses: openai, model: m, session: run, tools: [{ call: ./tools.ts#reveal, approve: true }] }
stages:
  - { id: one, agent: asking, prompt: "begin with ${keys.prompt}" }
  - { id: two, agent: claude, prompt: "go on with \${{ env.LISTED_TOKEN }}" }
  - { id: three, agent: codex, prompt: "end", retry: { attempts: 1 }, on_failure: continue }
  - { id: four, agent: clerk, prompt: "sell ${keys.prompt}" }
  - { id: five, ask: { message: "Is it ${keys.argument} or \${{ env.LISTED_TOKEN }}?", options: ["${keys.argument}", no] } }
  - { id: six, wait: { event: "\${{ 'go.' + env.LISTED_TOKEN }}" } }
  - { id: seven, run: ["test", "${keys.argument}", "=", "ghp_argument0123456789abcdefghij012345"] }
`

describe('keys in the environment, in the spec, in the input, in what tools, agents, commands and services say', () => {
  test('reach whoever is to have them, and are nowhere in the store and on the screen, nor after a retry', { timeout: 60_000 }, async () => {
    const { dir, heard, forkchart } = await leakyFolder()
    const shown = new Map<string, string>()
    const show = async (...argv: string[]): Promise<Called> => {
      const called = await forkchart(...argv)
      shown.set(`stdout of ${argv.join(' ').slice(0, 30)}`, called.out)
      shown.set(`stderr of ${argv.join(' ').slice(0, 30)}`, called.err)
      return called
    }
    const first = await show('run', 'spec.yaml', '--run-id', 'one', '--ui', 'json', '--input', JSON.stringify({ note: keys.input, password: keys.input }))
    expect(first.code, first.err).toBe(1)

    const said = heard.join('\n')
    for (const name of ['listed', 'prompt', 'promptFile', 'instructions', 'header', 'body', 'tool'] as const) expect(said, name).toContain(keys[name])
    expect(heard.find((line) => line.startsWith('/echo'))).toContain(keys.url)
    expect(said).not.toContain(keys.input)
    // The child's command was given its own, and its input without them.
    expect((await forkchart('show', 'one', '--json')).out).toContain('x <redacted>')

    expect(leaks(await filesIn(join(dir, '.forkchart')))).toEqual([])
    await writeFile(join(dir, 'go'), '')
    expect((await show('retry', 'one', '--ui', 'lines')).code).toBe(0)
    const before = heard.length
    expect((await show('retry', 'one', '--step', 'told', '--ui', 'none')).code).toBe(0)
    expect(heard.slice(before).join('\n')).toContain(keys.prompt)

    for (const argv of [
      ['run', 'spec.yaml', '--agents', 'scripted', '--ui', 'lines'], ['check', 'spec.yaml'], ['check', 'spec.yaml', '--json'], ['show', 'one'], ['show', 'one', '--json'],
      ['show', 'one', '--trace'], ['events', 'one'], ['events', 'one', '--json'], ['logs', 'one'], ['graph', 'one'], ['graph', 'spec.yaml', '--format', 'mermaid'],
      ['graph', 'one', '--format', 'json'], ['graph', 'spec.yaml', '--format', 'json'], ['export', 'one'], ['export', 'one', '-o', '.forkchart/one.json'],
      ['import', '.forkchart/one.json', '--run-id', 'two'], ['ls', '--json'], ['show', 'one.below'], ['logs', 'one.below'],
    ]) await show(...argv)
    expect(leaks(shown)).toEqual([])
    expect(leaks(await filesIn(join(dir, '.forkchart')))).toEqual([])
    const files = [...(await filesIn(join(dir, '.forkchart', 'runs', 'one'))).keys()].map((path) => path.slice(dir.length))
    expect(files.some((path) => path.endsWith('artifacts/kept/answer.txt'))).toBe(true)
  })

  test('that are only in the spec are taken from it again, and asked for when it is gone', { timeout: 60_000 }, async () => {
    const { dir, forkchart } = await leakyFolder()
    const note = JSON.stringify({ note: 'none' })
    expect((await forkchart('run', 'spec.yaml', '--run-id', 'one', '--ui', 'none', '--input', note)).code).toBe(1)
    await writeFile(join(dir, 'go'), '')
    await mkdir(join(dir, 'moved'))
    for (const name of ['spec.yaml', 'child.yaml', 'tools.ts', 'prompt.md']) await rename(join(dir, name), join(dir, 'moved', name))
    const refused = await forkchart('retry', 'one', '--ui', 'none')
    expect(refused.code).toBe(2)
    expect(refused.err).toContain('SECRET_NOT_STORED')
    expect(refused.err).toContain(join(dir, 'spec.yaml'))
    expect(refused.err).toContain('--spec FILE')
    const elsewhere = await forkchart('retry', 'one', '--spec', 'moved/spec.yaml', '--ui', 'none')
    expect(elsewhere.code, elsewhere.err).toBe(0)
  })

  test('are nowhere when coding agents say them, remember them, ask with them, and people answer with them', { timeout: 60_000 }, async () => {
    const { dir } = await leakyFolder()
    const fakes = createFakeAgents(join(dir, 'fakes'), {
      acp: [{ permission: `call ${keys.tool}`, tools: [{ tool: 'read', input: { token: keys.tool }, output: `it has ${keys.printed}` }], say: [`first ${keys.answered}`, `then ${keys.provider}`] }],
      claude: [{ tools: [{ tool: 'bash', input: { command: `echo ${keys.tool}` }, output: keys.printed }], say: `claude knows ${keys.answered} and ${keys.listed}` }],
      codex: [{ raw: [`no JSON but ${keys.printed}`], error: `invalid api key ${keys.provider}` }],
    })
    const provider = await startLoopbackOpenAI(({ toolResults }) =>
      toolResults.length === 0 ? { toolCalls: [{ name: 'reveal', arguments: { why: 'to sell it' } }] } : `sold for ${keys.tool} ${toolResults.join()}`)
    onTestFinished(() => provider.close())
    await writeFile(join(dir, 'agents.yaml'), agents.replace('ACP', fakes.acp[0]))
    const shown = new Map<string, string>()
    const forkchart = async (...argv: string[]): Promise<Called> => {
      const called = await call(dir, argv, { env: { ...fakes.env(env), OPENAI_BASE_URL: provider.baseUrl } })
      shown.set(`${argv.join(' ').slice(0, 30)}`, called.out + called.err)
      return called
    }
    const first = await forkchart('run', 'agents.yaml', '--run-id', 'two', '--no-wait', '--ui', 'json')
    expect(first.code, first.err).toBe(3)
    const ask = async (): Promise<string> => ((await forkchart('events', 'two', '--json')).out.match(/"ask":"([^"]+)"/g) ?? []).at(-1)?.slice(7, -1) ?? ''
    const options = (await forkchart('events', 'two', '--json')).out.match(/"options":\[(.*?)\]/)?.[1]?.split(',') ?? []
    await forkchart('answer', 'two', await ask(), JSON.parse(options[0] ?? '""') as string)
    expect(await forkchart('resume', 'two', '--no-wait', '--ui', 'lines')).toMatchObject({ code: 3 })
    await forkchart('answer', 'two', await ask(), 'approve')
    expect(await forkchart('resume', 'two', '--no-wait', '--ui', 'lines')).toMatchObject({ code: 3 })
    expect((await forkchart('answer', 'two', await ask(), keys.argument)).err).not.toContain('error')
    await forkchart('send', 'two', `go.${keys.listed}`, JSON.stringify({ token: keys.tool }))
    const last = await forkchart('resume', 'two', '--ui', 'lines')
    expect(last.code, last.err).toBe(0)
    for (const argv of [['show', 'two'], ['show', 'two', '--json'], ['show', 'two', '--trace'], ['events', 'two'], ['logs', 'two'], ['export', 'two']]) await forkchart(...argv)
    expect(fakes.calls().map(({ prompt }) => prompt).join()).toContain(keys.prompt)
    const stored = await filesIn(join(dir, '.forkchart'))
    expect([...stored.keys()].some((path) => path.includes('/state/'))).toBe(true)
    expect(leaks(stored)).toEqual([])
    expect(leaks(shown)).toEqual([])
  })

  test('are in no run that is taken over from a state file, and in no warning', async () => {
    const dir = await temporaryFolder()
    const state = { current_stage: 'BUILD', status: 'in_progress', objective: `use ${keys.input}`, stage_outputs: { PLAN: `planned ${keys.tool}` } }
    await writeFile(join(dir, 'stages.yaml'), `stage_order: [PLAN, BUILD]
stages:
  PLAN: { name: Plan, work_agent: planner, prompt_template: plan.md }
  BUILD: { name: Build, work_agent: builder, description: "with ${keys.instructions}" }
`)
    await writeFile(join(dir, 'plan.md'), `Plan with ${keys.promptFile}.\n`)
    await writeFile(join(dir, 'orchestration_state.json'), JSON.stringify(state))
    const where = { FORKCHART_TRACING: '1', OTEL_EXPORTER_OTLP_ENDPOINT: `http://me:${keys.url}@127.0.0.1:1` }
    const shown = new Map<string, string>()
    for (const argv of [
      ['check', 'stages.yaml'], ['show', 'orchestration_state.json'], ['import', 'orchestration_state.json', '--agents', 'scripted', '--run-id', 'old'],
      ['resume', 'old', '--ui', 'lines'], ['export', 'old', '--format', 'orchestration-state'],
    ]) {
      const { code, out, err } = await call(dir, argv, { env: { ...env, ...where } })
      expect(code, err).toBe(0)
      shown.set(argv.join(' '), out + err)
    }
    expect(shown.get('check stages.yaml')).toMatch(/stages.yaml:3:3 .*SECRET_IN_SPEC[^]*stages.yaml:4:3 .*SECRET_IN_SPEC/)
    expect(shown.get('resume old --ui lines')).toContain('Traces could not be sent')
    expect(leaks(shown)).toEqual([])
    expect(leaks(await filesIn(join(dir, '.forkchart')))).toEqual([])
  })
})
