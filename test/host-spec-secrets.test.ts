import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import type { StartOptions } from '../src/hosts/host.ts'
import type { Json } from '../src/json.ts'
import { loadSpec } from '../src/spec/load.ts'
import type { Workflow } from '../src/spec/ir.ts'
import { createFileStore } from '../src/store/file-store.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { Store } from '../src/store/store.ts'
import { draftWorkflow } from '../src/testing/draft-workflow.ts'
import { temporaryFolder } from './store-folder.ts'

const key = 'ghp_abcdefghij0123456789abcdefghij0123'
const hidden = '<redacted>'

/** A host whose steps called `wait` wait at the first attempt; `given` are the inputs of all that were begun. */
function bench(store: Store = createMemoryStore(), env: Record<string, string> = {}) {
  const given: [path: string, input: Json][] = []
  const answers: Json[] = []
  const { promise: waiting, resolve: waits } = Promise.withResolvers<void>()
  const host = createEmbeddedHost({
    store,
    env,
    execute: async (request, context) => {
      const { path, attempt } = request
      if (request.kind === 'workflow') return context.runChild?.(request) ?? { output: null }
      const input = request.kind === 'run' ? [...request.command] : request.input
      given.push([path, input])
      if (path === 'asks') return { output: (answers.push(await (context.ask?.({ message: `Say ${key}`, options: [key, 'no'] }) ?? null)), null) }
      if (!path.endsWith('wait') || attempt > 1) return { output: input }
      waits()
      const { promise, reject } = Promise.withResolvers<never>()
      context.signal.addEventListener('abort', () => reject(context.signal.reason as Error))
      return promise
    },
  })
  const start = (workflow: Workflow, source: StartOptions['source'] = { file: null, text: '' }) =>
    host.start({ workflow, input: null, runId: 'run', specDir: '/spec', workingDir: '/work', source })
  return { host, store, start, given, answers, waiting }
}

const secret = draftWorkflow([{ id: 'wait', input: key }, { id: 'b', input: { say: `it is ${key}` } }])

/** Runs to the first step that waits, and is interrupted there. */
async function interrupted(made: ReturnType<typeof bench>, workflow: Workflow, source?: StartOptions['source']) {
  const handle = await made.start(workflow, source)
  await made.waiting
  await handle.interrupt()
  return handle
}

describe('a run whose workflow holds a secret', () => {
  test('gives it to its steps, hides it wherever it turns up, and keeps nothing of it', async () => {
    const made = bench()
    const handle = await interrupted(made, secret)
    expect(made.given).toEqual([['wait', key]])
    const stored = await made.store.read('run')
    expect(JSON.stringify(stored)).not.toContain(key)
    expect(handle.workflow).toEqual(stored.spec.workflow)
    expect(stored.spec.hidden).toEqual([['stages', 0, 'input'], ['stages', 1, 'input']])
  })

  test('that came from no file goes on with the workflow that is given again, and only then', async () => {
    const made = bench()
    await interrupted(made, secret)
    const before = JSON.stringify(await made.store.read('run'))
    const refused = made.host.resume({ runId: 'run' })
    await expect(refused).rejects.toMatchObject({ code: 'SECRET_NOT_STORED', kind: 'usage', details: { place: ['stages', 0, 'input'] } })
    await expect(refused).rejects.toThrow(/`input` of the step wait.*It came from no file.*`workflow` of `host.resume`/s)
    await expect(made.host.resume({ runId: 'run', workflow: draftWorkflow([{ id: 'wait' }]) })).rejects.toThrow('The workflow that is given says something else')
    expect(JSON.stringify(await made.store.read('run'))).toBe(before)
    const handle = await made.host.resume({ runId: 'run', workflow: secret })
    await expect(handle.settled).resolves.toEqual({ status: 'done', output: { say: `it is ${hidden}` } })
    expect(made.given.slice(1)).toEqual([['wait', key], ['b', { say: `it is ${key}` }]])
    expect(JSON.stringify([handle.workflow, await made.store.read('run')])).not.toContain(key)
  })

  test('hides what stood in it also when only its place told that it is one, and the environment has forgotten it', async () => {
    const store = createMemoryStore()
    const token = 'tok-plain-words-only'
    const workflow = draftWorkflow([{ id: 'wait', input: [`Bearer abc123DEF456`, `login ${token}`] }, { id: 'b', input: `got abc123DEF456 by ${token}` }])
    const first = bench(store, { SOME_TOKEN: token })
    await interrupted(first, workflow)
    const again = bench(store)
    const handle = await again.host.resume({ runId: 'run', workflow })
    await expect(handle.settled).resolves.toEqual({ status: 'done', output: `got ${hidden} by ${hidden}` })
    expect(again.given[1]).toEqual(['b', `got abc123DEF456 by ${token}`])
    expect(JSON.stringify(await store.read('run'))).not.toMatch(/abc123DEF456|tok-plain/)
  })

  test('can be cancelled without it while nobody works on it, but not answered', async () => {
    const made = bench()
    await interrupted(made, secret)
    await expect(made.host.act('run', { type: 'send', event: 'e', payload: 1 })).rejects.toMatchObject({ code: 'SECRET_NOT_STORED' })
    await expect(made.host.act('run', { type: 'cancel', reason: 'enough' })).resolves.toBe('saved')
    expect((await made.store.status('run')).status).toBe('cancelled')
    // What is over needs none either.
    expect(await (await made.host.resume({ runId: 'run' })).settled).toMatchObject({ status: 'cancelled' })
  })

  test('gives its children theirs, though their own files are gone', async () => {
    const made = bench()
    const [call] = draftWorkflow([{ id: 'call' }]).stages
    const child = draftWorkflow([{ id: 'wait', input: `the child's ${key}` }])
    const parent: Workflow = {
      ...draftWorkflow([]), workflows: { 'c.yaml': child },
      stages: [{ ...call, kind: 'workflow', workflow: 'c.yaml', with: null } as Workflow['stages'][number]],
    }
    await interrupted(made, parent)
    expect(JSON.stringify([await made.store.read('run'), await made.store.read('run.call')])).not.toContain(key)
    await expect(made.host.resume({ runId: 'run' })).rejects.toThrow(/`input` of the step wait in c.yaml/)
    const handle = await made.host.resume({ runId: 'run', workflow: parent })
    await expect(handle.settled).resolves.toEqual({ status: 'done', output: `the child's ${hidden}` })
    expect(made.given).toEqual([['wait', `the child's ${key}`], ['wait', `the child's ${key}`]])
    expect(JSON.stringify([await made.store.read('run'), await made.store.read('run.call')])).not.toContain(key)
  })
})

