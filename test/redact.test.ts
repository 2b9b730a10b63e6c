import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../src/json.ts'
import { createRedactor } from '../src/redact.ts'

const marker = '<redacted>'
const nothing = createRedactor({})

/** What a secret may be made of; long enough, and no part of the marker. */
const secret = fc
  .string({ unit: 'grapheme', minLength: 8, maxLength: 40 })
  .filter((text) => text.trim().length >= 8 && !marker.includes(text))
const secretVariable = fc.constantFrom(
  'OPENAI_API_KEY', 'GITHUB_TOKEN', 'DB_PASSWORD', 'my-secret', 'AUTH', 'npm_authToken', 'AWS_CREDENTIALS', 'MY_APIKEY',
)
const plainVariable = fc.constantFrom(
  'PATH', 'HOME', 'KEYBOARD', 'TOKENIZERS_PARALLELISM', 'AUTHOR', 'MONKEY', 'SSH_AUTH_SOCK', 'CREDENTIALS_FILE',
)

describe('values of secret variables', () => {
  test('never survive, wherever they are planted', () => {
    const around = fc.tuple(fc.string(), fc.string())
    fc.assert(fc.property(secretVariable, secret, fc.jsonValue({ maxDepth: 3 }), around, (name, value, rest, [before, after]) => {
      const text = before + value + after
      const planted = { rest, list: [rest, { [text]: text, deep: [[text]] }] } as Json
      const cleaned = strings(createRedactor({ [name]: value }).json(planted))
      for (const each of cleaned) expect(each).not.toContain(value)
    }))
  })

  test('never survive inside JSON text or a URL', () => {
    fc.assert(fc.property(secret, (value) => {
      const { text } = createRedactor({ API_KEY: value })
      const asJson = JSON.stringify({ value })
      expect(text(asJson)).not.toContain(asJson.slice(10, -2))
      expect(text(`https://x.test/?k=${encodeURIComponent(value)}`)).not.toContain(encodeURIComponent(value))
    }))
  })

  test('never survive in parts when they overlap', () => {
    const { text } = createRedactor({ A_KEY: 'abcdefgh', B_KEY: 'efghijkl', C_KEY: 'abcdefghijklmn' })
    expect(text('x abcdefghijkl y abcdefghijklmn z')).toBe(`x ${marker} y ${marker} z`)
  })

  test('of several lines are found line by line', () => {
    const value = 'first-line-of-the-secret\nsecond-line-of-the-secret\nend'
    expect(createRedactor({ MY_KEY: value }).text('> second-line-of-the-secret')).toBe(`> ${marker}`)
  })

  test('leave everything else as it is', () => {
    const words = fc.constantFrom(
      'the', 'task-list', 'key', 'token', '12345678', '{"a":1}', 'https://example.com/a?b=c', 'a@b.c', 'Bearer of news', '\n',
    )
    fc.assert(fc.property(fc.array(words), (parts) => {
      const text = parts.join(' ')
      expect(createRedactor({ API_KEY: 'zzzzzzzz-not-there' }).text(text)).toBe(text)
    }))
  })

  test('are not looked for when the name is harmless or the value short', () => {
    fc.assert(fc.property(plainVariable, (name) => {
      const text = 'is something-long-enough'
      expect(createRedactor({ [name]: 'something-long-enough' }).text(text)).toBe(text)
    }))
    expect(createRedactor({ API_KEY: 'short', OTHER_TOKEN: undefined, EMPTY_SECRET: '' }).text('short')).toBe('short')
  })
})

describe('secrets of a known shape', () => {
  const pem = '-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----'
  test.each([
    ['sk-proj-abcDEF1234567890abcd', marker],
    [`ghp_${'a1B2'.repeat(9)}`, marker],
    [`gho_${'a1B2'.repeat(9)}`, marker],
    [`github_pat_${'a1B2_'.repeat(9)}`, marker],
    ['AKIAIOSFODNN7EXAMPLE', marker],
    ['xoxb-1234567890-abcdef', marker],
    ['xoxp-1234567890-abcdef', marker],
    [`eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${'s1g'.repeat(8)}`, marker],
    [pem, marker],
    [pem.slice(0, 45), marker],
    ['Authorization: Bearer abc123def456', `Authorization: Bearer ${marker}`],
    ['postgres://me:hunter2!@db.test/x', `postgres://me:${marker}@db.test/x`],
  ])('are replaced: %j', (text, clean) => {
    expect(nothing.text(`a ${text} b`)).toBe(text === pem.slice(0, 45) ? `a ${clean}` : `a ${clean} b`)
    expect(nothing.json({ deep: [text] })).toEqual({ deep: [clean] })
  })

  test.each([
    'task-1234567890123456789', 'sk-folding-cube-container', 'the bearer responsibilities', 'AKIA', 'http://localhost:3000/@scope/x',
    'import x from "npm_package"', 'https://user@host.test/path',
  ])('are not seen in %j', (text) => {
    expect(nothing.text(text)).toBe(text)
  })
})

test('cleaning twice changes no more than cleaning once', () => {
  const { text } = createRedactor({ API_KEY: 'my-own-secret-1' })
  const once = text('my-own-secret-1 Bearer abc123def456 https://u:my-own-secret-1@h sk-abcdefgh12345678901')
  expect(text(once)).toBe(once)
})

test('what holds no secret comes back as the same reference', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    expect(nothing.json(value as Json)).toBe(value)
  }))
  const clean = { a: 1 }
  expect(nothing.json([clean, 'AKIAIOSFODNN7EXAMPLE'])).toHaveProperty('0', clean)
})

test('takes linear time, however nasty the text', () => {
  for (const part of ['sk-', 'Bearer ', '://a:', '-----BEGIN PRIVATE KEY-----', 'eyJ', 'xoxb-', 'bearer\n']) {
    const text = part.repeat(200_000 / part.length)
    const start = performance.now()
    nothing.text(text)
    expect(performance.now() - start, part).toBeLessThan(500)
  }
})

test('takes linear time, however deep the value', () => {
  let value: Json = 'AKIAIOSFODNN7EXAMPLE'
  for (let depth = 0; depth < 200; depth += 1) value = depth % 2 === 0 ? { value } : [value]
  expect(JSON.stringify(nothing.json(value))).not.toContain('AKIA')
})

function strings(value: Json | undefined): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]: [string, Json | undefined]) => [key, ...strings(inner)])
}
