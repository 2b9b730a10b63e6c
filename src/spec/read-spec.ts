import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, extname, resolve } from 'node:path'
import { nodeErrorCode, UsageError } from '../errors.ts'

/** Specs as files. */

const formats: Readonly<Record<string, 'yaml' | 'json' | 'module'>> = {
  '.yaml': 'yaml', '.yml': 'yaml', '.json': 'json', '.ts': 'module', '.mts': 'module', '.js': 'module', '.mjs': 'module',
}

/** A spec as it was read. */
export interface ReadSpec {
  /** Absolute. */
  readonly absolute: string
  /** Its folder. */
  readonly dir: string
  readonly format: 'yaml' | 'json' | 'module'
  readonly text: string
  /** The workflow that is meant of those that it holds: `workflows.yaml#key`. */
  readonly key?: string
}

/** Reads a spec. Throws UsageError SPEC_NOT_FOUND, SPEC_UNREADABLE or SPEC_FORMAT. */
export async function readSpec(named: string): Promise<ReadSpec> {
  const [, absolute = named, key] = /^(.+\.(?:ya?ml|json|[cm]?[jt]s))#([\w-]+)$/i.exec(named) ?? []
  const text = await contentOf(absolute)
  const format = formats[extname(absolute).toLowerCase()]
  if (format === undefined) {
    throw new UsageError('SPEC_FORMAT', `${absolute} is no spec: its name must end in ${Object.keys(formats).join(', ')}.`)
  }
  return { absolute, dir: dirname(absolute), format, text, ...(key !== undefined && { key }) }
}

/** Reads texts beside a spec in the folder `dir`; undefined for those that cannot be read. */
export function textReader(dir: string): (path: string) => string | undefined {
  return (path) => {
    try {
      return readFileSync(resolve(dir, path), 'utf8')
    } catch {
      return undefined
    }
  }
}

async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const code = nodeErrorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new UsageError(
        'SPEC_NOT_FOUND',
        `There is no spec at ${file}. Check the path; it is relative to the folder the command is called from.`,
      )
    }
    const reason = error instanceof Error ? error.message : String(error)
    const what = code === 'EISDIR' ? 'it is a folder; name a file in it' : reason
    throw new UsageError('SPEC_UNREADABLE', `${file} cannot be read: ${what}.`, { cause: error })
  }
}
