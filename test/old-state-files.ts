import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunEvent } from '../src/events.ts'
import type { JsonObject } from '../src/json.ts'
import { createFileStore } from '../src/store/file-store.ts'
import { call, type Called } from './cli-terminal.ts'
import { temporaryFolder } from './store-folder.ts'

/** State files as file-based orchestration wrote them. They are never changed. */
export const corpus = fileURLToPath(new URL('fixtures/old-state/', import.meta.url))
/** The stages that they are of, with agents that answer offline. */
export const stages = join(corpus, 'stages.yaml')

export async function namesIn(kind: 'historical' | 'negative'): Promise<string[]> {
  return (await readdir(join(corpus, kind))).map((file) => basename(file, '.json')).sort()
}

export async function historical(name: string): Promise<JsonObject> {
  return JSON.parse(await readFile(join(corpus, 'historical', `${name}.json`), 'utf8')) as JsonObject
}

export interface Desk {
  readonly dir: string
  /** The state file, beside its `stages.yaml`. */
  readonly file: string
  call(...argv: readonly string[]): Promise<Called>
  json(...argv: readonly string[]): Promise<JsonObject>
  events(runId?: string): Promise<readonly RunEvent[]>
}

/** A folder for this test alone that holds a state file as a user has it, with the stages it is of. */
export async function deskWith(path: string): Promise<Desk> {
  const dir = await temporaryFolder()
  const file = join(dir, 'state.json')
  await mkdir(join(dir, 'objectives'))
  await copyFile(path, file)
  await copyFile(stages, join(dir, 'stages.yaml'))
  return {
    dir,
    file,
    call: (...argv) => call(dir, argv),
    json: async (...argv) => {
      const { out, err } = await call(dir, [...argv, '--json'])
      if (out === '') throw new Error(err)
      return JSON.parse(out) as JsonObject
    },
    events: async (runId = 'run') => (await createFileStore(join(dir, '.forkchart')).read(runId)).events,
  }
}

export const deskOf = (name: string): Promise<Desk> => deskWith(join(corpus, 'historical', `${name}.json`))

/** Paths of the steps that started in these events, in order. */
export function startedIn(events: readonly RunEvent[]): string[] {
  return events.flatMap(({ type, path }) => (type === 'step.started' && path !== undefined ? [path] : []))
}
