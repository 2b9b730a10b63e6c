import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readInput } from '../src/cli/input.ts'

const objective = `# Objective: Export of orders, v2

## Goals

- One file a month
* No night work

**Success Criteria**:
- [ ] March holds each order once
- [x] An empty month has a header

## Constraints

1. No new services

## Context

Accounting asks for it.

By hand today.

# Appendix

- nothing of this
`
let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forkchart-input-'))
  await writeFile(join(dir, 'in.json'), '{ "text": "from a file", "n": 1 }')
  await writeFile(join(dir, 'in.yaml'), 'text: from yaml\nlist: [1, 2]\n')
  await writeFile(join(dir, 'bad.json'), '{ "text": ')
  await writeFile(join(dir, 'list.json'), '[1, 2]')
  await writeFile(join(dir, 'objective.md'), objective)
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const schema = {
  type: 'object',
  properties: {
    text: { type: 'string' },
    count: { type: 'integer' },
    maybe: { type: ['string', 'null'] },
    level: { type: ['number', 'null'] },
    tags: { type: 'array', items: { type: 'string' } },
  },
} as const

describe('the input of a run from the command line', () => {
  test('is an empty object when nothing is said', async () => {
    expect(await readInput([], schema, dir)).toEqual({})
  })

  test('comes from a JSON file, a YAML file, JSON, or key=value', async () => {
    expect(await readInput(['in.json'], undefined, dir)).toEqual({ text: 'from a file', n: 1 })
    expect(await readInput(['in.yaml'], undefined, dir)).toEqual({ text: 'from yaml', list: [1, 2] })
    expect(await readInput(['list.json'], undefined, dir)).toEqual([1, 2])
    expect(await readInput([' {"a":{"b":2}}'], undefined, dir)).toEqual({ a: { b: 2 } })
    expect(await readInput(['"just text"'], undefined, dir)).toBe('just text')
    expect(await readInput(['a=b=c', 'empty='], undefined, dir)).toEqual({ a: 'b=c', empty: '' })
  })

  test('later values lie over earlier ones', async () => {
    expect(await readInput(['in.json', 'text=said last', '{"more":true}'], schema, dir)).toEqual({ text: 'said last', n: 1, more: true })
  })

  test('key=value is what the schema asks for', async () => {
    expect(await readInput(['text=42', 'count=42', 'maybe=null', 'level=null', 'tags=["a"]'], schema, dir)).toEqual({
      text: '42',
      count: 42,
      maybe: null,
      level: null,
      tags: ['a'],
    })
  })

  test('a value that is not what the schema asks for stays text, for the schema check to name', async () => {
    expect(await readInput(['count=many', 'tags=a', 'level=true'], schema, dir)).toEqual({ count: 'many', tags: 'a', level: 'true' })
  })

  test('without a schema numbers, true, false, lists and objects are taken as JSON, all else as text', async () => {
    expect(await readInput(['a=1.5', 'b=true', 'c=[1]', 'd={"x":1}', 'e=null', 'f=007', 'g=12345678901234567890', 'h=1e999'], undefined, dir)).toEqual({
      a: 1.5,
      b: true,
      c: [1],
      d: { x: 1 },
      e: 'null',
      f: '007',
      g: '12345678901234567890',
      h: '1e999',
    })
  })

  test('a Markdown file is the objective, and what else the schema asks of it', async () => {
    const markdown = await readFile(join(dir, 'objective.md'), 'utf8')
    const properties = { objective: { type: 'string' }, feature: { type: 'string', default: 'feature' } }
    expect(await readInput(['objective.md'], { type: 'object', properties }, dir)).toEqual({
      objective: markdown.trim(),
      feature: 'export-of-orders-v2',
    })
    expect(await readInput(['objective.md', 'feature=orders'], { type: 'object', properties }, dir)).toMatchObject({ feature: 'orders' })
    const parts = { title: {}, goals: {}, success_criteria: {}, constraints: {}, context: {} }
    expect(await readInput(['objective.md'], { properties: { ...properties, ...parts } }, dir)).toEqual({
      objective: markdown.trim(),
      feature: 'export-of-orders-v2',
      title: 'Export of orders, v2',
      goals: ['One file a month', 'No night work'],
      success_criteria: ['March holds each order once', 'An empty month has a header'],
      constraints: ['No new services'],
      context: 'Accounting asks for it.\n\nBy hand today.',
    })
    expect(await readInput(['objective.md'], { type: 'string' }, dir)).toBe(markdown)
  })

  test.each([
    ['objective.md', /Markdown, which is for workflows whose input has an `objective`/],
    ['{"a":', /JSON/],
    ['bad.json', /JSON/],
    ['nothing-here', /neither a file, nor JSON, nor key=value/],
  ])('%s is refused with a reason', async (value, message) => {
    await expect(readInput([value], undefined, dir)).rejects.toMatchObject({ kind: 'usage', code: 'INPUT_UNREADABLE', message: expect.stringMatching(message) })
  })

  test('several inputs must be objects', async () => {
    await expect(readInput(['a=1', 'list.json'], undefined, dir)).rejects.toMatchObject({ message: expect.stringContaining('list.json') })
  })

  test('any text comes back unchanged where the schema says string', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect(await readInput([`text=${text}`], schema, dir)).toEqual({ text })
      }),
    )
  })

  test('a key that names the prototype is just a key', async () => {
    const input = await readInput(['__proto__={"polluted":true}', 'a=1'], undefined, dir)
    expect(Object.keys(Object(input))).toEqual(['__proto__', 'a'])
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})
