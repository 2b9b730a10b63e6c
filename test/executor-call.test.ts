import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RetryableError, StepSkipped, toErrorData } from '../src/errors.ts'
import { createExecutors } from '../src/executors/executors.ts'
import type { StepResult } from '../src/executors/executor.ts'
import type { Json } from '../src/json.ts'
import type { CallContext, StepFunction } from '../src/step-function.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forkchart-call-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function module(name: string, text: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, text)
  return pathToFileURL(file).href
}

interface Call {
  readonly target?: string
  readonly input?: Json
  readonly fn?: StepFunction
  readonly signal?: AbortSignal
  readonly lines?: string[]
}

function call(given: Call): Promise<StepResult> {
  const { target = 'fn', input = null, fn = () => null, signal = new AbortController().signal, lines = [] } = given
  return createExecutors({ scripted: false, functions: { fn } }).execute(
    { kind: 'call', runId: 'run-1', path: 'a.b', attempt: 2, idempotencyKey: 'run-1/a.b', input, target },
    { signal, log: (text) => lines.push(text), artifactsDir: '/artifacts', since: 0 },
  )
}

describe('a called function', () => {
  test('of a module gets its input and context', async () => {
    const target = await module('works space.mjs', `
      export async function tell(input, { signal, log, skip, ...rest }) {
        log('working')
        return { input, rest, aborted: signal.aborted, skip: typeof skip }
      }`)
    const lines: string[] = []
    expect((await call({ target: `${target}#tell`, input: { n: 1 }, lines })).output).toEqual({
      input: { n: 1 },
      rest: { runId: 'run-1', path: 'a.b', attempt: 2, idempotencyKey: 'run-1/a.b', artifactsDir: '/artifacts' },
      aborted: false,
      skip: 'function',
    })
    expect(lines).toEqual(['working'])
  })

  test('of a TypeScript module works', async () => {
    const target = await module('typed.ts', 'export const twice = (n: number): number => n * 2')
    expect((await call({ target: `${target}#twice`, input: 4 })).output).toBe(8)
  })

  test('cannot change the input of the step', async () => {
    const input = { list: [1] }
    await call({ input, fn: (given) => (given as { list: number[] }).list.push(2) })
    expect(input).toEqual({ list: [1] })
  })

  test('may skip its step', async () => {
    const skipped = call({ fn: (_, context: CallContext) => context.skip('no tests here') })
    await expect(skipped).rejects.toBeInstanceOf(StepSkipped)
    await expect(skipped).rejects.toMatchObject({ reason: 'no tests here' })
  })
})

describe('what a function throws', () => {
  const failing = (error: unknown, lines: string[] = []): Promise<unknown> =>
    call({ fn: () => Promise.reject(error), lines }).catch((caught: unknown) => toErrorData(caught))

  test('comes through when it is one of our errors', async () => {
    expect(await failing(new RetryableError('BUSY', 'later'))).toMatchObject({ kind: 'retryable', code: 'BUSY' })
  })

  test('is terminal otherwise, with the stack in the log', async () => {
    const lines: string[] = []
    expect(await failing(new TypeError('oops'), lines)).toMatchObject({ kind: 'terminal', code: 'STEP_FAILED', message: 'oops' })
    expect(lines[0]).toBe('TypeError: oops')
    expect(lines[1]).toMatch(/^ +at /)
  })

  test('is retryable when it is a network error or a timeout of its own', async () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    expect(await failing(new TypeError('fetch failed', { cause: refused }))).toMatchObject({ kind: 'retryable', code: 'NETWORK' })
    expect(await failing(new DOMException('too slow', 'TimeoutError'))).toMatchObject({ kind: 'retryable', code: 'TIMEOUT' })
  })

  test('is no cancellation when nobody cancelled the step', async () => {
    expect(await failing(new DOMException('stopped', 'AbortError'))).toMatchObject({ kind: 'terminal' })
  })

  test('may be no error at all', async () => {
    expect(await failing('just text')).toMatchObject({ kind: 'terminal', message: 'just text' })
  })
})

