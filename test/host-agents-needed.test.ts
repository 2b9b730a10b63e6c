import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { createEmbeddedHost, createMemoryStore, loadSpec } from '../src/index.ts'
import { type LoopbackOpenAI, startLoopbackOpenAI } from '../src/testing/loopback-openai.ts'
import { temporaryFolder } from './executor-agents.ts'

let service: LoopbackOpenAI | undefined
afterEach(async () => {
  await service?.close()
  service = undefined
})

/** `local` asks the double; `one`, `two` and `three` need keys of their own. */
async function load(stages: readonly object[], workflows: Readonly<Record<string, readonly object[]>> = {}) {
  service ??= await startLoopbackOpenAI(() => 'done')
  const vendor = (name: string) => ({ uses: 'openai', api_key_env: `KEY_OF_${name.toUpperCase()}`, base_url: service?.baseUrl })
  const agents = { local: { uses: 'openai', base_url: service.baseUrl }, one: vendor('one'), two: vendor('two'), three: { ...vendor('three'), allow_handoffs: true, handoffs: ['one'] } }
  const folder = temporaryFolder()
  for (const [name, inner] of Object.entries({ ...workflows, spec: stages })) {
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ forkchart: 1, name, agents, stages: inner }))
  }
  const { workflow, dir, file, text } = await loadSpec(join(folder, 'spec.json'))
  return { workflow, specDir: dir, workingDir: folder, input: null, source: { file, text } }
}

const ask = (agent: string, id = agent) => ({ id, agent, prompt: 'Hi', retry: { attempts: 1 } })
const stop = { id: 'stop', ask: 'Go on?' }
const store = createMemoryStore()
const hostWith = (...keys: string[]) => createEmbeddedHost({ store, env: Object.fromEntries(keys.map((key) => [`KEY_OF_${key.toUpperCase()}`, 'a-key-of-somebody'])) })
let runs = 0

/** The agents that a start is refused for. */
async function refused(stages: readonly object[], workflows?: Readonly<Record<string, readonly object[]>>): Promise<string[]> {
  return missing(hostWith().start(await load(stages, workflows)))
}

async function missing(begun: Promise<unknown>): Promise<string[]> {
  try {
    await begun
    return []
  } catch (error) {
    expect(error).toMatchObject({ code: 'AGENT_UNAVAILABLE', kind: 'usage', message: expect.stringMatching(/set KEY_OF_/) })
    return [...(error as Error).message.matchAll(/Agent "(\w+)"/g)].map(([, name = '']) => name)
  }
}

/** Runs with keys for `first` until it stops, and says what is missing when it is to go on with keys for `then`. */
async function missingLater(stages: readonly object[], first: readonly string[], then: readonly string[], again?: readonly string[]) {
  runs += 1
  const runId = `r${runs}`
  const handle = await hostWith(...first).start({ ...(await load(stages)), runId, noWait: true })
  await handle.settled
  const host = hostWith(...then)
  const names = await missing(host.resume({ runId, noWait: true, ...(again === undefined ? {} : { again }) }).then(({ settled }) => settled))
  // It can be taken up all the same once they are there.
  if (names.length > 0) await (await hostWith('one', 'two', 'three').resume({ runId, noWait: true, ...(again === undefined ? {} : { again }) })).settled
  return names
}

describe('a start is refused for what is missing', () => {
  test.each<[string, readonly object[], readonly string[]]>([
    ['in steps and groups', [{ id: 'g', parallel: [ask('one'), { id: 's', sequence: [ask('two')] }] }], ['one', 'two']],
    ['in a map', [{ id: 'm', map: { over: '${{ [1, 2] }}', as: 'n', do: ask('one') } }], ['one']],
    ['in rounds', [{ id: 'l', loop: { do: ask('one'), until: 'true', max: 2 } }, { id: 'r', review: { work: ask('local'), reviewer: ask('two'), approved: 'true', max: 2 } }], ['one', 'two']],
    ['to verify', [{ ...ask('local'), verify: ask('one', 'check') }], ['one']],
    ['to reduce', [{ id: 'g', parallel: [ask('local')], reduce: { synthesize: 'one' } }], ['one']],
    ['to hand over to', [ask('three')], ['three', 'one']],
  ])('%s', async (_, stages, names) => {
    expect(await refused(stages)).toEqual(names)
  })

  test('in child workflows', async () => {
    expect(await refused([{ id: 'w', workflow: './child.json' }], { child: [ask('two')] })).toEqual(['two'])
  })

  test.each<[string, object]>([
    ['a condition', { ...ask('one'), when: 'run.id == "other"' }],
    ['a case', { id: 's', switch: [{ when: 'run.id == "other"', do: ask('one') }, { else: ask('local') }] }],
    ['a failure', { ...ask('local'), on_failure: { fallback: ask('one', 'instead') } }],
  ])('but not for what only %s leads to', async (_, block) => {
    expect(await refused([block])).toEqual([])
  })
})

describe('a run that goes on is refused for what it still needs', () => {
  test.each<[string, readonly object[], readonly string[], readonly string[]]>([
    ['not for steps that are over', [ask('one'), stop, ask('two')], ['one', 'two'], ['two']],
    ['for those that come', [ask('one'), stop, ask('two')], ['one', 'two'], ['one']],
    ['branch by branch', [{ id: 'g', parallel: [ask('one'), { id: 's', sequence: [stop, ask('two')] }] }], ['one', 'two'], ['two']],
    ['for rounds that go on', [{ id: 'l', loop: { do: { id: 's', sequence: [ask('one'), stop] }, until: 'false', max: 2 } }], ['one'], []],
    ['not for rounds that are over', [{ id: 'l', loop: { do: ask('one'), until: 'true', max: 2 } }, stop], ['one'], []],
    ['not for a map that is over', [{ id: 'm', map: { over: '${{ [1, 2] }}', as: 'n', do: ask('one') } }, stop], ['one'], []],
    ['for a case that was taken', [{ id: 's', switch: [{ when: 'run.id != "other"', do: { id: 'c', sequence: [stop, ask('one')] } }, { else: ask('two') }] }], [], []],
  ])('%s', async (_, stages, first, then) => {
    const names = await missingLater(stages, first, then)
    expect(names).toEqual({ 'for those that come': ['two'], 'for rounds that go on': ['one'], 'for a case that was taken': ['one'] }[_] ?? [])
  })

  test('and for what is to run again, with what follows from it', async () => {
    const stages = [ask('one'), ask('local'), ask('two')]
    expect(await missingLater(stages, ['one', 'two'], [], ['local'])).toEqual(['two'])
    expect(await missingLater(stages, ['one', 'two'], [], ['one'])).toEqual(['one', 'two'])
    expect(await missingLater(stages, ['one', 'two'], ['two'], ['two'])).toEqual([])
    const group = { id: 'g', parallel: [ask('one'), ask('two')] }
    expect(await missingLater([group], ['one', 'two'], [], ['g.one'])).toEqual(['one'])
    expect(await missingLater([ask('local'), group], ['one', 'two'], [], ['local'])).toEqual(['one', 'two'])
  })
})
