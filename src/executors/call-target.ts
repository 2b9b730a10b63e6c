import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nodeErrorCode, TerminalError } from '../errors.ts'
import type { StepFunction } from '../step-function.ts'

/**
 * Finds the function that a target names: `file:///…/module.ts#export`, else the name of a registered function.
 * Throws TerminalError CALL_TARGET_NOT_FOUND, CALL_IMPORT_FAILED, or CALL_NEEDS_NODE_22_18 for TypeScript on a Node
 * that does not load it.
 */
export async function findFunction(
  target: string,
  functions: Readonly<Record<string, StepFunction>>,
): Promise<StepFunction> {
  if (!target.startsWith('file:')) return registered(target, functions)
  const { module, url, name } = await moduleOf(target)
  const found = module[name]
  if (isStepFunction(found)) return found
  const why = found === undefined ? 'does not export it' : `exports it as ${found === null ? 'null' : typeof found}`
  const others = Object.keys(module).filter((key) => isStepFunction(module[key]))
  throw new TerminalError(
    'CALL_TARGET_NOT_FOUND',
    `There is no function "${name}": ${fileURLToPath(url)} ${why}. ${offered(others, 'It exports')}`,
  )
}

/** What a target names, be it a function or not; undefined when the module does not export it. Throws as `findFunction` does. */
export async function findExport(target: string, functions: Readonly<Record<string, StepFunction>>): Promise<unknown> {
  if (!target.startsWith('file:')) return registered(target, functions)
  const { module, name } = await moduleOf(target)
  return module[name]
}

async function moduleOf(target: string) {
  const url = new URL(target)
  const name = decodeURIComponent(url.hash.slice(1)) || 'default'
  url.hash = ''
  return { module: await load(url), url, name }
}

function registered(name: string, functions: Readonly<Record<string, StepFunction>>): StepFunction {
  const found = Object.hasOwn(functions, name) ? functions[name] : undefined
  if (found !== undefined) return found
  throw new TerminalError(
    'CALL_TARGET_NOT_FOUND',
    `No function "${name}" was registered. ${offered(Object.keys(functions), 'Registered are')} ` +
      `Name one of a module as ./module.ts#${name}.`,
  )
}

/** The module system keeps modules it has loaded. */
async function load(url: URL): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(url.href)
  } catch (cause) {
    const file = fileURLToPath(url)
    const code = nodeErrorCode(cause)
    if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[cm]?ts$/.test(file)) {
      throw new TerminalError(
        'CALL_NEEDS_NODE_22_18',
        `${file} is TypeScript, which Node ${process.versions.node} does not load. ` +
          'Use Node 22.18 or later, or point the step to a .js file.',
        { cause },
      )
    }
    if (code === 'ERR_MODULE_NOT_FOUND' && !existsSync(file)) {
      const message = `There is no module ${file}. Correct the path of the \`call\`; it is relative to the spec.`
      throw new TerminalError('CALL_TARGET_NOT_FOUND', message, { cause })
    }
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new TerminalError('CALL_IMPORT_FAILED', `${file} could not be loaded: ${message}`, { cause })
  }
}

function isStepFunction(value: unknown): value is StepFunction {
  return typeof value === 'function'
}

function offered(names: readonly string[], what: string): string {
  return names.length === 0 ? `${what} none.` : `${what}: ${names.slice(0, 20).join(', ')}.`
}
