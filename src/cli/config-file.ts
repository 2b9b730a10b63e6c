import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Config, configSchema } from '../config.ts'
import { UsageError } from '../errors.ts'
import type { Problem } from '../spec/problem.ts'
import { readText } from '../spec/source.ts'
import { reportIssues } from '../spec/zod-issues.ts'
import { problemList } from './failure.ts'

/** In the order in which they are looked for; in one folder there may be only one. */
const fileNames = ['forkchart.config.yaml', 'forkchart.config.yml', 'forkchart.config.json']

/**
 * The config of the nearest folder that has one, from `cwd` up; an empty one when none has. Throws UsageError
 * CONFIG_INVALID that names every mistake with its file, line and column.
 */
export function readConfig(cwd: string): Config {
  const file = configFile(cwd)
  if (file === undefined) return {}
  const { source, data, problems } = readText(readFileSync(file, 'utf8'), file, file.endsWith('.json') ? 'json' : 'yaml')
  const found: Problem[] = problems.filter(({ severity }) => severity === 'error').map((problem) => ({ ...problem, file, path: '' }))
  // An empty file says nothing.
  const value = data ?? {}
  if (found.length === 0) {
    reportIssues(
      {
        report: ({ code, message, at, part }) =>
          found.push({ code, severity: 'error', message, file, ...source.position(at, part), path: at.join('.') }),
      },
      configSchema,
      value,
      [],
      { laterIn: () => new Set() },
    )
  }
  if (found.length === 0) return configSchema.parse(value)
  throw new UsageError('CONFIG_INVALID', `The config cannot be used:\n${problemList(found, cwd).trimEnd()}`)
}

function configFile(cwd: string): string | undefined {
  for (let dir = cwd; ; dir = dirname(dir)) {
    const here = fileNames.map((name) => join(dir, name)).filter((file) => existsSync(file))
    if (here.length > 1) {
      throw new UsageError('CONFIG_INVALID', `There are several configs in ${dir}: keep one of ${here.join(', ')}.`)
    }
    if (here[0] !== undefined || dir === dirname(dir)) return here[0]
  }
}
