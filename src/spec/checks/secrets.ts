import type { CheckContext } from '../report.ts'
import type { SourcePath } from '../source.ts'

/** Under these stands data of the author's, in which a key called `id` is nothing of ours. */
const dataKeys = new Set(['input', 'output', 'with', 'body', 'env', 'headers', 'stdin', 'replies', 'rehearse', 'settings', 'schema'])
/** What names things, which is no secret however it looks. */
const nameKeys = new Set(['id', 'uses', 'agent', 'needs', 'handoffs', 'goto', 'synthesize'])
/** Of an agent, what is read as a template. */
const agentTemplates = new Set<unknown>(['instructions', 'rehearse', 'replies', 'mcp'])

/** Keys, tokens and passwords that were written into the spec: `hide` tells them. They are never quoted. */
export function checkSecrets({ data, report }: CheckContext, hide: (text: string) => string): void {
  const seen = new Set<object>()
  look(data, [], false)

  function look(value: unknown, at: SourcePath, isData: boolean): void {
    if (typeof value === 'string') {
      if (hide(value) !== value) tell(at, 'value')
      return
    }
    // A spec made with `defineWorkflow` may hold functions, and objects of other libraries.
    if (typeof value !== 'object' || value === null || seen.has(value) || !(Array.isArray(value) || isPlain(value))) return
    seen.add(value)
    if (Array.isArray(value)) {
      for (const [index, each] of value.entries()) look(each, [...at, index], isData)
      return
    }
    for (const [key, each] of Object.entries(value)) {
      const here = [...at, key]
      if (isData && hide(key) !== key) tell(here, 'key')
      if (isData || !nameKeys.has(key)) look(each, here, isData || dataKeys.has(key))
    }
  }

  function tell(at: SourcePath, part: 'key' | 'value'): void {
    const [top, , key] = at
    const remedy =
      top === 'agents' && !agentTemplates.has(key)
        ? 'Keep it in the environment, which the programs of agents are given.'
        : 'Keep it in the environment, list the variable under `env` of the workflow, and write `${{ env.NAME }}` here.'
    const message = `There is what looks like a key or a password here, or in the file that is named. ${remedy} A run does not store it, and needs the spec to be resumed.`
    report({ code: 'SECRET_IN_SPEC', severity: 'warning', message, at, part })
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
