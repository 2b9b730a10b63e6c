import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import { DeltaText } from '../src/hosts/embedded/delta-text.ts'
import type { Json } from '../src/json.ts'
import { createRedactor } from '../src/redact.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import { draftWorkflow } from '../src/testing/draft-workflow.ts'

const marker = '<redacted>'
const { json, text } = createRedactor({})

/** Letters and digits, as keys have them. */
const value = fc
  .string({ unit: fc.constantFrom(...'abcdefghijkmnpqrstuvwyzABCDEFGHJKLMNPQRSTUVWYZ23456789'), minLength: 12, maxLength: 40 })
  .filter((found) => /\d/.test(found) && /[a-z]/i.test(found))
const name = fc.constantFrom(
  'api_key', 'apiKey', 'X-API-Key', 'OPENAI_API_KEY', 'authorization', 'Proxy-Authorization', 'accessToken', 'refresh_token', 'id_token',
  'clientSecret', 'client_secret', 'secret', 'password', 'db.password', 'passwd', 'passphrase', 'credentials', 'AWS_SECRET_ACCESS_KEY',
  'private_key', 'AccountKey', 'connectionString',
)

describe('what stands under a name for secrets', () => {
  test('is gone from a value, whatever is around it, and all else is as it was', () => {
    fc.assert(fc.property(name, value, fc.jsonValue({ maxDepth: 2 }), (key, secret, rest) => {
      const planted = { a: [{ [key]: secret, n: 5 }], headers: { [key]: secret, ok: true } } as Json
      const clean = json({ planted, rest } as Json)
      expect(clean).toEqual({ planted: { a: [{ [key]: marker, n: 5 }], headers: { [key]: marker, ok: true } }, rest: json(rest as Json) })
      expect(json(clean)).toBe(clean)
    }))
  })

  test('is gone from a text, as JSON, YAML, code, headers, queries and environments write it', () => {
    const written: readonly ((key: string, secret: string) => string)[] = [
      (key, secret) => `${key}=${secret}`, (key, secret) => `export ${key}="${secret}"`, (key, secret) => `${key}: ${secret}`,
      (key, secret) => `${key}: '${secret}'`, (key, secret) => JSON.stringify({ [key]: secret }),
      (key, secret) => JSON.stringify(JSON.stringify({ a: 1, [key]: secret })), (key, secret) => `https://x.test/?a=1&${key}=${secret}&b=2`,
      (key, secret) => `const ${key} => \`${secret}\``,
    ]
    const around = fc.constantFrom('', 'before\n', 'a b ', '{ ', '"')
    fc.assert(fc.property(name, value, fc.constantFrom(...written), around, (key, secret, write, before) => {
      const clean = text(`${before}${write(key, secret)}`)
      expect(clean).not.toContain(secret)
      expect(text(clean)).toBe(clean)
    }), { numRuns: 500 })
  })

  test.each([
    ['Authorization: Basic dXNlcjpwYXNz', `Authorization: Basic ${marker}`],
    ['Cookie: sid=a1b2; theme=dark\nNext: x', `Cookie: ${marker}\nNext: x`],
    ['mysql --password hunter22x -u me', `mysql --password ${marker} -u me`],
    ['Server=db;User=me;Password=swordfish;', `Server=db;User=me;Password=${marker};`],
    ['-----BEGIN PGP PRIVATE KEY BLOCK-----\nabc\n-----END PGP PRIVATE KEY BLOCK-----', marker],
    [`hf_${'aB3'.repeat(11)}`, marker],
    [`SG.${'aB3_'.repeat(5)}.${'aB3-'.repeat(10)}`, marker],
    [`https://hooks.slack.com/services/T000/B000/${'x1'.repeat(12)}`, `https://hooks.slack.com/services/${marker}`],
  ])('is gone from %j', (dirty, clean) => {
    expect(text(dirty)).toBe(clean)
  })

  test.each([
    'token: 5', 'max_tokens=4096, total_tokens: 123456', 'the password is required', 'password: string', 'apiKey: process.env.API_KEY',
    'const token = getToken()', 'password = input("Password: ")', '"password": "Please enter your password"', 'secret: ${{ env.SECRET }}',
    'keys: 12345678', 'next_token: abc123def', 'a key: 12 apples', 'monkey: bananas12', 'primary_key: user_id_2026', 'cookie: chocolate',
    'authorization: none needed here', 'API key = <your key>', 'tokenizer: gpt-4-32k-2026', 'passwordless: login2026',
  ])('is not seen in %j', (harmless) => {
    expect(text(harmless)).toBe(harmless)
  })

  test.each([
    { token: 5, tokens: 'abc123def456ghi789', tokenCount: 12 }, { password: true, secret: null, apiKey: ['a'] }, { password: '' },
    { password: '${{ env.PASSWORD }}', api_key: '<your key>', secret: '****' }, { token: 'EOF', auth: 'required', key: 'a1b2c3d4e5f6g7h8' },
    { type: 'object', properties: { password: { type: 'string' } }, required: ['password'] }, { next_token: 'abc123', sessionId: 'a1b2c3d4e5f6g7h8i9' },
  ])('is not seen in %j', (harmless) => {
    expect(json(harmless)).toBe(harmless)
  })
})

