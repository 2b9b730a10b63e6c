import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../src/json.ts'
import type { EvaluationScope } from '../src/spec/expression.ts'
import { resolveTemplate, resolveText } from '../src/spec/template.ts'
import { parseTemplate } from '../src/spec/template-parts.ts'

const scope: EvaluationScope = {
  input: { n: 2, list: [1, 'a'], s: 'x', none: null },
  run: { id: 'r', workflow: 'w' },
  stages: {},
  prev: { a: 1 },
}

describe('a template', () => {
  it('that is one expression keeps the type', () => {
    expect(resolveTemplate('${{ input.list }}', scope)).toEqual([1, 'a'])
    expect(resolveTemplate('${{input.n + 1}}', scope)).toBe(3)
    expect(resolveTemplate('${{ prev }}', scope)).toEqual({ a: 1 })
    expect(resolveTemplate('${{ input.none }}', scope)).toBe(null)
  })

  it('with text around it becomes text', () => {
    expect(resolveTemplate('n=${{ input.n }}, list=${{ input.list }}, none=${{ input.none }}.', scope)).toBe('n=2, list=[1,"a"], none=.')
    expect(resolveTemplate('${{ input.n }} ', scope)).toBe('2 ')
    expect(resolveTemplate('${{ input.n }}${{ input.n }}', scope)).toBe('22')
    expect(resolveText('${{ prev }}', scope)).toBe('{"a":1}')
  })

  it('is looked for at any depth, not in keys', () => {
    const template = { a: ['${{ input.n }}', { b: 'v${{ input.s }}' }], '${{ input.s }}': 1, c: null }
    expect(resolveTemplate(template, scope)).toEqual({ a: [2, { b: 'vx' }], '${{ input.s }}': 1, c: null })
  })

  it('has an escape', () => {
    expect(resolveTemplate('$${{ input.n }} ${{ input.n }}', scope)).toBe('${{ input.n }} 2')
    expect(resolveTemplate('$${{', scope)).toBe('${{')
    expect(resolveTemplate('$$${{ x }}', scope)).toBe('$${{ x }}')
  })

  it('may hold braces and quotes in its code', () => {
    expect(resolveTemplate('${{ {"a": {"b": input.n}} }}', scope)).toEqual({ a: { b: 2 } })
    expect(resolveTemplate('${{ "}}" + \'}}\' + r"\\"" }}', scope)).toBe('}}}}\\"')
    expect(resolveTemplate('${{ "a\\"}}" }}', scope)).toBe('a"}}')
    expect(resolveTemplate('${{ input.n // it\'s }}\n }}', scope)).toBe(2)
  })

  it('that is not closed is an error', () => {
    expect(() => resolveTemplate('a ${{ input.n', scope)).toThrow(/no closing/)
    expect(parseTemplate('a ${{ input.n')).toMatchObject({ unclosedAt: 2 })
    expect(parseTemplate('a ${{ {"a": 1 }} ')).toMatchObject({ unclosedAt: 2 })
  })

  it('tells where its code stands', () => {
    expect(parseTemplate('ab ${{  x }} c').parts).toEqual(['ab ', { expression: 'x', offset: 8 }, ' c'])
  })

  it('without expressions is any JSON value, unchanged', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes('${{')),
        (value) => {
          expect(resolveTemplate(value as Json, scope)).toBe(value)
        },
      ),
    )
  })

  it('leaves the rest of a value alone when one string in it is an expression', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        fc.pre(!JSON.stringify(value).includes('${{'))
        expect(resolveTemplate([value as Json, '${{ input.n }}'], scope)).toEqual([value, 2])
      }),
    )
  })
})
