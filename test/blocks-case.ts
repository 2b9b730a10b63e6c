import type { Json } from '../src/json.ts'
import type { Workflow } from '../src/spec/ir.ts'
import { parseSpec } from '../src/spec/load.ts'

/** One minimal workflow for a block or an option of one, and all that comes of it. */
export interface BlockCase {
  readonly name: string
  /** As an author writes it, in YAML, but for the targets of calls: `work` is what they do. */
  readonly stages: string
  /** `in` unless told. */
  readonly input?: Json
  /** What a step does at its first, second ... start; the last entry holds for all that follow. Unless told it echoes. */
  readonly work?: Readonly<Record<string, readonly (Json | Act)[]>>
  /** `oneAtATime`: one step of the run at a time, so that the order of events shows who waits for whom. */
  readonly oneAtATime?: true
  /**
   * Every event but `queued`, in order: `>` started, `=` completed, `!` failed, `-` skipped, `x` cancelled, `(` group
   * started, `)` group joined, then the path, `#` and the round, and the reason or the group's status; `|` between them.
   */
  readonly events: string
  /** The output, or how the error's code, path and message begin. */
  readonly settles: { readonly done: Json } | { readonly failed: string }
}

/** What a step does other than to give an output. */
export interface Act {
  readonly act: 'echo' | 'break' | 'skip'
  /** How long it takes, in ms. */
  readonly ms: number
}

export const breaks: Act = { act: 'break', ms: 0 }
export const skips: Act = { act: 'skip', ms: 0 }
/** Gives its path and its input, after a while. */
export const late = (ms: number): Act => ({ act: 'echo', ms })
export const breaksLate = (ms: number): Act => ({ act: 'break', ms })

export function workflowOf({ stages, oneAtATime }: BlockCase): Workflow {
  const lines = stages.replace(/^\n/, '').replaceAll('call: w', 'call: ./w.ts#w')
  const limits = `limits: { concurrency: ${oneAtATime === true ? 1 : 100} }`
  const agents = 'agents: { writer: { uses: scripted, replies: [never asked] } }'
  const text = `forkchart: 1\nname: case\n${limits}\n${agents}\nstages:\n${lines}\n`
  return parseSpec(text, { file: '/spec/case.yaml', format: 'yaml' }).workflow
}