describe('an abort', () => {
  test('settles at once although the function does not listen, and drops what it does later', async () => {
    const stop = new AbortController()
    const lines: string[] = []
    const { promise: late, resolve: finish } = Promise.withResolvers<string>()
    const { promise: begun, resolve: begin } = Promise.withResolvers<CallContext>()
    const result = call({ signal: stop.signal, lines, fn: (_, context) => (begin(context), late) })
    const context = await begun
    stop.abort()
    await expect(result).rejects.toMatchObject({ kind: 'cancelled' })
    context.log('too late')
    finish('too late')
    expect(lines).toEqual([])
  })

  test('before the start means that nothing is called', async () => {
    let called = false
    await expect(call({ signal: AbortSignal.abort(), fn: () => (called = true) })).rejects.toMatchObject({ kind: 'cancelled' })
    expect(called).toBe(false)
  })

  test('gives the error it was aborted with when that is one of ours', async () => {
    const timeout = new RetryableError('TIMEOUT', 'took too long')
    await expect(call({ signal: AbortSignal.abort(timeout) })).rejects.toBe(timeout)
  })
})

describe('a target', () => {
  const notFound = (message: RegExp) => ({ kind: 'terminal', code: 'CALL_TARGET_NOT_FOUND', message: expect.stringMatching(message) })

  test('without a module says where it looked', async () => {
    const target = `${pathToFileURL(join(folder, 'gone.mjs')).href}#x`
    await expect(call({ target })).rejects.toMatchObject(notFound(/no module .*gone\.mjs/))
  })

  test('without that export names those there are', async () => {
    const target = await module('others.mjs', 'export const one = () => 1; export const two = () => 2; export const data = 3')
    await expect(call({ target: `${target}#three` })).rejects.toMatchObject(notFound(/"three".*does not export it.*exports: one, two\./))
    await expect(call({ target: `${target}#data` })).rejects.toMatchObject(notFound(/exports it as number/))
  })

  test('that was not registered names those that were', async () => {
    await expect(call({ target: 'other' })).rejects.toMatchObject(notFound(/"other".*Registered are: fn\./))
    await expect(call({ target: 'toString' })).rejects.toMatchObject(notFound(/"toString"/))
  })

  test('whose module imports something missing or does not parse is another error', async () => {
    const importing = await module('importing.mjs', 'import "./nowhere.mjs"; export const x = 1')
    await expect(call({ target: `${importing}#x` })).rejects.toMatchObject({
      code: 'CALL_IMPORT_FAILED', message: expect.stringContaining('nowhere.mjs'),
    })
    const broken = await module('broken.mjs', 'export const = 1')
    await expect(call({ target: `${broken}#x` })).rejects.toMatchObject({ code: 'CALL_IMPORT_FAILED' })
  })

  test('in TypeScript on a Node that cannot load it says what is needed', async () => {
    const target = await module('modern.ts', 'export const x = (n: number) => n')
    const source = new URL('../src/executors/call-target.ts', import.meta.url).href
    // Our own sources are TypeScript too: only they are loaded, through a hook.
    const script = `
      const { readFileSync } = await import('node:fs')
      const { registerHooks, stripTypeScriptTypes } = await import('node:module')
      registerHooks({ load: (url, context, next) => url.includes('/src/')
        ? { format: 'module', shortCircuit: true, source: stripTypeScriptTypes(readFileSync(new URL(url), 'utf8')) }
        : next(url, context) })
      const { findFunction } = await import(${JSON.stringify(source)})
      await findFunction(${JSON.stringify(`${target}#x`)}, {}).catch((error) => console.log(error.code, error.message))`
    const flags = ['--no-experimental-strip-types', '--no-warnings', '--input-type=module']
    const { stdout } = spawnSync(process.execPath, [...flags, '-e', script], { encoding: 'utf8' })
    expect(stdout).toMatch(/^CALL_NEEDS_NODE_22_18 .*modern\.ts is TypeScript.*22\.18/)
  })
})