test('whoever asks with an option that is a secret is answered with it, and nobody else sees it', async () => {
  for (const value of [key, hidden]) {
    const made = bench()
    const handle = await made.start(draftWorkflow([{ id: 'asks' }]))
    const { promise: opened, resolve: open } = Promise.withResolvers<string>()
    handle.subscribe((event) => event.type === 'ask.opened' && open(event.data.ask))
    await handle.act({ type: 'answer', ask: await opened, value })
    expect(await handle.settled).toMatchObject({ status: 'done' })
    expect(made.answers).toEqual([key])
    expect(JSON.stringify(await made.store.read('run'))).not.toContain(key)
  }
})

describe('a run of a file that holds a secret', () => {
  const yaml = `forkchart: 1\nname: x\nstages: [{ id: wait, run: [say, ${key}] }] # ${key}\n`
  const list = `workflows:\n  - { forkchart: 1, name: other, stages: [{ id: a, run: x }] }\n  - { forkchart: 1, name: meant, stages: [{ id: wait, run: [say, ${key}] }] }\n`
  const module = `export default { forkchart: 1, name: 'x', stages: [{ id: 'wait', run: ['say', \`ghp_\${'${key.slice(4)}'}\`] }, { id: 'c', call: () => 1 }] }\n`
  const folded = `forkchart: 1\nname: x\nstages: [{ id: wait, run: [say, "ghp_abcdefghij0123456789\\\n  abcdefghij0123"] }]\n`
  const json = `{ "forkchart": 1, "name": "x", "stages": [{ "id": "wait", "run": ["say", "${key}"] }] }`

  test.each([['s.yaml', yaml], ['l.yaml#meant', list], ['m.ts', module], ['f.yaml', folded], ['j.json', json]])('%s goes on with what the file says', async (name, text) => {
    const dir = await temporaryFolder()
    const file = join(dir, name.replace(/#.*/, ''))
    await writeFile(file, text)
    const store = createFileStore(join(dir, 'store'))
    const first = bench(store)
    const loaded = await loadSpec(join(dir, name))
    await interrupted(first, loaded.workflow, loaded)
    const spec = await readFile(join(dir, 'store/runs/run/spec.json'), 'utf8')
    expect(spec).not.toContain(key)
    expect(spec).not.toContain('abcdefghij0123456789')

    await rm(file)
    await expect(bench(store).host.resume({ runId: 'run' })).rejects.toThrow(/The file .* cannot be used: There is no spec at/)
    // A module is loaded once in a process.
    if (text !== module) {
      await writeFile(file, '{ "not a spec": 1 }')
      await expect(bench(store).host.resume({ runId: 'run' })).rejects.toMatchObject({ code: 'SECRET_NOT_STORED' })
    }
    await writeFile(file, `${text}\n`)
    const again = bench(store)
    const handle = await again.host.resume({ runId: 'run' })
    await handle.settled
    expect(again.given[0]).toEqual(['wait', ['say', key]])
    expect(await readFile(join(dir, 'store/runs/run/spec.json'), 'utf8')).toBe(spec)
  })

  test('keeps the text of one without a secret as it is, and hides one in a comment', async () => {
    const made = bench()
    const workflow = draftWorkflow([{ id: 'wait', input: { password: 'hunter22x' } }])
    const handle = await interrupted(made, workflow, { file: '/gone.yaml', text: `password: hunter22x # not ${key}` })
    const { spec } = await made.store.read('run')
    expect(handle.workflow).toBe(workflow)
    expect(spec.workflow).toEqual(workflow)
    expect(spec).not.toHaveProperty('hidden')
    expect(spec.source.text).toBe(`password: hunter22x # not ${hidden}`)
    await expect(made.host.resume({ runId: 'run' })).resolves.toMatchObject({ runId: 'run' })
  })
})

test('what is sent to another process lies in no inbox with its secrets', async () => {
  const store = createMemoryStore()
  const posted: Json[] = []
  const locked: Store = {
    ...store,
    open: () => store.open('run'),
    post: async (_, message) => {
      posted.push(message)
      return { ok: true }
    },
  }
  const first = bench(store)
  await first.start(secret)
  await first.waiting
  const { host } = bench(locked, { SOME_TOKEN: 'of-this-process' })
  await host.act('run', { type: 'answer', ask: 'a', value: { say: [key, 'of-this-process'] } })
  await host.act('run', { type: 'send', event: 'e', payload: key })
  await host.act('run', { type: 'cancel', reason: `for ${key}`, path: 'wait' })
  const id: unknown = expect.any(String)
  expect(posted).toEqual([
    { type: 'answer', ask: 'a', value: { say: [hidden, hidden] }, id }, { type: 'send', event: 'e', payload: hidden, id }, { type: 'cancel', reason: `for ${hidden}`, path: 'wait' },
  ])
})
