import { z } from 'zod'
import { isJsonObject, type Json, type JsonObject } from '../../json.ts'
import { reservedIds } from '../outcome.ts'
import type { Finding } from '../report.ts'
import { reportIssues } from '../zod-issues.ts'
import type { SourcePath } from '../source.ts'
import type { Translation } from './translation.ts'

/**
 * Flat steps that name agents: `key`, `display_name`, `steps: [{ agent_key, guard, input_mapper, … }]`. They become one
 * sequential stage named `stage-1`; the guard is the step's `when`, the mapper its `input`.
 */

const hook = z.string().optional()
const stepSchema = z.strictObject({
  agent_key: z.string(),
  name: z.string().min(1).optional(),
  guard: hook,
  guard_type: z.enum(['expression', 'function']).optional(),
  input_mapper: hook,
  input_mapper_type: z.enum(['expression', 'function']).optional(),
  max_turns: z.int().min(1).optional(),
  output_schema: z.json().optional(),
})
const specSchema = z.strictObject({
  key: z.string(),
  display_name: z.string().optional(),
  description: z.string().optional(),
  version: z.json().optional(),
  forkchart: z.json().optional(),
  input: z.json().optional(),
  output_schema: z.json().optional(),
  agents: z.json().optional(),
  limits: z.json().optional(),
  env: z.json().optional(),
  steps: z.array(z.unknown()).min(1),
})

/** Switches whose off position is what happens anyway. */
const laterSwitches = ['default', 'allow_handoff_agents'] as const
/** What a step's key is called in our own spelling. */
const stepKeys = {
  agent: 'agent_key',
  title: 'name',
  when: 'guard',
  input: 'input_mapper',
  max_turns: 'max_turns',
  output: 'output_schema',
} as const
const topKeys: Readonly<Record<string, string>> = { name: 'key', title: 'display_name', output: 'output_schema' }

export function readSteps(data: JsonObject): Translation {
  const findings: Finding[] = []
  checkSteps(data, (finding) => findings.push(finding))
  const { key, display_name: title, output_schema: output, steps, description, version, input, agents, limits, env } = data
  const ids = new Set<string>()
  const blocks = (Array.isArray(steps) ? steps : []).map((step: unknown) => (isJsonObject(step) ? blockOf(step, ids) : {}))
  const top = { forkchart: 1, name: key, title, description, version, input, output, agents, limits, env }
  return {
    dialect: 'steps',
    data: present({ ...top, stages: [{ id: 'stage-1', sequence: blocks }] }),
    original: originalPath,
    findings,
  }
}

function checkSteps(data: JsonObject, report: (finding: Finding) => void): void {
  const { steps, ...rest } = data
  const top = { ...rest, steps }
  for (const key of laterSwitches) {
    if (data[key] === true) report(notYet(`\`${key}: true\``, [key]))
    if (typeof data[key] === 'boolean') Reflect.deleteProperty(top, key)
  }
  reportIssues({ report }, specSchema, top, [], { laterIn: () => new Set(laterSwitches) })
  if (!Array.isArray(steps)) return
  steps.forEach((step: unknown, index) => {
    reportIssues({ report }, stepSchema, step, ['steps', index], { laterIn: () => new Set() })
    if (!isJsonObject(step)) return
    for (const key of ['guard', 'input_mapper'] as const) {
      const isFunction = step[`${key}_type`] === 'function' || isFunctionName(step[key])
      if (isFunction) report(notYet(`A function as \`${key}\``, ['steps', index, key], ' Write it as an expression.'))
    }
  })
}

function notYet(what: string, at: SourcePath, hint = ''): Finding {
  return { code: 'NOT_YET_AVAILABLE', message: `${what} is not available in this version yet.${hint}`, at }
}

/** `./module.ts#export` or `package.module:export`. Neither is an expression. */
function isFunctionName(value: unknown): boolean {
  return typeof value === 'string' && /^[\w./@-]+[#:][\w.]+$/.test(value.trim())
}

function blockOf(step: JsonObject, ids: Set<string>): JsonObject {
  const { agent_key: agent, name, guard, input_mapper: mapper, max_turns, output_schema: output } = step
  const id = uniqueId(String(name ?? agent ?? 'step'), ids)
  const input = typeof mapper === 'string' && !mapper.includes('${{') ? `\${{ ${mapper} }}` : mapper
  const isFunction = { when: isFunctionName(guard), input: isFunctionName(mapper) }
  return present({
    id,
    title: name === id ? undefined : name,
    agent,
    when: isFunction.when ? undefined : guard,
    input: isFunction.input ? undefined : input,
    max_turns,
    output,
  })
}

/** An id made of a name for people: `Data Analyst` becomes `Data-Analyst`, and the second one `Data-Analyst-2`. */
function uniqueId(name: string, taken: Set<string>): string {
  const plain = name.replace(/[^A-Za-z0-9_]+/g, '-').replace(/^-+|-+$/g, '')
  const start = /^[A-Za-z]/.test(plain) && !reservedIds.some((id) => id === plain) ? plain : `step-${plain}`
  let id = start
  for (let count = 2; taken.has(id); count++) id = `${start}-${count}`
  taken.add(id)
  return id
}

function originalPath([first, , , index, key, ...inside]: SourcePath): SourcePath {
  if (first !== 'stages') return first === undefined ? [] : [topKeys[first] ?? first]
  if (index === undefined) return ['steps']
  if (key === undefined) return ['steps', index]
  const original = Object.entries(stepKeys).find(([own]) => own === key)?.[1]
  return ['steps', index, original ?? key, ...inside]
}

function present(value: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined))
}
