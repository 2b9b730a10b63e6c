import { describe, expect, test } from 'vitest'
import { TerminalError } from '../src/errors.ts'
import { createLogText } from '../src/hosts/embedded/log-text.ts'
import type { Json } from '../src/json.ts'
import { createRedactor } from '../src/redact.ts'
import { type Draft, draftWorkflow } from '../src/testing/draft-workflow.ts'
import { createBench, eventsOf } from './run-embedded.ts'

const secret = 'S3cret-value-of-the-service'
const env = { SERVICE_TOKEN: secret, PLACE: 'here' }

/** Runs until a step called `wait` begins, interrupts there, and gives all that is stored; then goes on to the end. */
async function stored(stages: readonly Draft[], options: { input?: Json; output?: Json; fail?: string } = {}) {
  const given: Record<string, Json> = {}
  const bench = createBench(
    ({ path, input, attempt }, signal) => {
      given[path] = input
      if (path.endsWith('wait') && attempt === 1) return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      if (options.fail !== undefined) throw new TerminalError('BOOM', options.fail, { details: { header: options.fail } })
      return options.output ?? path
    },
    { env },
  )
  const workflow = draftWorkflow(stages, { env: ['SERVICE_TOKEN', 'PLACE'] })
  const handle = await bench.start(workflow, { input: options.input ?? null })
  const seen: string[] = []
  handle.subscribe((event) => void seen.push(JSON.stringify(event)))
  let over = false
  void handle.settled.then(() => (over = true))
  while (!over && !Object.keys(given).some((path) => path.endsWith('wait'))) await new Promise(setImmediate)
  await handle.interrupt()
  const before = JSON.stringify(await bench.store.read('run'))
  const again = await bench.host.resume({ runId: 'run' })
  const settlement = await bench.settled(again)
  const after = JSON.stringify(await bench.store.read('run'))
  return { given, settlement, text: [before, after, ...seen, JSON.stringify(eventsOf(again)), JSON.stringify(settlement)].join('\n') }
}

describe('a secret of the environment', () => {
  test('in an output is nowhere in the journal, the checkpoint, or what is told', async () => {
    const { text, given } = await stored([{ id: 'a' }, { id: 'wait' }], { output: { header: `Bearer ${secret}`, list: [secret] } })
    expect(text).not.toContain(secret)
    expect(given['wait']).toEqual({ header: 'Bearer <redacted>', list: ['<redacted>'] })
  })

  test('in an error is nowhere either', async () => {
    const { text, settlement } = await stored([{ id: 'a' }], { fail: `401 for ${secret}` })
    expect(settlement).toMatchObject({ status: 'failed', error: { message: '401 for <redacted>', details: { header: '401 for <redacted>' } } })
    expect(text).not.toContain(secret)
  })

  test('in the input of a run is nowhere either', async () => {
    const { text } = await stored([{ id: 'a' }, { id: 'wait' }], { input: { note: secret } })
    expect(text).not.toContain(secret)
  })

  test('reaches the step that asks for it, and is stored nowhere', async () => {
    const { text, given } = await stored([{ id: 'wait', input: { token: '${{ env.SERVICE_TOKEN }}' } }])
    expect(given['wait']).toEqual({ token: secret })
    expect(text).not.toContain(secret)
  })

  test('in the input of a group is stored nowhere, other variables are passed on', async () => {
    const input = { token: '${{ env.SERVICE_TOKEN }}', place: '${{ env.PLACE }}' }
    const no = { id: 'no', when: 'false' }
    for (const draft of [{ id: 'g', input, sequence: [no, { id: 'wait' }] }, { id: 'g', input, parallel: [no, { id: 'wait' }] }]) {
      const { text, given } = await stored([draft])
      expect(text).not.toContain(secret)
      expect(given['g.wait']).toEqual({ token: '<redacted>', place: 'here' })
    }
  })

  test('in a condition can be looked at, but is not told when the condition is wrong', async () => {
    const fine = await stored([{ id: 'a', when: 'env.SERVICE_TOKEN.size() > 5' }])
    expect(fine.settlement).toEqual({ status: 'done', output: 'a' })
    for (const draft of [{ id: 'a', when: 'env.SERVICE_TOKEN' }, { id: 'g', when: 'env.SERVICE_TOKEN', parallel: [{ id: 'x' }] }]) {
      const { text, settlement } = await stored([draft])
      expect(settlement).toMatchObject({ status: 'failed', error: { code: 'CONDITION_NOT_BOOLEAN' } })
      expect(text).not.toContain(secret)
    }
  })
})

describe('a private key that is logged line by line', () => {
  const first = '-----BEGIN RSA PRIVATE KEY-----'
  const last = '-----END RSA PRIVATE KEY-----'

  test('is hidden whole, and nothing else', () => {
    const log = createLogText(createRedactor({}))
    const lines = ['before', first, 'Proc-Type: 4,ENCRYPTED', '', 'MIIEpAIBAAKCAQEA7bq', 'abc=', `${last} after`, 'MIIEpAIBAAKCAQEA7bq']
    const hidden = '<redacted>'
    expect(lines.map((line) => log(line, 'stdout'))).toEqual(['before', hidden, hidden, '', hidden, hidden, ' after', 'MIIEpAIBAAKCAQEA7bq'])
  })

  test('hides no other stream, and nothing from the first line on that is no part of it', () => {
    const log = createLogText(createRedactor({}))
    log(first, 'stdout')
    expect(log('word', 'stderr')).toBe('word')
    expect(log('word', 'stdout')).toBe('<redacted>')
    expect(log('two words', 'stdout')).toBe('two words')
    expect(log('word', 'stdout')).toBe('word')
  })

  test('that is logged at once hides nothing after it', () => {
    const log = createLogText(createRedactor({}))
    expect(log(`${first}\nMIIE\n${last}`, 'log')).toBe('<redacted>')
    expect(log('word', 'log')).toBe('word')
  })
})
