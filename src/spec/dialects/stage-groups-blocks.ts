import { isJsonObject, type Json, type JsonObject } from '../../json.ts'
import { acceptedSchema, deliverableSchema, failedDeliverable, flagRaised, isFailure } from './deliverable.ts'
import { givenValue } from './given-value.ts'
import type { Origins } from './origins.ts'
import type { GroupStage } from './stage-groups-schema.ts'

/** The id of the graph of all groups. */
export const graphId = 'groups'

/** A stage and where its deliverable is. */
export interface Delivery {
  readonly stage: GroupStage
  readonly group: string
  readonly id: string
}

/**
 * The block of a stage; `earlier` are the deliverables that there are when it starts, `flags` those that any stage asks
 * for. With `verify` the build is checked after it, and sent back with the errors until it passes or `retries` are used
 * up; what comes next waits for that.
 */
export function stageBlock(
  delivery: Delivery, earlier: readonly Delivery[], flags: readonly string[], origins: Origins,
): JsonObject {
  const { stage, id } = delivery
  const { name, at, retries, flag, verify } = stage
  const accepted = deliveredBlock(delivery, earlier, flags, origins)
  const head = {
    id,
    title: name === id ? undefined : name,
    when: flag === undefined || earlier.length === 0 ? undefined : flagRaised(flag, earlier.map(deliverable)),
  }
  const keys = { id: ['name'], title: ['name'], when: ['conditional'] }
  if (verify === undefined) return origins.made({ ...head, ...accepted }, at, keys)
  const deliver = origins.made({ id: 'deliver', ...accepted }, at)
  const back = { goto: 'deliver', max: Math.max(1, retries) }
  const check = isJsonObject(verify) ? { block: verify, keys: {} } : { block: { run: verify }, keys: { run: [] } }
  const verification = origins.made({ id: 'verify', on_failure: back, ...check.block }, [...at, 'verify'], check.keys)
  const output = `\${{ ${pathOf(delivery)}.deliver.output }}`
  const result = origins.made(givenValue({ id: 'deliverable', input: output }), at)
  return origins.made({ ...head, sequence: [deliver, verification, result] }, at, keys)
}

/**
 * The deliverable is checked in the block around the agent, so that an agent may answer that it rejects. One that says
 * it failed is asked for again as often as `retries` say. A failure that is forgiven leaves a deliverable that says so;
 * a verdict is never forgiven.
 */
function deliveredBlock(
  delivery: Delivery, earlier: readonly Delivery[], flags: readonly string[], origins: Origins,
): Readonly<Record<string, Json | undefined>> {
  const { at, agent, timeout, retries, isForgiven, needsVerdict } = delivery.stage
  const step = {
    agent,
    prompt: promptOf(delivery.stage, earlier),
    output: deliverableSchema(flags, needsVerdict),
    timeout: timeout === undefined ? undefined : `${timeout}m`,
    retry: { attempts: retries + 1 },
    on_failure: isForgiven ? 'continue' : undefined,
  }
  const keys = { on_failure: ['onFailure'], retry: ['retries'] }
  const loop = (): JsonObject => ({ do: origins.made(step, at, keys), until: `!(${isFailure})`, max: retries + 1 })
  const work = retries === 0 ? { id: 'work', ...step } : { id: 'work', loop: loop() }
  return {
    input: isForgiven ? failedDeliverable : undefined,
    sequence: [origins.made(work, at, keys)],
    output: acceptedSchema(isForgiven),
  }
}

function pathOf({ group, id }: Delivery): string {
  return `stages.${graphId}.${group}.${id}`
}

/** A CEL expression of a deliverable; null when the stage was skipped or failed. */
function deliverable(delivery: Delivery): string {
  const inside = delivery.stage.verify === undefined ? 'work' : 'deliver.?work'
  return `${pathOf(delivery)}.?${inside}.?output.orValue(null)`
}

function promptOf({ name, prompt, verify, retries }: GroupStage, earlier: readonly Delivery[]): string {
  const parts = [
    `# ${name}`,
    prompt ?? '',
    '## What is asked for\n\n${{ input }}',
    ...(earlier.length === 0 ? [] : ['## What was delivered before']),
    ...earlier.map((delivery) => `### ${delivery.stage.name}\n\n\${{ ${deliverable(delivery)} }}`),
    verify === undefined ? '' : '${{ feedback == "" ? "" : "## Sent back, because of this\\n\\n" + feedback }}',
    retries === 0 ? '' : '${{ loop.iteration == 1 ? "" : "## It failed before\\n\\n" + string(prev.summary) }}',
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}
