import { recordOf } from './step.ts'

/** What is said of an empty file: untidy, but nothing in it is wrong. */
export const emptyFile = 'the file is empty'

/**
 * Why a text is not JSON, or undefined when it is. JSON with comments and trailing commas, one value per line, and
 * templates of JSON pass as well: that is what such files are for.
 */
export function parseLooseJson(text: string): { readonly message: string; readonly line?: number } | undefined {
  const source = text.replace(/^\uFEFF/, '')
  try {
    JSON.parse(source)
    return undefined
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (parses(withoutComments(source)) || isLines(source) || /\{\{|\{%|<%|\$\{/.test(source)) return undefined
    if (source.trim() === '') return { message: emptyFile, line: 1 }
    return { message: message.replace(/, "?\.\.\.[\s\S]*|, "[\s\S]*/, ''), ...faultLine(source, message) }
  }
}

/** Node names the place of some mistakes only. */
function faultLine(source: string, message: string): { line?: number } {
  const line = Number(/line (\d+)/.exec(message)?.[1])
  if (line > 0) return { line }
  return message.includes('end of JSON') ? { line: source.trimEnd().split('\n').length } : {}
}

function isLines(source: string): boolean {
  const lines = source.split('\n').filter((line) => line.trim() !== '')
  return lines.length > 1 && lines.every((line) => parses(line))
}

function parses(source: string): boolean {
  try {
    JSON.parse(source)
    return true
  } catch {
    return false
  }
}

/** Comments and trailing commas taken out, outside strings. */
function withoutComments(source: string): string {
  const bare = source.replace(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (part) =>
    part.startsWith('"') ? part : ' ',
  )
  return bare.replace(/"(?:[^"\\\n]|\\.)*"|,(?=\s*[}\]])/g, (part) => (part.startsWith('"') ? part : ''))
}

/** The object in a configuration file that may hold comments; an empty one when there is none. */
export function parseLooseObject(text: string): Record<string, unknown> {
  const bare = withoutComments(text.replace(/^\uFEFF/, ''))
  return parses(bare) ? recordOf(JSON.parse(bare)) : {}
}
