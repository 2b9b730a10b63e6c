import { isJsonObject, type Json, type JsonObject, toText } from './json.ts'
import { hideNamed, hideShapes, hideWritten, isSecretField, marker, plainName } from './secret-shapes.ts'

/** Takes secrets out of what is about to be stored, shown or sent. */
export interface Redactor {
  /** The same value with every secret inside its strings and keys replaced; the same reference when there was none. */
  json(value: Json): Json
  text(text: string): string
  /**
   * A text that somebody wrote into a spec without what is a secret by itself: a value of the environment, the shape of a
   * key, what the rules' patterns and hook say. What only stands behind a name like `password` is left, as schemas have such
   * names, too. `found` is given each secret.
   */
  written(text: string, found?: (secret: string) => void): string
  /** A redactor that hides these as well, wherever they are; short ones are left out. */
  knowing(secrets: readonly string[]): Redactor
}

/** Shorter values of secret-looking variables are left alone: they would also be found where they mean nothing. */
const shortestSecret = 8
/** A line of a secret of several lines is a secret of its own from this length on: logs are redacted line by line. */
const shortestSecretLine = 16

const secretName =
  /(?:^|[^A-Z0-9])(?:API)?(?:KEYS?|TOKENS?|SECRETS?|PASSWORDS?|PASSWD|PASSPHRASE|PASS|CREDENTIALS?|AUTH)(?:[^A-Z0-9]|$)/
/** Variables that say where a secret is, not what it is. */
const nameOfPlace = /_(?:SOCK|FILE|PATH|DIR)$/

/** A field of JSON inside a text, with a text or a number: its name, and what is between them. */
const jsonField = /"([^"\\]{1,128})"(\s{0,8}:\s{0,8})(?:"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*)/g

/** What else is secret, besides what everybody takes for it. */
export interface RedactRules {
  /** Names of fields whose texts and numbers are secret, whatever the letter case. */
  readonly keys?: readonly string[] | undefined
  /** Regular expressions of what is secret in a text. */
  readonly patterns?: readonly string[] | undefined
  readonly hook?: RedactHook | undefined
}

/**
 * Takes further secrets out of a value, or of a single text; pure, and done with its own result it changes nothing more.
 * What it throws at is hidden as a whole.
 */
export type RedactHook = (value: Json) => Json

/**
 * A redactor for the secrets of an environment: the values (of at least 8 characters) of variables whose name has a
 * part like KEY, TOKEN, SECRET, PASSWORD, CREDENTIAL or AUTH, as they are, as JSON and as URLs write them; what looks
 * like a key of a well-known service, a bearer token, a private key or a password in a URL; what stands under or behind a
 * name like `api_key`, `password` or `authorization`; and what the rules say.
 */
export function createRedactor(env: Readonly<Record<string, string | undefined>>, rules: RedactRules = {}): Redactor {
  return redactorOf(secretsOf(env), rules)
}