describe('rules of the user', () => {
  test('hide fields by name, numbers too, and texts by pattern', () => {
    const own = createRedactor({}, { keys: ['pin', 'Iban'], patterns: ['cust-\\d+'] })
    const inText = 'said {"IBAN" : "DE\\"99", "pin": -4711, "note": "pin", "pins": 3}'
    expect(own.text(inText)).toBe('said {"IBAN" : "<redacted>", "pin": "<redacted>", "note": "pin", "pins": 3}')
    expect(own.text(own.text(inText))).toBe(own.text(inText))
    const clean = own.json({ PIN: 1234, iban: { a: ['DE1', 2, null] }, note: 'for cust-77', other: 'x' })
    expect(clean).toEqual({ PIN: marker, iban: { a: [marker, marker, null] }, note: `for ${marker}`, other: 'x' })
    expect(own.json(clean)).toEqual(clean)
    expect(own.text('cust-1 and cust-2')).toBe(`${marker} and ${marker}`)
  })

  test('a hook sees what the other rules left, and what it throws at is hidden as a whole', () => {
    const seen: Json[] = []
    const own = createRedactor({}, { hook: (each) => (seen.push(each), typeof each === 'string' ? each.replaceAll('Bob', 'X') : each) })
    expect(own.text('Bob has AKIAIOSFODNN7EXAMPLE')).toBe(`X has ${marker}`)
    expect(own.json({ a: 'AKIAIOSFODNN7EXAMPLE' })).toEqual({ a: marker })
    expect(seen).toEqual([`Bob has ${marker}`, { a: marker }])
    const broken = createRedactor({}, { hook: () => { throw new Error('no') } })
    expect([broken.text('x'), broken.json({ a: 1 })]).toEqual([marker, marker])
  })
})

describe('text that comes in pieces', () => {
  const show = (pieces: readonly string[], redact: (whole: string) => string): string[] => {
    const shown: string[] = []
    const delta = new DeltaText(redact, (piece) => shown.push(piece))
    for (const piece of pieces) delta.push(piece)
    delta.end()
    return shown
  }

  test('is shown as it would be in one, however it is cut', () => {
    const words = fc.constantFrom('hello', 'sk-proj-abcDEF1234567890', 'Bearer', 'password:', 'hunter2222', '\n', 'wörter', '你好', 'S3cret-of-env', 'a'.repeat(600))
    fc.assert(fc.property(fc.array(words, { maxLength: 30 }), fc.array(fc.nat(40)), (parts, cuts) => {
      const whole = parts.join(' ')
      const pieces: string[] = []
      let at = 0
      for (const cut of cuts) pieces.push(whole.slice(at, (at += cut)))
      const redactor = createRedactor({ MY_TOKEN: 'S3cret-of-env' })
      expect(show([...pieces, whole.slice(at)], redactor.text).join('')).toBe(redactor.text(whole))
    }))
  })

  test('loses nothing when it is long, and is not held back longer than a word', () => {
    const words = Array.from({ length: 5000 }, (_, at) => `w${at} `)
    const shown = show(words, text)
    expect(shown.join('')).toBe(words.join(''))
    expect(shown.length).toBe(5000)
    const blob = Array.from({ length: 400 }, (_, at) => `${at}`.padStart(100, 'abcdefghij'))
    expect(show([...blob, ' and ', ...blob], text).join('')).toBe(`${blob.join('')} and ${blob.join('')}`)
  })
})

test('a secret planted anywhere is nowhere in the store, the stream and the logs', async () => {
  const secrets = ['sk-proj-abcDEF1234567890abcd', 'hunter22-of-the-db', 'S3cret-of-the-service', 'own-4711']
  const [key = '', password = '', fromEnv = '', own = ''] = secrets
  const all = { api: key, db: { password }, url: `postgres://me:${password}@db/x`, note: `${fromEnv} ${own}` }
  const store = createMemoryStore()
  const host = createEmbeddedHost({
    store,
    env: { SERVICE_TOKEN: fromEnv },
    config: { redact: { patterns: ['own-\\d+'] } },
    execute: async (_, { tell, delta, log, state }) => {
      log(`used ${JSON.stringify(all)}`)
      for (const piece of JSON.stringify(all).match(/.{1,5}/gs) ?? []) delta?.(piece)
      tell?.({ type: 'agent.tool_call', data: { call: '1', tool: 'x', arguments: all } })
      tell?.({ type: 'agent.tool_result', data: { call: '1', tool: 'x', output: all } })
      tell?.({ type: 'agent.message', data: { text: JSON.stringify(all) } })
      await state?.save(all)
      return { output: all }
    },
  })
  const workflow = draftWorkflow([{ id: 'a' }, { id: 'b' }])
  const handle = await host.start({ workflow, input: all, runId: 'run', specDir: '/', workingDir: '/', source: { file: null, text: '' } })
  const stream: string[] = []
  handle.subscribe((event) => void stream.push(JSON.stringify(event)))
  const settlement = await handle.settled
  const texts = stream.map((line) => JSON.parse(line) as { ephemeral?: true; type: string; path?: string; data: { text?: string } })
  const live = texts.filter(({ ephemeral, type, path }) => ephemeral === true && type === 'agent.message' && path === 'a').map(({ data }) => data.text).join('')
  const { writer, contents } = await store.open('run')
  const kept = [settlement, contents, await writer.loadState('run/a'), await store.readLog('run', 'a')].map((each) => JSON.stringify(each))
  await writer.close()
  expect(live).toContain('<redacted>')
  for (const place of [...kept, ...stream, live]) for (const secret of secrets) expect(place).not.toContain(secret)
})
