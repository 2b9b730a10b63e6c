import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { isJsonObject } from '../../json.ts'
import { hookTarget } from '../hook-target.ts'
import { importModule } from '../import-module.ts'
import { didYouMean } from '../nearest.ts'
import { outlineBlocks } from '../outline.ts'
import type { SourcePath } from '../source.ts'
import type { CheckContext } from '../report.ts'

interface PlacedTarget {
  readonly target: unknown
  readonly at: SourcePath
  readonly isReducer: boolean
  /** May also be a tool object of the Agents SDK. */
  readonly isTool?: boolean
}

const targetPattern = /^(\.{0,2}\/.+)#([A-Za-z_$][\w$]*)$/

/** Does every `call` say a file and a name in it? */
export function checkTargets(context: CheckContext): void {
  for (const { target, at, isReducer } of targetsOf(context)) {
    if (isReducer && takesNothing(target)) reportNoList(context, 'this function', at)
    if (typeof target !== 'string' || targetPattern.test(target)) continue
    const message = `\`${target}\` does not say what to call: write \`./module.ts#export\`, relative to the spec.`
    context.report({ code: 'CALL_TARGET', message, at })
  }
}

/** Is every called function there? Loads the modules, which runs their top level. `dir` is the folder of the spec. */
export async function checkModules(context: CheckContext, dir: string): Promise<void> {
  for (const { target, at, isReducer, isTool = false } of targetsOf(context)) {
    const text = typeof target === 'string' ? target : hookTarget(target)
    const [, path, name] = targetPattern.exec(text ?? '') ?? []
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
    if (isTool && isSdkTool(found.module[name])) continue
    if (typeof found.module[name] === 'function') {
      if (isReducer && takesNothing(found.module[name])) reportNoList(context, `\`${name}\` of ${file}`, at)
      continue
    }
    const functions = Object.keys(found.module).filter((key) => typeof found.module[key] === 'function')
    const what = name in found.module ? `\`${name}\` of ${file} is not a function` : `${file} exports no \`${name}\``
    const known = functions.length === 0 ? 'it exports no function' : `its functions are ${functions.join(', ')}`
    context.report({ code: 'EXPORT_NOT_FOUND', message: `${what}: ${known}.${didYouMean(name, functions)}`, at })
  }
}

function isSdkTool(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'function' && 'invoke' in value
}

function targetsOf(context: CheckContext): PlacedTarget[] {
  return [...targetsOfBlocks(context), ...targetsOfAgents(context)]
}

/** The functions that agents are, call or are guarded by. */
function targetsOfAgents({ data }: CheckContext): PlacedTarget[] {
  return Object.entries(isJsonObject(data['agents']) ? data['agents'] : {}).flatMap(([name, agent]) => {
    if (!isJsonObject(agent)) return []
    const at = ['agents', name]
    const found: PlacedTarget[] = [{ target: agent['call'], at: [...at, 'call'], isReducer: false }]
    const { tools, guardrails } = agent
    for (const [index, tool] of (Array.isArray(tools) ? tools : []).entries()) {
      const place = [...at, 'tools', index]
      if (isJsonObject(tool)) found.push({ target: tool['call'], at: [...place, 'call'], isReducer: false, isTool: true })
      else found.push({ target: tool, at: place, isReducer: false, isTool: true })
    }
    for (const [side, targets] of Object.entries(isJsonObject(guardrails) ? guardrails : {})) {
      for (const [index, target] of (Array.isArray(targets) ? targets : []).entries()) {
        found.push({ target, at: [...at, 'guardrails', side, index], isReducer: false })
      }
    }
    return found
  })
}

function targetsOfBlocks({ stages }: CheckContext): PlacedTarget[] {
  return [...outlineBlocks(stages)].flatMap(({ value, at }) => {
    const { call, reduce } = value
    const reducer = isJsonObject(reduce) ? reduce['call'] : undefined
    return [
      { target: call, at: [...at, 'call'], isReducer: false },
      { target: reducer, at: [...at, 'reduce', 'call'], isReducer: true },
    ]
  })
}

/** A function without a parameter, not even one with a default or a rest, which do not count in its length. */
function takesNothing(value: unknown): boolean {
  if (typeof value !== 'function' || value.length > 0) return false
  return /^(?:async\s+)?(?:function\b[^(]*|[\w$]+\s*)?\(\s*\)/.test(Function.prototype.toString.call(value))
}

function reportNoList({ report }: CheckContext, which: string, at: SourcePath): void {
  const message = `A reducer is called with the list of outputs, and ${which} takes nothing: write \`(outputs) => …\`.`
  report({ code: 'REDUCER_TAKES_NO_LIST', message, at })
}
