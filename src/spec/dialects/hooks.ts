import { dirname, resolve } from 'node:path'
import { TerminalError } from '../../errors.ts'
import { isJsonObject, type Json, type JsonObject, toText } from '../../json.ts'
import type { CallContext } from '../../step-function.ts'
import { noteHookTarget } from '../hook-target.ts'
import { importModule } from '../import-module.ts'
import type { HookFunction, TranslationOptions } from './translation.ts'

/**
 * Guards, mappers and reducers of foreign specs. There they are functions of what a step gets and of the steps before
 * it; here they become steps of their own, in front of or behind the step, that call them so.
 */

/** What a hook of a spec is. */
export type Hook =
  | { readonly kind: 'expression'; readonly code: string }
  | { readonly kind: 'function'; readonly run: HookFunction; readonly target?: string }
  | { readonly kind: 'missing'; readonly name: string }

const targetPattern = /^(\.{0,2}\/.+)#([A-Za-z_$][\w$]*)$/
/** `package.module:export` or `./module#export`: neither is an expression. */
const functionName = /^[\w./@-]+[#:][\w.]+$/

/** Tells what a hook is: `functions` are those that the file names, by the names it has for them. */
export function hookReader(options: TranslationOptions, functions: unknown): (value: unknown, type: unknown) => Hook {
  const named = isJsonObject(functions) ? functions : {}
  const dir = dirname(options.file)
  return (value, type) => {
    if (typeof value === 'function') return { kind: 'function', run: value as HookFunction }
    const text = String(value).trim()
    const known = options.functions ?? {}
    const registered = Object.hasOwn(known, text) ? known[text] : undefined
    if (registered !== undefined) return { kind: 'function', run: registered }
    const written = Object.hasOwn(named, text) ? named[text] : text
    const target = typeof written === 'string' ? written : text
    const [, path, name] = targetPattern.exec(target) ?? []
    if (path !== undefined && name !== undefined) {
      return { kind: 'function', target, run: (...values) => load(resolve(dir, path), name).then((run) => run(...values)) }
    }
    return type === 'function' || functionName.test(text)
      ? { kind: 'missing', name: text }
      : { kind: 'expression', code: String(value) }
  }
}

export function isTarget(text: unknown): boolean {
  return typeof text === 'string' && targetPattern.test(text)
}

type FunctionHook = Extract<Hook, { kind: 'function' }>

/**
 * A step in front of the guarded one: skipped when the guard is false; when it is true it gives what it got. So the
 * input of the guarded step is the same either way.
 */
export function guardStep(hook: FunctionHook): Json {
  return step(hook, async (input, context) => {
    const current = input['current_input'] ?? null
    const verdict = await hook.run(current, priorSteps(input), context)
    if (verdict === false) return context.skip(`its guard${hook.target === undefined ? '' : ` ${hook.target}`} is false`)
    if (verdict === true) return current
    throw new TerminalError('GUARD_NOT_BOOLEAN', `The guard gave ${typeof verdict} where true or false is needed.`)
  })
}

/** A step that gives what the function makes of `key` of its input, and of the steps before. */
export function hookStep(hook: FunctionHook, key: 'current_input' | 'outputs'): Json {
  return step(hook, (input, context) => hook.run(input[key] ?? null, priorSteps(input), context))
}

/** Functions stand in a translation as they do in a spec made with `defineWorkflow`. */
function step(hook: FunctionHook, run: (input: JsonObject, context: CallContext) => unknown): Json {
  if (hook.target !== undefined) noteHookTarget(run, hook.target)
  return run as unknown as Json
}

/** What was said of the steps before, without those that did not complete. */
function priorSteps(input: JsonObject): JsonObject[] {
  const steps: readonly Json[] = Array.isArray(input['prior_steps']) ? input['prior_steps'] : []
  return steps.filter(isJsonObject).flatMap(({ status, output = null, ...named }) => {
    if (status !== 'completed') return []
    const structured = typeof output === 'string' ? null : output
    return [{ ...named, response_text: toText(output), structured_output: structured }]
  })
}

async function load(file: string, name: string): Promise<HookFunction> {
  const found = await importModule(file)
  const made = found.failure === undefined ? found.module[name] : undefined
  if (typeof made === 'function') return made as HookFunction
  const why = found.failure ?? `it exports no function \`${name}\``
  throw new TerminalError('CALL_TARGET_NOT_FOUND', `${file} cannot be called: ${why}.`)
}
