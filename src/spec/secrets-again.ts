import { isJsonObject, type Json, type JsonObject } from '../json.ts'
import type { Redactor } from '../redact.ts'
import { marker } from '../secret-shapes.ts'
import { expressionOpen } from './template-parts.ts'
import type { Workflow } from './ir.ts'
import type { SecretPlace } from './secrets-apart.ts'

export type SecretsAgain =
  | { readonly ok: true; readonly workflow: Workflow; readonly secrets: readonly string[] }
  /** Where the two workflows differ in more than the secrets. */
  | { readonly ok: false; readonly place: SecretPlace }

/**
 * Puts the secrets of `original` back into a workflow that they were taken out of, at `places`. There both must say the
 * same but for the secrets, which may be other ones by now; elsewhere `original` may differ.
 */
export function secretsAgain(
  stored: Workflow, places: readonly SecretPlace[], original: Workflow, written: Redactor['written'],
): SecretsAgain {
  const secrets = new Set<string>()
  let workflow = stored as unknown as Json
  for (const place of places) {
    const [there, field] = follow(stored as unknown as Json, original as unknown as Json, place)
    if (there === undefined || field === undefined || !isSame(there, field) || !isMore(there, field)) return { ok: false, place }
    workflow = withField(workflow, place, field)
  }
  return { ok: true, workflow: workflow as unknown as Workflow, secrets: [...secrets] }

  function isSame(there: Json | undefined, field: Json | undefined): boolean {
    if (typeof there === 'string' && typeof field === 'string') return isSameText(there, field)
    if (Array.isArray(there) && Array.isArray(field)) {
      return there.length === field.length && there.every((each, index) => isSame(each, field[index]))
    }
    if (!isJsonObject(there) || !isJsonObject(field)) return there === field
    const entries = Object.entries(field)
    const pairs = Object.entries(there).map((entry, index) => [entry, entries[index]] as const)
    return pairs.length === entries.length && pairs.every(([[key, each], other]) => isSameText(key, other?.[0] ?? '') && isSame(each, other?.[1]))
  }

  function isSameText(there: string, text: string): boolean {
    const found: string[] = []
    // The environment may hide less today than it did then.
    const isFound = written(text, (secret) => found.push(secret)) === there || isFilled(there.split(marker), text, found)
    if (isFound) for (const secret of found) secrets.add(secret)
    return isFound
  }
}

/** Whether there is a secret in the one that is not in the other: somebody may have taken it out of the original as well. */
function isMore(there: Json, field: Json): boolean {
  return JSON.stringify(there) !== JSON.stringify(field)
}

/** Whether the text is these parts with something between each two, which `gaps` is given; an expression is no secret. */
function isFilled(parts: readonly string[], text: string, gaps: string[]): boolean {
  const [first = '', ...rest] = parts
  if (rest.length === 0) return first === text
  if (!text.startsWith(first)) return false
  let end = first.length
  for (const [index, part] of rest.entries()) {
    const at = index === rest.length - 1 ? text.length - part.length : text.indexOf(part, end + 1)
    if (at <= end || !text.startsWith(part, at)) return false
    gaps.push(text.slice(end, at))
    end = at + part.length
  }
  return gaps.every((gap) => !gap.includes(expressionOpen) && !gap.includes(marker))
}

/** What stands at the place in both, when it belongs to the same agent or block. */
function follow(stored: Json, original: Json, place: SecretPlace): readonly [Json | undefined, Json | undefined] {
  let [there, here]: [Json | undefined, Json | undefined] = [stored, original]
  for (const key of place) {
    const owner: Json | undefined = there
    if (Array.isArray(owner)) {
      there = owner[Number(key)]
      const path = isJsonObject(there) ? there['path'] : undefined
      const others: readonly Json[] = Array.isArray(here) ? here : []
      // Blocks before it may have come or gone.
      here = path === undefined ? others[Number(key)] : others.find((other) => isJsonObject(other) && other['path'] === path)
    } else {
      if (!isJsonObject(owner) || !isJsonObject(here) || owner['kind'] !== here['kind'] || owner['uses'] !== here['uses']) return [undefined, undefined]
      there = owner[key]
      here = here[key]
    }
  }
  return [there, here]
}

function withField(value: Json | undefined, [key, ...rest]: SecretPlace, field: Json): Json {
  if (key === undefined) return field
  if (Array.isArray(value)) return (value as readonly Json[]).map((each, index) => (index === key ? withField(each, rest, field) : each))
  const object: JsonObject = isJsonObject(value) ? value : {}
  return { ...object, [key]: withField(object[key], rest, field) }
}
