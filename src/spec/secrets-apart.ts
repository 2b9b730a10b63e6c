import { isJsonObject, type Json, type JsonObject } from '../json.ts'
import type { Redactor } from '../redact.ts'
import type { Workflow } from './ir.ts'

/** The keys that lead to what a workflow, an agent or a block has under one name, in which there is a secret. */
export type SecretPlace = readonly (string | number)[]

/** A workflow without the secrets that were written into it. */
export interface SecretsApart {
  /** The workflow itself when there are none. */
  readonly workflow: Workflow
  readonly places: readonly SecretPlace[]
  readonly secrets: readonly string[]
}

/** What names things or chooses among words of ours: never a secret, and a workflow without it is none. */
const names = new Set([
  'format', 'name', 'path', 'id', 'kind', 'uses', 'agent', 'workflow', 'group', 'branch', 'needs', 'position', 'limits', 'as', 'retry',
  'reduce', 'onBranchFailure', 'method', 'parse', 'api', 'workspace', 'permissions', 'cli', 'memory', 'session', 'handoffs',
])
const lists = new Set(['stages', 'blocks', 'branches', 'cases'])
const inner = new Set(['do', 'work', 'reviewer', 'verify', 'fallback', 'ask'])
const words = new Set(['onFailure', 'join', 'goto'])

/** Takes the secrets out of the texts of a workflow, its agents, its blocks and its children. */
export function secretsApart(workflow: Workflow, written: Redactor['written']): SecretsApart {
  const places: SecretPlace[] = []
  const secrets = new Set<string>()
  const found = (secret: string): void => void secrets.add(secret)
  /** The keys to where we are. */
  const at: (string | number)[] = []

  function mapped(value: JsonObject, change: (value: Json, key: string) => Json): JsonObject {
    let changed: Record<string, Json | undefined> | undefined
    for (const key of Object.keys(value)) {
      const old = value[key]
      if (old === undefined || typeof old === 'number' || typeof old === 'boolean') continue
      at.push(key)
      const clean = change(old, key)
      at.pop()
      if (clean !== old) (changed ??= { ...value })[key] = clean
    }
    return changed ?? value
  }

  function listed(value: Json, change: (value: Json) => Json): Json {
    if (!Array.isArray(value)) return value
    const list: readonly Json[] = value
    const clean = list.map((each, index) => {
      at.push(index)
      const changed = change(each)
      at.pop()
      return changed
    })
    return clean.every((each, index) => each === list[index]) ? value : clean
  }

  /** What one has under one name. */
  function field(value: Json): Json {
    const clean = data(value)
    if (clean !== value) places.push([...at])
    return clean
  }

  function data(value: Json): Json {
    if (typeof value === 'string') return written(value, found)
    if (Array.isArray(value)) return listed(value, data)
    if (!isJsonObject(value)) return value
    const clean = mapped(value, data)
    if (Object.keys(clean).every((key) => written(key, found) === key)) return clean
    return Object.fromEntries(Object.entries(clean).map(([key, each]) => [written(key), each]))
  }

  function block(value: Json): Json {
    return isJsonObject(value) ? mapped(value, ofBlock) : value
  }

  function ofBlock(value: Json, key: string): Json {
    if (names.has(key)) return value
    if (lists.has(key)) return listed(value, block)
    if (inner.has(key)) return block(value)
    // Words of ours, or an object.
    if (words.has(key)) return isJsonObject(value) ? block(value) : value
    return field(value)
  }

  function ofWorkflow(value: Json, key: string): Json {
    // Of the variables there are only the names.
    if (names.has(key) || key === 'env') return value
    if (key === 'agents' && isJsonObject(value)) return mapped(value, (agent) => (isJsonObject(agent) ? mapped(agent, ofAgent) : agent))
    if (key === 'workflows' && isJsonObject(value)) return mapped(value, (child) => (isJsonObject(child) ? mapped(child, ofWorkflow) : child))
    return lists.has(key) ? listed(value, block) : field(value)
  }

  function ofAgent(value: Json, key: string): Json {
    return names.has(key) ? value : field(value)
  }

  const clean = mapped(workflow as unknown as JsonObject, ofWorkflow) as unknown as Workflow
  return { workflow: clean, places, secrets: [...secrets] }
}
