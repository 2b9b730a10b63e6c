import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '../src/cli/config-file.ts'
import { configSchema, priceSchema } from '../src/config.ts'
import { call } from './cli-terminal.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'forkchart-config-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const put = (name: string, text: string): void => writeFileSync(join(dir, name), text)
const outer = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const spec = `
forkchart: 1
name: traced
agents: { a: { uses: scripted, replies: [{ output: hi, usage: { inputTokens: 3, outputTokens: 2 }, costUsd: 0.5 }] } }
stages:
  - { id: pair, parallel: [{ id: x, agent: a }, { id: y, run: 'echo "$TRACEPARENT sk-proj-abcDEF1234567890 mine-42"' }], reduce: list }
`

describe('the config', () => {
  test('is that of the nearest folder that has one', () => {
    put('forkchart.config.yaml', 'prices: { "gpt-5*": { input: 1.25, output: 10, cached: 0.125 } }\ntracing: { endpoint: "http://localhost:4318" }')
    const inner = join(dir, 'a', 'b')
    mkdirSync(inner, { recursive: true })
    expect(readConfig(inner)).toEqual({
      prices: { 'gpt-5*': { input: 1.25, output: 10, cached: 0.125 } }, tracing: { endpoint: 'http://localhost:4318' },
    })
    writeFileSync(join(dir, 'a', 'forkchart.config.json'), '{ "redact": { "keys": ["pin"] } }')
    expect(readConfig(inner)).toEqual({ redact: { keys: ['pin'] } })
  })

  test('is as the guide shows it, with every key', () => {
    const guide = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    const [, sample = ''] = /```yaml\n(prices:[^]*?)```/.exec(guide) ?? []
    put('forkchart.config.yaml', sample)
    const shown = readConfig(dir)
    const keysOf = (value: object | undefined): string[] => Object.keys(value ?? {}).sort()
    expect(keysOf(shown)).toEqual(keysOf(configSchema.shape))
    expect(keysOf(shown.tracing)).toEqual(keysOf(configSchema.shape.tracing.unwrap().shape))
    expect(keysOf(shown.redact)).toEqual(keysOf(configSchema.shape.redact.unwrap().shape))
    expect(keysOf(shown.prices?.['gpt-5-mini'])).toEqual(keysOf(priceSchema.shape))
  })

  test('that is empty, or not there, says nothing', () => {
    put('forkchart.config.yaml', '# nothing yet\n')
    expect(readConfig(dir)).toEqual({})
  })

  test.each([
    ['price: {}', '1:1', 'UNKNOWN_KEY', 'Did you mean `prices`?'],
    ['prices:\n  m: { input: 1, outptu: 2 }', '2:18', 'UNKNOWN_KEY', 'Did you mean `output`?'],
    ['prices:\n  m: { input: 1 }', '2:6', 'MISSING_KEY', '`output`'],
    ['prices:\n  m: { input: -1, output: 2 }', '2:15', 'WRONG_VALUE', 'at least 0'],
    ['tracing:\n  endpoint: localhost', '2:13', 'WRONG_VALUE', 'http://'],
    ['tracing:\n  enabled: maybe', '2:12', 'WRONG_TYPE', 'boolean'],
    ['redact:\n  patterns: ["("]', '2:14', 'WRONG_VALUE', 'regular expression'],
    ['prices: [', '1', 'SYNTAX', ''],
    ['- a', '1:1', 'WRONG_TYPE', 'an object'],
  ])('that is wrong is refused with its place: %j', async (text, place, code, hint) => {
    put('forkchart.config.yaml', text)
    put('w.yaml', spec)
    const { code: exit, err } = await call(dir, ['run', 'w.yaml'])
    expect(exit).toBe(2)
    expect(err).toContain('CONFIG_INVALID')
    expect(err).toContain(`forkchart.config.yaml:${place}`)
    expect(err).toContain(code)
    expect(err).toContain(hint)
  })

  test('is one: several in a folder are refused', () => {
    put('forkchart.config.yaml', '')
    put('forkchart.config.json', '{}')
    expect(() => readConfig(dir)).toThrow(/several configs/)
  })

  test('says what else is secret', async () => {
    put('forkchart.config.yaml', 'redact: { patterns: ["mine-\\\\d+"] }')
    put('w.yaml', spec)
    const { out } = await call(dir, ['run', 'w.yaml', '--json', '--run-id', 'r'], { env: { PATH: process.env['PATH'], TRACEPARENT: outer } })
    expect(out).toContain('<redacted> <redacted>')
    expect(out).not.toMatch(/sk-proj|mine-4/)
  })
})

describe('the trace of a run', () => {
  test('continues that of the caller, and goes on in commands', async () => {
    put('w.yaml', spec)
    const { out } = await call(dir, ['run', 'w.yaml', '--json', '--run-id', 'r'], { env: { PATH: process.env['PATH'], TRACEPARENT: outer } })
    const { output } = JSON.parse(out) as { output: string[] }
    expect(output[1]).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01 /)
    const shown = await call(dir, ['show', 'r', '--trace', '--json'])
    const { trace } = JSON.parse(shown.out) as { trace: { traceId: string; spans: { spanId: string; kind: string; path: string }[] } }
    expect(trace.traceId).toBe('4bf92f3577b34da6a3ce929d0e0e4736')
    expect(output[1]).toContain(trace.spans.find(({ kind, path }) => kind === 'attempt' && path === 'pair.y')?.spanId)
  })

  test('is shown as a waterfall', async () => {
    put('w.yaml', spec)
    await call(dir, ['run', 'w.yaml', '--json', '--run-id', 'r'], { env: { PATH: process.env['PATH'], TRACEPARENT: 'no such thing' } })
    const { out, code } = await call(dir, ['show', 'r', '--trace'])
    expect(code).toBe(0)
    expect(out).toMatch(/^trace [0-9a-f]{32}$/m)
    expect(out).toMatch(/^traced +█+ +\d/m)
    expect(out).toMatch(/^ {2}pair +█+ +\d/m)
    expect(out).toMatch(/^ {4}pair\.x +█+ +\d+ms {2}a {2}3 in, 2 out {2}\$0\.5$/m)
  })
})
