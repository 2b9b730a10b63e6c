import { isJsonObject, type JsonObject } from '../json.ts'
import type { Finding } from './report.ts'
import type { SourcePath } from './source.ts'

/** The keys whose text may be `file:` and a path: what an agent is told. */
const promptKeys: readonly string[] = ['prompt', 'instructions']
/** What is under these is data of the author's, in which a key called `prompt` is nothing of ours. */
const dataKeys: readonly string[] = ['input', 'output', 'with', 'body', 'env', 'headers', 'stdin', 'replies', 'rehearse', 'output_schema']
const filePattern = /^file:\s*(\S[^\n]*?)\s*$/

/**
 * A spec with the texts of its prompt files in place of `file:prompts/plan.md`, relative to the spec. So a run keeps
 * what its agents were told, whatever becomes of the files.
 */
export function withPromptFiles(
  data: JsonObject,
  readText: (path: string) => string | undefined,
  report: (finding: Finding) => void,
): JsonObject {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, read(key, value, [key])])) as JsonObject

  function read(key: string, value: unknown, at: SourcePath): unknown {
    if (typeof value === 'string' && promptKeys.includes(key)) return textOf(value, at)
    if (Array.isArray(value)) return value.map((item: unknown, index) => read(key, item, [...at, index]))
    // Only plain objects: a spec made with `defineWorkflow` may hold others.
    if (!isJsonObject(value) || dataKeys.includes(key)) return value
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, read(name, inner, [...at, name])]))
  }

  function textOf(value: string, at: SourcePath): string {
    const [, path] = filePattern.exec(value) ?? []
    if (path === undefined) return value
    const text = readText(path)
    if (text === undefined) report(missingPromptFile(path, at))
    return text ?? ''
  }
}

export function missingPromptFile(path: string, at: SourcePath): Finding {
  const message = `There is no file \`${path}\` that can be read: paths of prompts are relative to the spec. Write the text here, or make the file.`
  return { code: 'PROMPT_FILE_MISSING', message, at }
}
