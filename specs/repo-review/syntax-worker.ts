import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { extname } from 'node:path'
import { text } from 'node:stream/consumers'
import { Script } from 'node:vm'

// A process of its own, so that parsing blocks nobody and can be ended: it reads absolute paths from stdin, one a line,
// parses each file without running anything, and prints one JSON line per file that may be broken.

interface Fault {
  readonly message: string
  readonly line?: number
}

function parse(work: () => unknown, lineShift = 0): Fault | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (!(error instanceof Error)) return { message: String(error) }
    // Enums, namespaces and the like parse well; they only cannot be stripped.
    if ('code' in error && error.code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') return undefined
    const line = Number(/^[^\n]*:(\d+)\n/.exec(error.stack ?? '')?.[1]) - lineShift
    return { message: error.message, ...(line > 0 ? { line } : {}) }
  }
}

function checkFile(path: string, source: string): Fault | undefined {
  const asModule = (): Fault | undefined => parse(() => stripTypeScriptTypes(source))
  if (/^\.[cm]?ts$/.test(extname(path))) return asModule()
  // A script may use `return` and `await` where a module may not, and a module imports: valid is what either accepts.
  const asScript = parse(() => new Script(`(async function () {\n${source.replace(/^#!.*/, '')}\n})`), 1)
  return asScript === undefined ? undefined : asModule()
}

for (const path of (await text(process.stdin)).split('\n')) {
  if (path === '') continue
  const source = await readFile(path, 'utf8').catch(() => '')
  const fault = /^\s*<[?!]/.test(source) ? undefined : checkFile(path, source) // .ts is also a format of translations
  if (fault !== undefined) process.stdout.write(`${JSON.stringify({ path, ...fault })}\n`)
}