function redactorOf(secrets: readonly string[], rules: RedactRules): Redactor {
  const ownKeys = new Set((rules.keys ?? []).map(plainName))
  const ownPatterns = (rules.patterns ?? []).map((pattern) => new RegExp(pattern, 'gu'))
  const { hook } = rules

  function text(value: string): string {
    const clean = ownText(value)
    return clean.length < shortestSecret ? clean : hideNamed(hideShapes(hideKnown(clean, secrets)))
  }

  function ownText(value: string): string {
    const clean = ownKeys.size === 0 ? value : value.replaceAll(jsonField, hideField)
    return ownPatterns.reduce((rest, pattern) => rest.replaceAll(pattern, (found) => (found === '' ? '' : marker)), clean)
  }

  function hideField(found: string, name: string, colon: string): string {
    return ownKeys.has(plainName(name)) ? `"${name}"${colon}"${marker}"` : found
  }

  function json(value: Json): Json {
    if (typeof value === 'string') return text(value)
    if (Array.isArray(value)) return list(value)
    return isJsonObject(value) ? object(value) : value
  }

  function list(values: readonly Json[]): readonly Json[] {
    let changed: Json[] | undefined
    for (const [index, value] of values.entries()) {
      const clean = json(value)
      if (clean === value) continue
      changed ??= [...values]
      changed[index] = clean
    }
    return changed ?? values
  }

  function object(value: JsonObject): JsonObject {
    const keys = Object.keys(value)
    let changed: [string, Json | undefined][] | undefined
    for (const [index, key] of keys.entries()) {
      const inner = value[key]
      const cleanKey = text(key)
      const clean = inner === undefined ? undefined : field(key, inner)
      if (cleanKey !== key || clean !== inner) {
        changed ??= keys.slice(0, index).map((before) => [before, value[before]])
      }
      changed?.push([cleanKey, clean])
    }
    return changed === undefined ? value : Object.fromEntries(changed)
  }

  function field(key: string, value: Json): Json {
    if (ownKeys.size > 0 && ownKeys.has(plainName(key))) return hideAll(value)
    return typeof value === 'string' && value !== marker && isSecretField(key, value) ? marker : json(value)
  }

  function written(value: string, found: (secret: string) => void = () => {}): string {
    const hide = (secret: string): string => {
      if (secret === '') return ''
      found(secret)
      return marker
    }
    const clean = ownPatterns.reduce((rest, pattern) => rest.replaceAll(pattern, hide), value)
    return clean.length < shortestSecret ? clean : hideWritten(hideKnown(clean, secrets, found), found)
  }

  function knowing(more: readonly string[]): Redactor {
    const known = new Set(secrets)
    const added = more.filter((secret) => secret.trim().length >= shortestSecret).flatMap(formsOf)
    return added.every((secret) => known.has(secret)) ? redactor : redactorOf(findable([...secrets, ...added]), rules)
  }

  const hooked = (value: Json): Json => {
    try {
      return hook === undefined ? value : hook(value)
    } catch {
      return marker
    }
  }
  const redactor: Redactor =
    hook === undefined
      ? { json, text, written, knowing }
      : {
          json: (value) => hooked(json(value)),
          text: (value) => toText(hooked(text(value))),
          written: (value, found) => toText(hooked(written(value, found))),
          knowing,
        }
  return redactor
}

/** Every text and number in the value. */
function hideAll(value: Json): Json {
  if (typeof value === 'string' || typeof value === 'number') return value === marker ? value : marker
  if (Array.isArray(value)) return value.map(hideAll)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, inner === undefined ? undefined : hideAll(inner)]))
}

/** Everything to look for, as it may be written. */
function secretsOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const found = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || value.trim().length < shortestSecret || !isSecretName(name) ? [] : formsOf(value),
  )
  return findable(found)
}

/** Each once, and none that would be found in the marker. */
function findable(secrets: readonly string[]): readonly string[] {
  return [...new Set(secrets)].filter((secret) => !marker.includes(secret))
}

/** A secret, and its lines, as they may be written. */
function formsOf(value: string): readonly string[] {
  return [value, value.trim(), ...linesOf(value)].flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    ...(secret.isWellFormed() ? [encodeURIComponent(secret)] : []),
  ])
}

/** Whether the value of an environment variable of this name is taken for a secret. */
export function isSecretName(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()
  return secretName.test(words) && !nameOfPlace.test(words)
}

function linesOf(value: string): readonly string[] {
  if (!value.includes('\n')) return []
  return value.split(/\r?\n/).filter((line) => line.length >= shortestSecretLine)
}

/** Occurrences that overlap are hidden as one, so that nothing of either is left. */
function hideKnown(text: string, secrets: readonly string[], found?: (secret: string) => void): string {
  let spans: [start: number, end: number][] | undefined
  for (const secret of secrets) {
    for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + 1)) {
      spans ??= []
      spans.push([at, at + secret.length])
      found?.(secret)
    }
  }
  if (spans === undefined) return text
  let clean = ''
  let done = 0
  for (const [start, end] of spans.sort((a, b) => a[0] - b[0])) {
    if (start >= done) clean += text.slice(done, start) + marker
    done = Math.max(done, end)
  }
  return clean + text.slice(done)
}
