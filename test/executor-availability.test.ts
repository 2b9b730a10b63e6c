import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { probeAgents } from '../src/executors/availability.ts'
import { findOnPath } from '../src/executors/find-on-path.ts'
import { openaiSettings } from '../src/executors/openai/settings.ts'
import { outputFormat } from '../src/executors/openai/output.ts'
import { retryAfterMs } from '../src/executors/retry-after.ts'
import { temporaryFolder } from './executor-agents.ts'

describe('the agents one could use', () => {
  const openai = async (env: NodeJS.ProcessEnv) => (await probeAgents(env)).find(({ name }) => name === 'openai')

  test('always include the scripted one', async () => {
    expect(await probeAgents({})).toContainEqual(expect.objectContaining({ name: 'scripted', available: true }))
  })

  test('say what is missing for openai', async () => {
    expect(await openai({})).toMatchObject({ available: false, missing: expect.stringContaining('OPENAI_API_KEY') })
    expect(await openai({ OPENAI_BASE_URL: 'nonsense' })).toMatchObject({
      available: false, missing: expect.stringContaining('OPENAI_BASE_URL'),
    })
  })

  test('know a key or a service of one\'s own', async () => {
    expect(await openai({ OPENAI_API_KEY: 'k' })).toMatchObject({
      available: true, detail: expect.stringMatching(/api\.openai\.com.*Responses.*key set/),
    })
    expect(await openai({ OPENAI_BASE_URL: 'http://127.0.0.1:8080/v1' })).toMatchObject({
      available: true, detail: expect.stringMatching(/127\.0\.0\.1:8080.*Chat.*no key/),
    })
  })

  test('say which coding agents are on PATH, and how to get the others', async () => {
    const folder = join(temporaryFolder(), 'bin')
    for (const name of ['claude', 'gemini', 'git']) {
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, name), '')
      chmodSync(join(folder, name), 0o755)
    }
    const found = await probeAgents({ PATH: folder })
    const of = (wanted: string) => found.find(({ name }) => name === wanted)
    expect(of('cli claude')).toMatchObject({ available: true, detail: expect.stringContaining(join(folder, 'claude')) })
    expect(of('cli codex')).toMatchObject({ available: false, missing: expect.stringContaining('npm install -g @openai/codex') })
    expect(of('acp')).toMatchObject({ available: true, detail: 'command: [gemini, --acp]' })
    expect(of('workspaces')).toMatchObject({ available: true })
    const none = await probeAgents({ PATH: '/nowhere' })
    expect(none.filter(({ available }) => available).map(({ name }) => name)).toEqual(['scripted', 'command', 'function'])
    expect(none.every(({ available, missing }) => available || missing !== undefined)).toBe(true)
  })

  test('never show a secret', async () => {
    const env = { OPENAI_API_KEY: 'topsecret1', OPENAI_BASE_URL: 'http://user:topsecret2@host.test/v1' }
    expect(JSON.stringify(await probeAgents(env))).not.toContain('topsecret')
    expect(JSON.stringify(await probeAgents({ ...env, OPENAI_API: 'topsecret3' }))).not.toContain('topsecret')
  })
})

test('programs are found on PATH as a shell finds them', () => {
  expect(findOnPath('sh', { PATH: '/nowhere:/bin:/usr/bin' })).toMatch(/\/bin\/sh$/)
  expect(findOnPath('sh', { PATH: '/nowhere' })).toBeUndefined()
  expect(findOnPath('no-such-program-here', process.env)).toBeUndefined()
  expect(findOnPath('bin', { PATH: '/usr' })).toBeUndefined()
})

describe('settings of an openai agent', () => {
  test('speak Responses to the vendor and Chat Completions to others, unless told otherwise', () => {
    expect(openaiSettings({}).api).toBe('responses')
    expect(openaiSettings({ OPENAI_BASE_URL: 'https://api.openai.com/v1/' }).api).toBe('responses')
    expect(openaiSettings({ OPENAI_BASE_URL: 'https://models.test/v1' }).api).toBe('chat')
    expect(openaiSettings({ OPENAI_API: 'chat' }).api).toBe('chat')
    expect(() => openaiSettings({ OPENAI_API: 'grpc' })).toThrow(/OPENAI_API/)
    expect(() => openaiSettings({ OPENAI_BASE_URL: 'file:///x' })).toThrow(/OPENAI_BASE_URL/)
  })

  test('ask the vendor for a key, others not, and ignore blank variables', () => {
    expect(openaiSettings({ OPENAI_API_KEY: ' ', OPENAI_BASE_URL: '' })).toMatchObject({ apiKey: undefined, isVendor: true })
    expect(openaiSettings({ OPENAI_BASE_URL: 'https://models.test/v1' }).apiKey).toBe('no-key')
    expect(openaiSettings({ OPENAI_BASE_URL: 'https://api.openai.com.evil.test' }).isVendor).toBe(false)
  })
})

describe('the output format asked for', () => {
  const closed = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false }
  test.each([
    [closed, true],
    [{ ...closed, required: [] }, false],
    [{ ...closed, additionalProperties: true }, false],
    [{ ...closed, properties: { a: { type: 'object' } } }, false],
    [{ ...closed, properties: { a: { type: 'array', items: closed } } }, true],
    [{ ...closed, properties: { a: {} } }, false],
    [{ type: 'object' }, false],
    [{ type: 'array', items: { type: 'string' } }, true],
  ])('of %j is strict: %s', (schema, strict) => {
    expect(outputFormat(schema)?.strict).toBe(strict)
  })

  test('is always of an object, references still resolve, and answers are unwrapped', () => {
    const format = outputFormat({ $ref: '#/$defs/x', $defs: { x: { type: 'string' } } })
    expect(format?.schema).toMatchObject({ type: 'object', properties: { value: { $ref: '#/$defs/x' } }, $defs: { x: { type: 'string' } } })
    expect(format?.unwrap({ value: 'x' })).toBe('x')
    expect(outputFormat({ type: 'object' })?.schema).toEqual({ type: 'object', properties: {}, required: [], additionalProperties: true })
  })

  test('is none when anything goes', () => {
    expect([outputFormat(undefined), outputFormat(true), outputFormat({})]).toEqual([undefined, undefined, undefined])
  })
})

describe('the wait another side asks for', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  test.each([
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:03 GMT' }, 3000],
    [{ 'retry-after': 'Thu, 01 Jan 1998 00:00:03 GMT' }, 0],
    [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '' }, undefined],
    [{ 'retry-after': '1.2.3' }, undefined],
    [{ 'retry-after-ms': 'Infinity' }, undefined],
    [{ 'retry-after': '99999999999' }, 86_400_000],
    [{}, undefined],
  ])('%o is %s ms', (headers, expected) => {
    expect(retryAfterMs(new Headers(headers), now)).toBe(expected)
  })

  test('is a whole number from 0 to a day, or none, whatever is sent', () => {
    const numberish = fc.string({ unit: fc.constantFrom(...'0123456789.-eE: ') })
    fc.assert(fc.property(fc.oneof(fc.double().map(String), numberish, fc.date().map(String)), (value) => {
      const ms = retryAfterMs(new Headers({ 'retry-after': value }), now)
      if (ms !== undefined) expect(Number.isInteger(ms) && ms >= 0 && ms <= 86_400_000).toBe(true)
    }))
  })
})
