import { expect, test } from 'vitest'
import { looksSecret } from '../specs/repo-review/secret-rules.ts'
import { secretsScan } from '../specs/repo-review/secrets.ts'
import { contextFor, folderOf, foundBy, repositoryOf } from './specs-repo-review-folder.ts'

// Put together here, so that this file holds nothing that a scan of this repository would find.
const random = 'Zq8Xw2Lr5Tn9Vb3Kd7Hs4Jf6Gm1Pc0YtRe'
const awsKey = `AKIA${'Q7ZLM3XWPB5RT2NH'}`
const githubToken = `ghp_${random}Qa`
const pem = ['-----BEGIN RSA PRIVATE', ' KEY-----\n'].join('') + `${random}${random}\n`

const scan = (files: Record<string, string>) => secretsScan({ path: folderOf(files) }, contextFor())

test('a planted token is found with its place, and never shown', async () => {
  const result = await scan({ 'src/aws.ts': `const a = 1\nconst key = '${awsKey}'\n`, 'src/hub.py': `\n\nT = "${githubToken}"\n` })
  expect(foundBy(result)).toEqual([
    'high src/aws.ts:2 AWS access key id (AKIA…, 20 characters)',
    'high src/hub.py:3 GitHub personal token (ghp_…, 40 characters)',
  ])
  expect(result.score).toBe(0)
  const shown = JSON.stringify(result)
  expect(shown).not.toContain(awsKey.slice(4, 10))
  expect(shown).not.toContain(random.slice(0, 6))
})

test('a private key, a password in a URL and a hard-coded secret are found', async () => {
  const result = await scan({
    'deploy/key.txt': pem,
    'config/app.yaml': `db: postgres://app:${random.slice(0, 12)}@db.company.io/app\nclient_secret: ${random}\n`,
    'src/pay.ts': `export const apiKey = "${random}"\n`,
  })
  expect(foundBy(result)).toEqual([
    'high config/app.yaml:1 Password in a URL (for db.company.io)',
    'high deploy/key.txt:1 Private key (PEM block)',
    'medium config/app.yaml:2 Hard-coded value given to `client_secret` looks like a secret (34 characters)',
    'medium src/pay.ts:1 Hard-coded value given to `apiKey` looks like a secret (34 characters)',
  ])
  expect(JSON.stringify(result)).not.toContain(random.slice(0, 8))
})

test('ordinary code has no secrets in it', async () => {
  const result = await scan({
    'src/auth.ts': [
      "const tokenType = 'urn:ietf:params:oauth:token-type:access_token2'",
      "const password = process.env.DB_PASSWORD ?? 'changeme123456789'",
      "headers.set('x-api-key', apiKeyFromTheEnvironment1)",
      "const secretName = 'projects/1234/secrets/database-password-v2'",
      "const token = 'your-token-goes-here-2024'",
      "if (text.startsWith('-----BEGIN PRIVATE KEY-----')) parse(text)",
      "const integrity = 'sha512-abcDEF123456789abcDEF123456789abcDEF1234'",
      "const aws = 'AKIAIOSFODNN7EXAMPLE'",
      "const url = 'postgres://postgres:postgres@localhost:5432/app'",
      "const id = { token: '6f9619ff-8b86-d011-b42d-00cf4fc964ff' }",
      'const passwordPattern = "^(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9]{8,}$"',
    ].join('\n'),
    '.env.example': 'API_KEY=\nDB_PASSWORD=changeme\n',
  })
  expect(foundBy(result)).toEqual([])
  expect(result.score).toBe(100)
})

test('keys in tests count little and are summed up', async () => {
  const result = await scan({ 'test/a.test.ts': `'${awsKey}'`, 'test/b.test.ts': `'${awsKey}'`, 'fixtures/key.pem': pem })
  expect(foundBy(result)).toEqual([
    'low fixtures/key.pem:1 Private key (PEM block)',
    'low test/a.test.ts:1 AWS access key id (AKIA…, 20 characters), and 1 place more like it',
  ])
  expect(result.score).toBeGreaterThanOrEqual(95)
})

test('a marked line and a lockfile are let through', async () => {
  const result = await scan({ 'a.ts': `const a = '${awsKey}' // gitleaks:allow\n`, 'package-lock.json': `{"x": "${githubToken}"}` })
  expect(foundBy(result)).toEqual([])
})

test('a tracked .env file with values is reported, an ignored one is not read', async () => {
  const tracked = repositoryOf({ '.env': `SESSION_KEY=${random}\nDEBUG=1\n` })
  const ignored = repositoryOf({ '.env': `AWS=${awsKey}\n`, '.gitignore': '.env\n', 'a.txt': 'a' })
  expect(foundBy(await secretsScan({ path: tracked }, contextFor()))).toContain('medium .env:1 git tracks this file, which sets 1 secret')
  expect(foundBy(await secretsScan({ path: ignored }, contextFor()))).toEqual([])
})

test.each([
  ['password', 'Tr0ub4dor&3xyz', true],
  ['api_key', random, true],
  ['api_key', 'read-only-access-key-v2', false],
  ['nextPageToken', random, false],
  ['publicKey', random, false],
  ['token', '2024-05-01T10:00:00Z', false],
  ['secret', 'abcdefgh12345678', false],
])('%s = %s looks secret: %s', (name, value, expected) => {
  expect(looksSecret(name, value)).toBe(expected)
})

test('a very long line without breaks takes no time to speak of', async () => {
  const start = performance.now()
  await scan({ 'a.js': `var a="${'aB3_token'.repeat(50_000)}"` })
  expect(performance.now() - start).toBeLessThan(3_000)
})

test('a scan ends when it is told to', async () => {
  const controller = new AbortController()
  controller.abort(new Error('enough'))
  const path = folderOf({ 'a.ts': 'a' })
  await expect(secretsScan({ path }, contextFor(undefined, controller.signal))).rejects.toThrow('enough')
})
