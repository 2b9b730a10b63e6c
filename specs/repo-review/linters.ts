import { relative, resolve } from 'node:path'
import type { Finding } from './step.ts'
import { brief, recordOf } from './step.ts'

/** A linter that a repository may have set up, and how to run it without changing a file. */
export interface Linter {
  readonly name: string
  /** Files at the root that configure it. */
  readonly config: RegExp
  /** A key of package.json, or a section of pyproject.toml, that configures it. */
  readonly manifestKey: string
  /** Arguments after the program. */
  readonly args: readonly string[]
  /** What it found; throws when the output is not what this linter prints. */
  readonly parse: (output: string, root: string) => Finding[]
  /** Whether a program on PATH will do, where none is installed in the repository. */
  readonly onPath?: true
}

const place = (root: string, file: unknown, line: unknown): { file?: string; line?: number } =>
  typeof file === 'string' && file !== ''
    ? {
        file: relative(root, resolve(root, file)).replaceAll('\\', '/'),
        ...(Number(line) > 0 ? { line: Number(line) } : {}),
      }
    : {}
const worded = (text: unknown, code: unknown): string =>
  `${brief(String(text), 180)}${typeof code === 'string' && code !== '' ? ` (${code})` : ''}`
const list = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.map(recordOf) : [])

export const linters: readonly Linter[] = [
  {
    name: 'oxlint',
    config: /^\.?oxlintrc\.jsonc?$|^oxlint\.config\.\w+$/,
    manifestKey: 'oxlint',
    args: ['--format', 'json', '--ignore-pattern', '**/node_modules/**', '.'],
    parse: (output, root) =>
      list(recordOf(JSON.parse(output)).diagnostics).map((item) => {
        const [label] = list(item.labels)
        return {
          severity: item.severity === 'error' ? 'medium' : 'low',
          ...place(root, item.filename, recordOf(label?.span).line),
          message: worded(item.message, item.code),
        }
      }),
  },
  {
    name: 'eslint',
    config: /^eslint\.config\.[cm]?[jt]s$|^\.eslintrc(\.\w+)?$/,
    manifestKey: 'eslintConfig',
    args: ['--format', 'json', '.'],
    parse: (output, root) =>
      (JSON.parse(output) as unknown[]).map(recordOf).flatMap((file) =>
        list(file.messages).map((item) => ({
          severity: item.fatal === true ? 'high' : item.severity === 2 ? 'medium' : 'low',
          ...place(root, file.filePath, item.line),
          message: worded(item.message, item.ruleId),
        })),
      ),
  },
  {
    name: 'biome',
    config: /^\.?biome\.jsonc?$/,
    manifestKey: 'biome',
    args: ['lint', '--reporter=github', '--max-diagnostics=2000', '.'],
    parse: (output, root) =>
      [...output.matchAll(/^::(error|warning|notice) title=([^,]*),file=([^,]*),line=(\d+),[^:]*::(.*)$/gm)].map(
        ([, severity, code, file, line, message]) => ({
          severity: severity === 'error' ? 'medium' : 'low',
          ...place(root, file, line),
          message: worded(message, code),
        }),
      ),
  },
  {
    name: 'ruff',
    config: /^\.?ruff\.toml$/,
    manifestKey: 'tool.ruff',
    args: ['check', '--no-fix', '--no-cache', '--output-format', 'json', '.'],
    onPath: true,
    parse: (output, root) =>
      (JSON.parse(output) as unknown[]).map(recordOf).map((item) => ({
        severity: 'low',
        ...place(root, item.filename, recordOf(item.location).row),
        message: worded(item.message, item.code),
      })),
  },
]
