import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { textStart } from '../cut-text.ts'
import { nodeErrorCode, UsageError } from '../errors.ts'
import { isJsonObject, type Json, jsonFault, type JsonSchema } from '../json.ts'
import { readObjective } from './objective.ts'

const jsonPattern = /^\s*[[{]/
const pairPattern = /^([A-Za-z_][\w.-]*)=([\s\S]*)$/

/**
 * The input of a run from the values of `--input`: each a file (JSON or YAML, or an objective in Markdown), JSON, or
 * `key=value`; objects are laid over one another in the order given. Without any it is `{}`. Throws UsageError
 * INPUT_UNREADABLE.
 */
export async function readInput(values: readonly string[], schema: JsonSchema | undefined, cwd: string): Promise<Json> {
  const parts = await Promise.all(values.map((value) => readPart(value, schema, cwd)))
  const [only] = parts
  if (only !== undefined && parts.length === 1) return only
  const odd = parts.findIndex((part) => !isJsonObject(part))
  if (odd >= 0) throw unreadable(values[odd] ?? '', 'several inputs are laid over one another, so each has to be an object')
  // Entries, not assignment: a key named __proto__ stays a key.
  return Object.fromEntries(parts.flatMap((part) => Object.entries(isJsonObject(part) ? part : {})))
}

/** Whether a value of `--input` says by its form that it is no file. */
export function isPairOrJson(value: string): boolean {
  return pairPattern.test(value) || jsonPattern.test(value)
}

async function readPart(value: string, schema: JsonSchema | undefined, cwd: string): Promise<Json> {
  const [, key, text] = pairPattern.exec(value) ?? []
  if (key !== undefined && text !== undefined) {
    return Object.fromEntries([[key, typedValue(text, propertyTypes(schema, key))]])
  }
  if (jsonPattern.test(value)) return parseJson(value, value)
  const file = resolve(cwd, value)
  try {
    const content = await readFile(file, 'utf8')
    if (/\.(md|markdown)$/i.test(file)) return objectiveOf(content, schema, value)
    return /\.ya?ml$/i.test(file) ? parseYamlText(content, value) : parseJson(content, value)
  } catch (error) {
    if (error instanceof UsageError) throw error
    const code = nodeErrorCode(error)
    if (code !== 'ENOENT' && code !== 'ENAMETOOLONG' && code !== 'ENOTDIR') {
      throw unreadable(value, error instanceof Error ? error.message : String(error))
    }
  }
  const guess = jsonOrUndefined(value)
  if (guess !== undefined) return guess
  throw unreadable(value, 'it is neither a file, nor JSON, nor key=value')
}

/** A Markdown file is an objective where the workflow has an input of that name, of which it fills in what it knows. */
function objectiveOf(markdown: string, schema: JsonSchema | undefined, value: string): Json {
  const { type, properties } = isJsonObject(schema) ? schema : {}
  if (type === 'string') return markdown
  const known = isJsonObject(properties) ? properties : {}
  if (known['objective'] === undefined) {
    throw unreadable(value, 'it is Markdown, which is for workflows whose input has an `objective`; give JSON, YAML or key=value')
  }
  return Object.fromEntries(Object.entries(readObjective(markdown)).filter(([key]) => Object.hasOwn(known, key)))
}

/** The text of `key=value` as what the schema asks for; a guess where it does not say. */
function typedValue(text: string, types: readonly string[]): Json {
  if (types.length > 0 && types.every((type) => type === 'string')) return text
  const guess = jsonOrUndefined(text)
  if (guess === undefined || typeof guess === 'string') return text
  if (types.length > 0) return types.some((type) => isOfType(guess, type)) ? guess : text
  // A number that JSON would not give back as it was written (an id of twenty digits) is left alone; so is `null`.
  if (guess === null || (typeof guess === 'number' && !Number.isSafeInteger(Math.trunc(guess)))) return text
  return guess
}

function propertyTypes(schema: JsonSchema | undefined, key: string): readonly string[] {
  const properties = isJsonObject(schema) ? schema.properties : undefined
  const property = isJsonObject(properties) && Object.hasOwn(properties, key) ? properties[key] : undefined
  if (!isJsonObject(property)) return []
  const { type } = property
  const named = Array.isArray(type) ? type : [type]
  return named.filter((name: Json | undefined) => typeof name === 'string')
}

function isOfType(value: Json, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isJsonObject(value)
    case 'integer':
    case 'number':
      return typeof value === 'number'
    default:
      return typeof value === type
  }
}

function jsonOrUndefined(text: string): Json | undefined {
  try {
    const value = JSON.parse(text) as Json
    return typeof value === 'number' && !Number.isFinite(value) ? undefined : value
  } catch {
    return undefined
  }
}

function parseJson(text: string, source: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    throw unreadable(source, error instanceof Error ? jsonFault(error.message) : 'it is not JSON')
  }
}

function parseYamlText(text: string, source: string): Json {
  try {
    return (parseYaml(text) ?? null) as Json
  } catch (error) {
    throw unreadable(source, error instanceof Error ? error.message : 'it is not YAML')
  }
}

function unreadable(value: string, why: string): UsageError {
  const shown = value.length > 60 ? `${textStart(value, 59)}…` : value
  return new UsageError('INPUT_UNREADABLE', `--input ${JSON.stringify(shown)}: ${why}`)
}
