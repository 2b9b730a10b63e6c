import type { Json, JsonObject } from '../../json.ts'

/** What a stage of a delivery hands over, and which of it keeps the delivery from going on. */

/** The schema of a deliverable. It lets agents reject and fail: they are asked for it. */
export function deliverableSchema(flags: readonly string[], needsVerdict: boolean): JsonObject {
  const raised: JsonObject = {
    type: 'object',
    properties: Object.fromEntries(flags.map((flag) => [flag, { type: 'boolean' }])),
  }
  return {
    type: 'object',
    required: needsVerdict ? ['status', 'summary', 'verdict'] : ['status', 'summary'],
    properties: {
      agent: { type: 'string' },
      status: { enum: ['COMPLETE', 'BLOCKED', 'FAILED', 'ERROR'] },
      summary: { type: 'string' },
      verdict: { enum: ['APPROVED', 'APPROVED_WITH_CONDITIONS', 'REJECTED'] },
      testResult: {},
      flags: { anyOf: [raised, { type: 'array', items: { type: 'string' } }] },
      blockers: { type: 'array' },
    },
  }
}

const notFailing: Json = { type: 'string', pattern: '^(?!\\s*([Ff][Aa][Ii][Ll]|[Ee][Rr][Rr]))' }
const testsPassed: Json = {
  anyOf: [
    { type: 'null' },
    { type: 'boolean', const: true },
    notFailing,
    {
      type: 'object',
      properties: {
        failed: { type: 'number', maximum: 0 },
        passed: { anyOf: [{ type: 'number' }, { type: 'boolean', const: true }] },
        status: notFailing,
      },
    },
  ],
}

/**
 * The schema of a deliverable that the delivery may go on with: not rejected, tests not failing and, unless
 * `toleratesFailure`, complete.
 */
export function acceptedSchema(toleratesFailure: boolean): JsonObject {
  return {
    type: 'object',
    properties: {
      ...(toleratesFailure ? {} : { status: { enum: ['COMPLETE'] } }),
      verdict: { enum: ['APPROVED', 'APPROVED_WITH_CONDITIONS'] },
      testResult: testsPassed,
    },
  }
}

/** A CEL condition: the deliverable `prev` says that the stage failed, so that it may be tried again. */
export const isFailure = 'prev.status in ["FAILED", "ERROR"]'

/** Stands for the deliverable of a stage that failed, where the delivery goes on without it. */
export const failedDeliverable: JsonObject = { status: 'FAILED', summary: 'This stage failed; the delivery went on.' }

/** A CEL condition: one of the deliverables that the expressions give raised the flag, in an object or a list. */
export function flagRaised(flag: string, deliverables: readonly string[]): string {
  const flags = `[${deliverables.join(', ')}].filter(d, type(d) == map).map(d, d[?"flags"].orValue([]))`
  const inMap = `type(f) == map ? f[?"${flag}"].orValue(false) == true : false`
  return `${flags}.exists(f, type(f) == list ? f.exists(name, name == "${flag}") : (${inMap}))`
}
