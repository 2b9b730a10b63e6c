import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'

/** Absolute path of a program, found as a shell finds it; undefined when it is not on PATH. */
export function findOnPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const file = resolve(join(folder === '' ? '.' : folder, name))
    if (isProgram(file)) return file
  }
  return undefined
}

/** As `findOnPath`; a name with a slash is a path, relative to `folder`. */
export function findProgram(name: string, env: NodeJS.ProcessEnv, folder: string): string | undefined {
  if (!name.includes('/')) return findOnPath(name, env)
  const file = isAbsolute(name) ? name : resolve(folder, name)
  return isProgram(file) ? file : undefined
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
