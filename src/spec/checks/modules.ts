import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isJsonObject } from '../../json.ts'
import { didYouMean } from '../nearest.ts'
import { outlineBlocks } from '../outline.ts'
import type { SourcePath } from '../source.ts'
import type { CheckContext } from '../report.ts'

interface PlacedTarget {
  readonly text: string
  readonly at: SourcePath
}

const targetPattern = /^(\.{0,2}\/.+)#([A-Za-z_$][\w$]*)$/

/** Does every `call` say a file and a name in it? */
export function checkTargets(context: CheckContext): void {
  for (const { text, at } of targetsOf(context)) {
    if (targetPattern.test(text)) continue
    const message = `\`${text}\` does not say what to call: write \`./module.ts#export\`, relative to the spec.`
    context.report({ code: 'CALL_TARGET', message, at })
  }
}

/** Is every called function there? Loads the modules, which runs their top level. `dir` is the folder of the spec. */
export async function checkModules(context: CheckContext, dir: string): Promise<void> {
  for (const { text, at } of targetsOf(context)) {
    const [, path, name] = targetPattern.exec(text) ?? []
    if (path === undefined || name === undefined) continue
    const file = resolve(dir, path)
    if (!existsSync(file)) {
      context.report({
        code: 'MODULE_NOT_FOUND',
        message: `There is no file ${file}: paths of \`call\` are relative to the spec.`,
        at,
      })
      continue
    }
    const found = await importModule(file)
    if (found.failure !== undefined) {
      context.report({ code: 'MODULE_FAILED', message: `${file} cannot be loaded: ${found.failure}`, at })
      continue
    }
    if (typeof found.module[name] === 'function') continue
    const functions = Object.keys(found.module).filter((key) => typeof found.module[key] === 'function')
    const what = name in found.module ? `\`${name}\` of ${file} is not a function` : `${file} exports no \`${name}\``
    const known = functions.length === 0 ? 'it exports no function' : `its functions are ${functions.join(', ')}`
    context.report({ code: 'EXPORT_NOT_FOUND', message: `${what}: ${known}.${didYouMean(name, functions)}`, at })
  }
}

/** Loads a module, TypeScript too where Node can; what keeps it from loading is given back as text. */
export async function importModule(
  file: string,
): Promise<{ module: Record<string, unknown>; failure?: undefined } | { failure: string; error: unknown }> {
  try {
    const module: Record<string, unknown> = await import(pathToFileURL(file).href)
    return { module }
  } catch (error) {
    const isTypeScript = /\.[mc]?ts$/.test(file)
    const isUnknownKind = error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION'
    const tooOld = ' This Node is too old for TypeScript modules: use Node 24, or write the module in JavaScript.'
    const hint = isTypeScript && isUnknownKind ? tooOld : ''
    return { failure: `${error instanceof Error ? error.message : String(error)}.${hint}`, error }
  }
}

function targetsOf({ stages }: CheckContext): PlacedTarget[] {
  return [...outlineBlocks(stages)].flatMap(({ value, at }) => {
    const { call, reduce } = value
    const targets: PlacedTarget[] = typeof call === 'string' ? [{ text: call, at: [...at, 'call'] }] : []
    const reducer = isJsonObject(reduce) ? reduce['call'] : undefined
    if (typeof reducer === 'string') targets.push({ text: reducer, at: [...at, 'reduce', 'call'] })
    return targets
  })
}
