import { isJsonObject, type Json, type JsonObject } from '../json.ts'
import { isStep, workflowBlocks } from '../spec/blocks.ts'
import type { Chart } from './chart.ts'
import { propertyName, schemaType, stringLiteral } from './schema-type.ts'

export interface ModuleOptions {
  /** The module that `workflowMachine` is imported from: `forkchart`, or a path to it. */
  readonly importFrom: string
}

/**
 * A TypeScript module that holds the chart and exports it as a typed XState machine: `machine`, `chart`, and the types
 * `Input`, `Output` and `StepPath`. The same chart gives the same text.
 */
export function moduleText(chart: Chart, options: ModuleOptions): string {
  const { workflow } = chart
  const steps = [...workflowBlocks(workflow)].filter(isStep).map((step) => step.path)
  return `// Made by \`forkchart compile\` from ${JSON.stringify(workflow.name)}: change the spec, not this file.
import { type Chart, workflowMachine } from ${stringLiteral(options.importFrom)}

/** What the workflow takes. */
export type Input = ${schemaType(workflow.input, 'input')}

/** What it gives. */
export type Output = ${schemaType(workflow.output, 'output')}

/** The paths of its steps. */
export type StepPath =${steps.map((path) => `\n  | ${stringLiteral(path)}`).join('')}

export const chart: Chart = ${literal(chart as unknown as JsonObject, '')}

/** An XState v5 machine: run it with a host, or with \`createActor(machine, { input })\`. */
export const machine = workflowMachine<Input, Output>(chart)
`
}

const widestInline = 100

/** JSON as TypeScript writes it: on one line where it fits. */
function literal(value: Json | undefined, indent: string): string {
  if (typeof value === 'string') return stringLiteral(value)
  const inner = `${indent}  `
  if (Array.isArray(value)) return bracketed('[', ']', value.map((item: Json) => literal(item, inner)), indent)
  if (!isJsonObject(value)) return String(value)
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    // A plain `__proto__` key in a literal would set the prototype instead.
    .map(([name, field]) => `${name === '__proto__' ? "['__proto__']" : propertyName(name)}: ${literal(field, inner)}`)
  return bracketed('{', '}', fields, indent)
}

function bracketed(open: string, close: string, items: readonly string[], indent: string): string {
  if (items.length === 0) return `${open}${close}`
  const space = open === '{' ? ' ' : ''
  const line = `${open}${space}${items.join(', ')}${space}${close}`
  if (line.length + indent.length <= widestInline && !line.includes('\n')) return line
  return `${open}\n${items.map((item) => `${indent}  ${item},\n`).join('')}${indent}${close}`
}
