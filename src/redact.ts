import { isJsonObject, type Json, type JsonObject } from './json.ts'

/** Takes secrets out of what is about to be stored, shown or sent. */
export interface Redactor {
  /** The same value with every secret inside its strings and keys replaced; the same reference when there was none. */
  json(value: Json): Json
  text(text: string): string
}

const marker = '<redacted>'

/** Shorter values of secret-looking variables are left alone: they would also be found where they mean nothing. */
const shortestSecret = 8
/** A line of a secret of several lines is a secret of its own from this length on: logs are redacted line by line. */
const shortestSecretLine = 16

const secretName =
  /(?:^|[^A-Z0-9])(?:API)?(?:KEYS?|TOKENS?|SECRETS?|PASSWORDS?|PASSWD|PASSPHRASE|PASS|CREDENTIALS?|AUTH)(?:[^A-Z0-9]|$)/
/** Variables that say where a secret is, not what it is. */
const nameOfPlace = /_(?:SOCK|FILE|PATH|DIR)$/

/** Cheap to run over any text: only what has one of these can hold a secret by its shape. */
const shapeHint =
  /sk-|k_live_|k_test_|gh[oprsu]_|github_pat_|glpat-|npm_|AKIA|ASIA|AIza|xox[abeprs]-|eyJ|PRIVATE KEY|[Bb]earer\s|BEARER\s|:\/\//

/** What looks around is bounded, so that no text takes more than linear time. */
const shapes: readonly RegExp[] = [
  /\bsk-(?=[\w-]{0,64}\d)[\w-]{16,}/g,
  /\b[sr]k_(?:live|test)_\w{10,}/g,
  /\bgh[oprsu]_[A-Za-z0-9]{20,}/g,
  /\bgithub_pat_\w{20,}/g,
  /\bglpat-[\w-]{16,}/g,
  /\bnpm_[A-Za-z0-9]{30,}/g,
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g,
  /\bAIza[\w-]{35}/g,
  /\bxox[abeprs]-[A-Za-z0-9-]{10,}/g,
  /\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,}/g,
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|$)/g,
  /(?<=\bbearer\s{1,8})(?:(?=[\w.~+/=-]{0,64}\d)[\w.~+/=-]{8,}|[\w.~+/=-]{20,})/gi,
  /(?<=:\/\/[^/\s:@]{0,256}:)[^/\s@]{3,256}(?=@)/g,
]

/**
 * A redactor for the secrets of an environment: the values (of at least 8 characters) of variables whose name has a
 * part like KEY, TOKEN, SECRET, PASSWORD, CREDENTIAL or AUTH, as they are, as JSON and as URLs write them; and what
 * looks like a key of a well-known service, a bearer token, a private key or a password in a URL.
 */
export function createRedactor(env: Readonly<Record<string, string | undefined>>): Redactor {
  const secrets = secretsOf(env)

  function text(value: string): string {
    if (value.length < shortestSecret) return value
    const known = hideKnown(value, secrets)
    return shapeHint.test(known) ? hideShapes(known) : known
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
      const clean = inner === undefined ? undefined : json(inner)
      if (cleanKey !== key || clean !== inner) {
        changed ??= keys.slice(0, index).map((before) => [before, value[before]])
      }
      changed?.push([cleanKey, clean])
    }
    return changed === undefined ? value : Object.fromEntries(changed)
  }

  return { json, text }
}

/** Everything to look for, as it may be written. */
function secretsOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const found = new Set<string>()
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value.trim().length < shortestSecret || !looksSecret(name)) continue
    for (const secret of [value, value.trim(), ...linesOf(value)]) {
      found.add(secret)
      found.add(JSON.stringify(secret).slice(1, -1))
      if (secret.isWellFormed()) found.add(encodeURIComponent(secret))
    }
  }
  return [...found].filter((secret) => !marker.includes(secret))
}

function looksSecret(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()
  return secretName.test(words) && !nameOfPlace.test(words)
}

function linesOf(value: string): readonly string[] {
  if (!value.includes('\n')) return []
  return value.split(/\r?\n/).filter((line) => line.length >= shortestSecretLine)
}

/** Occurrences that overlap are hidden as one, so that nothing of either is left. */
function hideKnown(text: string, secrets: readonly string[]): string {
  let spans: [start: number, end: number][] | undefined
  for (const secret of secrets) {
    for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + 1)) {
      spans ??= []
      spans.push([at, at + secret.length])
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

function hideShapes(text: string): string {
  return shapes.reduce((clean, shape) => clean.replaceAll(shape, marker), text)
}
