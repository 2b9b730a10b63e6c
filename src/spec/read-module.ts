import { importModule } from './import-module.ts'
import type { Problem } from './problem.ts'

/** Loads a module and takes the workflow that it exports. Never throws. */
export async function readModule(file: string, text: string): Promise<{ readonly data: unknown; readonly problems: Problem[] }> {
  const found = await importModule(file)
  const spec = found.failure === undefined ? specOf(found.module) : undefined
  if (spec !== undefined) return { data: spec, problems: [] }
  const message = found.failure ?? 'it exports no workflow: export one as `workflow` or as the default.'
  const place = found.failure !== undefined && found.error instanceof Error ? placeIn(found.error, file, text) : undefined
  const problem: Problem = {
    code: 'MODULE_FAILED',
    severity: 'error',
    message: `The module cannot be used: ${message}`,
    file,
    path: '',
    ...(place ?? { line: 1, column: 1 }),
  }
  return { data: undefined, problems: [problem] }
}

function specOf(module: Record<string, unknown>): unknown {
  return module['workflow'] ?? module['default']
}

/** Where in the file an error was thrown, as its stack tells; for wrong syntax only the line is told. */
function placeIn(error: Error, file: string, text: string): { line: number; column: number } | undefined {
  const stack = error.stack ?? ''
  const at = stack.indexOf(file)
  const [, line, column = '1'] = at === -1 ? [] : (/^:(\d+)(?::(\d+))?/.exec(stack.slice(at + file.length)) ?? [])
  const isInside = line !== undefined && Number(line) <= text.split('\n').length
  return isInside ? { line: Number(line), column: Number(column) } : undefined
}
