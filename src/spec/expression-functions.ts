import { type Environment, EvaluationError } from '@marcbachmann/cel-js'
import { canonicalJson, toText } from '../json.ts'
import { toJson } from './expression-result.ts'

/**
 * What CEL's strings, lists and math extensions have and the library lacks. Whole numbers are bigint here and decimal
 * ones number, as everywhere inside CEL; every function takes both.
 */

type Numeric = bigint | number
type Handler = (...values: never[]) => unknown

export function registerFunctions(environment: Environment): void {
  const add = (signature: string, handler: Handler): void => {
    environment.registerFunction(signature, handler, { async: false })
  }
  registerMath(environment, add)
  registerLists(environment, add)
  registerStrings(add)
}

type Add = (signature: string, handler: Handler) => void

class MathFunctions {}
class ListFunctions {}

function registerMath(environment: Environment, add: Add): void {
  environment.registerType('MathFunctions', MathFunctions)
  environment.registerConstant('math', 'MathFunctions', new MathFunctions())
  const extremes = { greatest: (a: Numeric, b: Numeric) => a > b, least: (a: Numeric, b: Numeric) => a < b }
  for (const [name, wins] of Object.entries(extremes)) {
    const pick = (_: unknown, ...values: unknown[]): Numeric => {
      const list = values.length === 1 && Array.isArray(values[0]) ? values[0] : values
      const numbers = list.map((value) => numeric(value, `math.${name}`))
      const [first, ...rest] = numbers
      if (first === undefined) throw failure(`math.${name}() needs at least one number`)
      return rest.reduce((best, value) => (wins(value, best) ? value : best), first)
    }
    for (let count = 1; count <= 8; count++) {
      add(`MathFunctions.${name}(${Array(count).fill('dyn').join(', ')}): dyn`, pick)
    }
  }
  const whole = { ceil: Math.ceil, floor: Math.floor, trunc: Math.trunc, round: roundHalfAway }
  for (const [name, round] of Object.entries(whole)) {
    add(`MathFunctions.${name}(dyn): int`, (_: unknown, value: unknown) => {
      const number = numeric(value, `math.${name}`)
      if (typeof number === 'bigint') return number
      if (!Number.isFinite(number)) throw failure(`math.${name}() needs a finite number`)
      return BigInt(round(number))
    })
  }
  add('MathFunctions.abs(dyn): dyn', (_: unknown, value: unknown) => {
    const number = numeric(value, 'math.abs')
    return number < 0 ? -number : number
  })
  add('MathFunctions.sign(dyn): int', (_: unknown, value: unknown) => {
    const number = numeric(value, 'math.sign')
    return number > 0 ? 1n : number < 0 ? -1n : 0n
  })
  add('MathFunctions.sqrt(dyn): double', (_: unknown, value: unknown) => Math.sqrt(Number(numeric(value, 'math.sqrt'))))
}

function registerLists(environment: Environment, add: Add): void {
  environment.registerType('ListFunctions', ListFunctions)
  environment.registerConstant('lists', 'ListFunctions', new ListFunctions())
  add('ListFunctions.range(dyn): list<int>', (_: unknown, end: unknown) => {
    const length = index(end, 'lists.range')
    if (length > 1_000_000) throw failure('lists.range() makes at most 1,000,000 numbers')
    return Array.from({ length }, (_value, position) => BigInt(position))
  })
  add('list.sort(): list', (list: unknown[]) => [...list].sort(compare))
  add('list.distinct(): list', (list: unknown[]) => {
    const seen = new Map(list.map((value) => [canonicalJson(toJson(value)), value]))
    return [...new Set(list.map((value) => canonicalJson(toJson(value))))].map((key) => seen.get(key))
  })
  add('list.flatten(): list', (list: unknown[]) => list.flat())
  add('list.flatten(dyn): list', (list: unknown[], depth: unknown) => list.flat(index(depth, 'flatten')))
  add('list.reverse(): list', (list: unknown[]) => [...list].reverse())
  add('list.slice(dyn, dyn): list', (list: unknown[], start: unknown, end: unknown) => {
    const [from, to] = range(start, end, list.length, 'slice')
    return list.slice(from, to)
  })
  add('list.first(): dyn', (list: unknown[]) => endOf(list[0], 'first'))
  add('list.last(): dyn', (list: unknown[]) => endOf(list.at(-1), 'last'))
  add('list.sum(): dyn', (list: unknown[]) => {
    const numbers = list.map((value) => numeric(value, 'sum'))
    if (numbers.every((value) => typeof value === 'bigint')) return numbers.reduce((a, b) => a + b, 0n)
    return numbers.reduce<number>((a, b) => a + Number(b), 0)
  })
  for (const type of ['int', 'double', 'bool']) {
    add(`list<${type}>.join(): string`, (list: unknown[]) => list.map(celText).join(''))
    add(`list<${type}>.join(string): string`, (list: unknown[], separator: string) => list.map(celText).join(separator))
  }
}

