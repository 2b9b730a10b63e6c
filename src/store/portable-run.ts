import { UsageError } from '../errors.ts'
import type { RunEvent } from '../events.ts'
import { isJsonObject, type Json, type JsonObject } from '../json.ts'
import { scanJournal } from './journal-reader.ts'
import { damaged, type FormatTable, migrate } from './migrations.ts'
import { parseRunSpec } from './spec-file.ts'
import type { RunSpec } from './store.ts'

/**
 * A run as one file that can be carried elsewhere: what `spec.json` holds and the events of the journal. There is no
 * checkpoint, since the journal alone suffices, and no logs and no artifacts.
 */

const kind = 'forkchart-run'
const formats: FormatTable = { current: 1, steps: new Map() }

/** The same text for the same run. `lines` are those of its journal, which stand in the file as they are. */
export function writePortableRun(spec: RunSpec, lines: readonly string[]): string {
  const events = lines.map((line) => `    ${line}`).join(',\n')
  return `{\n  "kind": "${kind}",\n  "format": ${formats.current},\n  "spec": ${JSON.stringify(spec)},\n  "events": [\n${events}\n  ]\n}\n`
}

export function isPortableRun(document: JsonObject): boolean {
  return document['kind'] === kind
}

/**
 * The run, its events such that their lines in a journal are those of the run that was written. `document` must come from
 * `parseStoredJson`. Throws UsageError RUN_DAMAGED, which says where, or FORMAT_TOO_NEW.
 */
export function readPortableRun(document: JsonObject, file: string): { readonly spec: RunSpec; readonly events: readonly RunEvent[] } {
  const { spec: written, events: list } = migrate(document, formats, file)
  if (!isJsonObject(written) || typeof written['runId'] !== 'string') throw damaged(file, 'it has no `spec` of a run')
  if (!Array.isArray(list)) throw damaged(file, 'it has no list of `events`')
  const spec = parseRunSpec(written, file, written['runId'])
  const text = list.map((event: Json) => `${JSON.stringify(event)}\n`).join('')
  const { bad } = scanJournal(Buffer.from(text), { runId: spec.runId })
  if (bad?.kind === 'newer') {
    throw new UsageError('FORMAT_TOO_NEW', `${file} was written by a newer Forkchart (event ${bad.line} ${bad.reason}): update Forkchart to open this run`)
  }
  if (bad !== undefined) throw damaged(file, `event ${bad.line} cannot be read: ${bad.reason}`)
  return { spec, events: list as unknown as RunEvent[] }
}

/** The same run under another id. */
export function renamedRun(
  run: { readonly spec: RunSpec; readonly events: readonly RunEvent[] }, runId: string,
): { readonly spec: RunSpec; readonly events: readonly RunEvent[] } {
  return { spec: { ...run.spec, runId }, events: run.events.map((event) => ({ ...event, runId })) }
}
