import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { UsageError } from '../errors.ts'
import { runIdPattern } from '../ids.ts'

/** Where everything of one run lies. All absolute. */
export class RunFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  get spec(): string {
    return join(this.path, 'spec.json')
  }

  get checkpoint(): string {
    return join(this.path, 'run.json')
  }

  get journal(): string {
    return join(this.path, 'events.ndjson')
  }

  get lock(): string {
    return join(this.path, 'run.lock')
  }

  get logs(): string {
    return join(this.path, 'logs')
  }

  get artifacts(): string {
    return join(this.path, 'artifacts')
  }

  /** Messages to whoever writes the run; there once somebody left one. */
  get inbox(): string {
    return join(this.path, 'inbox')
  }

  /** What steps keep for their later attempts. */
  get state(): string {
    return join(this.path, 'state')
  }
}

export function runsFolder(storeDir: string): string {
  return resolve(storeDir, 'runs')
}

/** The files of a run; throws UsageError RUN_ID_INVALID for an id that could leave the store. */
export function runFolder(storeDir: string, runId: string): RunFolder {
  assertRunId(runId)
  return new RunFolder(join(runsFolder(storeDir), runId))
}

/** Throws UsageError RUN_ID_INVALID unless the id is safe as a folder name. */
export function assertRunId(runId: string): void {
  if (runIdPattern.test(runId)) return
  throw new UsageError(
    'RUN_ID_INVALID',
    `${JSON.stringify(runId)} cannot be a run id: use up to 128 letters, digits, "_", "." and "-", beginning with a letter or digit`,
  )
}

const longestLogName = 120

/** File name of a step's log: the path itself, or a safe short form of it with a hash when it is long or has odd characters. */
export function logFileName(stepPath: string): string {
  const safe = stepPath.replaceAll(/[^A-Za-z0-9_.-]/g, '_').replace(/^\.+/, '_').slice(0, longestLogName)
  if (safe === stepPath && safe !== '') return `${safe}.log`
  const hash = createHash('sha256').update(stepPath).digest('hex').slice(0, 12)
  return `${safe}-${hash}.log`
}