function registerStrings(add: Add): void {
  add('string.replace(string, string): string', (text: string, from: string, to: string) => text.replaceAll(from, () => to))
  add('string.replace(string, string, dyn): string', (text: string, from: string, to: string, limit: unknown) => {
    const count = Number(numeric(limit, 'replace'))
    if (count < 0) return text.replaceAll(from, () => to)
    let left = count
    return text.replaceAll(from, (match) => (left-- > 0 ? to : match))
  })
  add('string.charAt(dyn): string', (text: string, at: unknown) => text.charAt(index(at, 'charAt')))
  add('string.reverse(): string', (text: string) => [...text].reverse().join(''))
  add('string.substring(double): string', (text: string, start: number) => {
    const [from] = range(start, text.length, text.length, 'substring')
    return text.substring(from)
  })
  for (const types of ['double, double', 'double, int', 'int, double']) {
    add(`string.substring(${types}): string`, (text: string, start: unknown, end: unknown) => {
      const [from, to] = range(start, end, text.length, 'substring')
      return text.substring(from, to)
    })
  }
  add('string.format(list): string', formatText)
  for (const type of ['list', 'map', 'null']) add(`string(${type}): string`, (value: unknown) => celText(value))
}

/** `%s` text, `%d` whole number, `%f`, `%.2f` and `%e` decimal, `%x` hexadecimal, `%%` a percent sign. */
function formatText(pattern: string, values: readonly unknown[]): string {
  let next = 0
  const text = pattern.replace(/%(?:\.(\d+))?(.)/g, (whole, precision: string | undefined, kind: string) => {
    if (kind === '%') return '%'
    if (next >= values.length) throw failure(`format() has no value for ${whole}`)
    const value = values[next++]
    const digits = precision === undefined ? 6 : Number(precision)
    switch (kind) {
      case 's':
        return celText(value)
      case 'd':
        return String(BigInt(Math.trunc(Number(numeric(value, 'format')))))
      case 'f':
        return Number(numeric(value, 'format')).toFixed(digits)
      case 'e':
        return Number(numeric(value, 'format')).toExponential(digits)
      case 'x':
        return BigInt(numeric(value, 'format')).toString(16)
      default:
        throw failure(`format() does not know ${whole}`)
    }
  })
  if (next < values.length) throw failure(`format() has ${values.length} values for ${next} places`)
  return text
}

function celText(value: unknown): string {
  return toText(toJson(value))
}

function failure(message: string): EvaluationError {
  return new EvaluationError({ code: 'invalid_argument', message })
}

function numeric(value: unknown, name: string): Numeric {
  if (typeof value === 'bigint' || typeof value === 'number') return value
  throw failure(`${name}() needs numbers, got ${value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value}`)
}

function index(value: unknown, name: string): number {
  const number = Number(numeric(value, name))
  if (!Number.isInteger(number) || number < 0) throw failure(`${name}() needs a whole number from 0, got ${number}`)
  return number
}

function range(start: unknown, end: unknown, length: number, name: string): [number, number] {
  const from = index(start, name)
  const to = index(end, name)
  if (from > to || to > length) throw failure(`${name}(${from}, ${to}) is out of range, the length is ${length}`)
  return [from, to]
}

function endOf(value: unknown, name: string): unknown {
  if (value === undefined) throw failure(`${name}() of an empty list`)
  return value
}

/** Ascending; numbers by value, strings by code unit, false before true. Other or mixed kinds cannot be sorted. */
function compare(a: unknown, b: unknown): number {
  const bothNumbers = isNumeric(a) && isNumeric(b)
  if (!bothNumbers && (typeof a !== typeof b || (typeof a !== 'string' && typeof a !== 'boolean'))) {
    throw failure('sort() needs a list of numbers or a list of strings')
  }
  const left = a as string
  const right = b as string
  return left < right ? -1 : left > right ? 1 : 0
}

function isNumeric(value: unknown): value is Numeric {
  return typeof value === 'bigint' || typeof value === 'number'
}

function roundHalfAway(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value))
}
