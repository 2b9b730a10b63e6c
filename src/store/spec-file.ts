import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { nodeErrorCode } from '../errors.ts'
import type { Json } from '../json.ts'
import { workflowSchema } from '../spec/ir.ts'
import { storeReadError } from './disk-errors.ts'
import { damaged, migrate, specFormats } from './migrations.ts'
import { parseStoredJson } from './stored-json.ts'
import type { RunSpec } from './store.ts'

const parentSchema = z.strictObject({ runId: z.string(), path: z.string() }).optional()

const runSpecSchema: z.ZodType<RunSpec> = z.strictObject({
  format: z.literal(1),
  runId: z.string(),
  createdAt: z.iso.datetime(),
  workflow: workflowSchema,
  input: z.json(),
  options: z.strictObject({ scripted: z.boolean(), specDir: z.string(), workingDir: z.string() }),
  parent: parentSchema,
  source: z.strictObject({ file: z.string().nullable(), text: z.string() }),
  hidden: z.array(z.array(z.union([z.string(), z.number()]))).optional(),
})

/** What a list of runs shows; checking all of a large workflow for each line would be slow. */
const runTitleSchema = z.object({
  runId: z.string(), createdAt: z.iso.datetime(), workflow: z.object({ name: z.string() }), parent: parentSchema,
})

/** Reads `spec.json`. Throws UsageError RUN_DAMAGED or FORMAT_TOO_NEW: without it a run cannot go on. */
export async function readSpecFile(path: string, runId: string): Promise<RunSpec> {
  return check(path, runId, runSpecSchema, parse(path, await readText(path)))
}

/** The same for what was read already, of any file. */
export function parseRunSpec(document: Json, path: string, runId: string): RunSpec {
  return check(path, runId, runSpecSchema, document)
}

/** The few fields of `spec.json` that a list shows; throws as `readSpecFile` does. */
export async function readRunTitle(path: string, runId: string): Promise<z.infer<typeof runTitleSchema>> {
  return check(path, runId, runTitleSchema, parse(path, await readText(path)))
}

function check<T extends { readonly runId: string }>(path: string, runId: string, schema: z.ZodType<T>, document: Json): T {
  const parsed = schema.safeParse(migrate(document, specFormats, path))
  if (!parsed.success) throw damaged(path, z.prettifyError(parsed.error).replaceAll(/\s+/g, ' '), parsed.error)
  if (parsed.data.runId !== runId) throw damaged(path, `it belongs to the run ${JSON.stringify(parsed.data.runId)}`)
  return parsed.data
}

function parse(path: string, text: string): ReturnType<typeof parseStoredJson> {
  try {
    return parseStoredJson(text)
  } catch (error) {
    throw damaged(path, `it is not JSON (${error instanceof Error ? error.message : String(error)})`, error)
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (nodeErrorCode(error) === 'ENOENT') throw damaged(path, 'it is missing', error)
    throw storeReadError(error, path)
  }
}
