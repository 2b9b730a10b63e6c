import { describe, expect, test } from 'vitest'
import { schemaType } from '../src/compiler/schema-type.ts'

describe('the TypeScript type of a JSON Schema', () => {
  test.each([
    [undefined, 'unknown'],
    [true, 'unknown'],
    [false, 'never'],
    [{}, 'unknown'],
    [{ type: 'string' }, 'string'],
    [{ type: 'integer' }, 'number'],
    [{ type: ['string', 'null'] }, 'string | null'],
    [{ type: 'string', nullable: true }, 'string | null'],
    [{ enum: ['a', "it's", 1, null, true] }, "'a' | 'it\\'s' | 1 | null | true"],
    [{ const: { kind: 'x', list: [1, 'y'] } }, "{ kind: 'x'; list: [1, 'y'] }"],
    [{ type: 'array' }, 'unknown[]'],
    [{ type: 'array', items: { enum: ['a', 'b'] } }, "('a' | 'b')[]"],
    [{ type: 'array', items: { anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'number' }] } }, '(string[] | number)[]'],
    [{ type: 'array', prefixItems: [{ type: 'string' }, { type: ['number', 'null'] }] }, '[string, number | null]'],
    [{ prefixItems: [{ type: 'string' }], items: { type: 'number' } }, '[string, ...number[]]'],
    [{ type: 'object' }, 'Record<string, unknown>'],
    [{ type: 'object', additionalProperties: { type: ['number', 'null'] } }, 'Record<string, number | null>'],
    [{ type: 'object', additionalProperties: false }, 'Record<string, never>'],
    [{ anyOf: [{ type: 'string' }, true] }, 'unknown'],
    [{ oneOf: [{ type: 'string' }, { type: 'string' }] }, 'string'],
    [{ $ref: '#/$defs/a', $defs: { a: { type: 'boolean' } } }, 'boolean'],
    [{ $ref: 'https://elsewhere/schema' }, 'unknown'],
    [{ type: 'strange' }, 'unknown'],
  ])('%j is %s', (schema, type) => {
    expect(schemaType(schema, 'output')).toBe(type)
  })

  test('a property with a default may be left out of an input and is always there in an output', () => {
    const schema = {
      type: 'object',
      required: ['text'],
      properties: {
        text: { type: 'string', description: 'What to\n translate. */' },
        language: { type: 'string', default: 'French' },
        'odd key': { type: 'number' },
      },
    }
    expect(schemaType(schema, 'input')).toBe(
      "{\n  /** What to translate. *\\/ */\n  text: string\n  language?: string\n  'odd key'?: number\n}",
    )
    expect(schemaType(schema, 'output')).toContain('\n  language: string\n')
  })

  test('what holds itself is unknown where it does', () => {
    const tree = { type: 'object', properties: { value: { type: 'number' }, next: { $ref: '#' } } }
    expect(schemaType(tree, 'output')).toBe(
      '{\n  value?: number\n  next?: {\n    value?: number\n    next?: unknown\n  }\n}',
    )
  })

  test('allOf and a union beside properties are all demanded', () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } }, anyOf: [{ required: ['a'] }], allOf: [{ properties: { b: { type: 'number' } } }] }
    expect(schemaType(schema, 'output')).toBe('{\n  a?: string\n} & {\n  b?: number\n}')
  })
})
