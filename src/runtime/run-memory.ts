import { z } from 'zod'
import { interruptedCode } from '../errors.ts'
import type { RunEvent } from '../events.ts'
import type { AgentMemory } from '../executors/executor.ts'
import { type Json, toText } from '../json.ts'
import type { Workflow } from '../spec/ir.ts'
import { isAtOrIn } from './undo-ends.ts'

/** An attempt of a step whose agent has a memory. */
interface Draft {
  /** Number of the event that started it: names it over restarts. */
  readonly seq: number
  readonly path: string
  readonly agent: string
  prompt: string
  said: string
  readonly tools: AgentMemory['tools'][number][]
  /** Of those, what tools gave before it was cut off and may give again, when it begins anew instead of going on. */
  readonly before: AgentMemory['tools'][number][]
  readonly decisions: AgentMemory['decisions'][number][]
}

interface Entry extends AgentMemory {
  readonly seq: number
}

/** Most attempts that are remembered, and the longest text of one, in characters. */
const mostEntries = 100
const longestText = 4000

/** What cannot be read off the events; kept apart from them. */
const savedSchema = z.object({ prompts: z.record(z.string(), z.string()) })

/**
 * What the agents of a run that have a memory did in it, read off its events: the answers and failures of their steps, what
 * they said and got from tools, and how their questions were answered. Only what they were asked has to be told, and saved.
 */
export class RunMemory {
  /** Whether any is kept beyond the run. */
  readonly isKept: boolean
  readonly #workflow: Workflow
  readonly #drafts = new Map<string, Draft>()
  readonly #questions = new Map<string, string>()
  /** What was done before they were cut off, by the paths of steps. */
  readonly #cut = new Map<string, Pick<Draft, 'tools' | 'decisions'>>()
  #entries: Entry[] = []

  constructor(workflow: Workflow) {
    const agents = Object.values(workflow.agents)
    this.#workflow = workflow
    this.isKept = agents.some(({ memory }) => memory?.keep === true)
  }

  has(agent: string): boolean {
    return this.#workflow.agents[agent]?.memory !== undefined
  }

  take(event: RunEvent): void {
    if (event.type === 'run.resumed' && event.data.again !== undefined) {
      const undone = [...event.data.again, ...(event.data.undone ?? [])]
      this.#entries = this.#entries.filter(({ path }) => !undone.some((each) => isAtOrIn(path, each)))
    }
    if (event.path !== undefined && event.agent !== undefined && this.has(event.agent)) this.#takeStep(event, event.path, event.agent)
  }

  #takeStep(event: RunEvent, path: string, agent: string): void {
    const draft = this.#drafts.get(path)
    switch (event.type) {
      case 'step.started':
        this.#drafts.set(path, { seq: event.seq, path, agent, prompt: '', said: '', tools: [], decisions: [], ...this.#cut.get(path), before: [...(this.#cut.get(path)?.tools ?? [])] })
        this.#cut.delete(path)
        return
      case 'agent.message':
        if (draft !== undefined) draft.said = cut(event.data.text)
        return
      case 'agent.tool_result':
        if (draft !== undefined) addTool(draft, { tool: event.data.tool, result: cut(toText(event.data.output)) })
        return
      case 'ask.opened':
        this.#questions.set(event.data.ask, event.data.message)
        return
      case 'ask.answered':
        draft?.decisions.push({ question: cut(this.#questions.get(event.data.ask) ?? ''), answer: cut(toText(event.data.value)) })
        return
      case 'step.completed':
        return this.#end(draft, { output: cut(toText(event.data.output)) })
      case 'step.failed':
        return this.#end(draft, { error: cut(event.data.error.message) })
      case 'step.retrying':
        // What was cut off has nothing to tell of itself, but goes on: what was answered and what tools gave is not asked for again.
        if (event.data.error.code === interruptedCode) {
          if (draft !== undefined) this.#cut.set(path, { tools: draft.tools, decisions: draft.decisions })
          this.#drafts.delete(path)
        } else this.#end(draft, { error: cut(event.data.error.message) })
        return
      case 'step.cancelled':
      case 'step.skipped':
        this.#cut.delete(path)
        this.#drafts.delete(path)
        return
      default:
    }
  }

  #end(draft: Draft | undefined, how: Pick<Entry, 'output' | 'error'>): void {
    if (draft === undefined) return
    this.#drafts.delete(draft.path)
    const { said, before: _, ...rest } = draft
    // What an agent that answered said is its answer.
    this.#entries.push({ ...rest, ...how, ...(how.output === undefined && said !== '' ? { said } : {}) })
    if (this.#entries.length > mostEntries) this.#entries.shift()
  }

  /** What an agent with a memory is told now: the oldest first. */
  entries(): AgentMemory[] {
    return this.#entries.map(({ seq: _, ...entry }) => entry)
  }

  /** Notes what the attempt under way at `path` is asked. */
  notePrompt(path: string, prompt: string): void {
    const draft = this.#drafts.get(path)
    if (draft !== undefined) draft.prompt = cut(prompt)
  }

  /** What has to be saved to have it all again. */
  save(): Json {
    const prompts = [...this.#entries, ...this.#drafts.values()].filter(({ prompt }) => prompt !== '')
    return { prompts: Object.fromEntries(prompts.map(({ seq, prompt }) => [String(seq), prompt])) }
  }

  /** Takes in what was saved; what is none is nothing. */
  load(saved: Json | undefined): void {
    const { data } = savedSchema.safeParse(saved)
    if (data === undefined) return
    const known = (seq: number): string => data.prompts[String(seq)] ?? ''
    this.#entries = this.#entries.map((entry) => (entry.prompt === '' ? { ...entry, prompt: known(entry.seq) } : entry))
    for (const draft of this.#drafts.values()) if (draft.prompt === '') draft.prompt = known(draft.seq)
  }

  /** What stays after the run: of the agents whose memory is kept. */
  kept(): Json {
    const entries = this.entries().filter(({ agent }) => this.#workflow.agents[agent]?.memory?.keep === true)
    return { entries: entries as unknown as Json }
  }
}

function addTool({ tools, before }: Draft, told: Draft['tools'][number]): void {
  const known = before.findIndex(({ tool, result }) => tool === told.tool && result === told.result)
  if (known === -1) tools.push(told)
  else before.splice(known, 1)
}

function cut(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText)}… (${text.length - longestText} characters left out)`
}
