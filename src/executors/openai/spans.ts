import type { ExecutionContext } from '../executor.ts'
import { loadOpenAI } from './sdk.ts'
import type { OpenAISettings } from './settings.ts'
import { endOf, openingOf, type Opening } from './span-data.ts'
import { inTracingScope, type SdkSpan, type SpanListener } from './tracing-scope.ts'

export interface AgentSpansOptions {
  readonly tell: ExecutionContext['span']
  /** Of the agents of the step, by name. */
  readonly settings: ReadonlyMap<string, OpenAISettings>
  /** Ids of the tool calls that failed. */
  readonly failed: ReadonlySet<string>
}

/** What is known of a span of the SDK for those inside of it. */
interface Place {
  /** Our number for it, or for what is around it; undefined: the attempt. */
  readonly span: number | undefined
  /** The agent at work. */
  readonly agent: string | undefined
  /** Whether a tool does it. */
  readonly inTool: boolean
}

const attempt: Place = { span: undefined, agent: undefined, inTool: false }

/**
 * Tells the spans of the SDK of one attempt: agents, turns, questions to models, calls of tools, hand-overs, guardrails, lists
 * of tools, and what tools add of their own. What was said in them is left out. None is told after `end`.
 */
export class AgentSpans implements SpanListener {
  readonly #settings: AgentSpansOptions['settings']
  readonly #failed: AgentSpansOptions['failed']
  /** Gone when the attempt is over: sockets that are kept open may know this for longer. */
  #tell: AgentSpansOptions['tell']
  readonly #places = new Map<string, Place>()
  /** Calls of tools whose id is not known yet. */
  readonly #calling = new Map<string, Place>()
  readonly #open = new Map<string, { readonly span: number; readonly call: string | undefined }>()
  #count = 0

  constructor({ tell, settings, failed }: AgentSpansOptions) {
    this.#tell = tell
    this.#settings = settings
    this.#failed = failed
  }

  /** Does this with all the spans that the SDK makes meanwhile. */
  within<T>(work: () => T): T {
    return inTracingScope(loadOpenAI().sdk, this, work)
  }

  started(span: SdkSpan): void {
    if (this.#tell === undefined) return
    const around = this.#places.get(span.parentId ?? '') ?? attempt
    const opening = openingOf(span.spanData, around.inTool ? undefined : this.#settings.get(around.agent ?? ''))
    this.#places.set(span.spanId, around)
    // One run of the SDK is what we call an attempt.
    if (opening === undefined) return
    if (opening.kind === 'tool' && !around.inTool) this.#calling.set(span.spanId, around)
    else this.#begin(span.spanId, around, opening)
  }

  /** The SDK's span of a call says which tool, but not which call. */
  toolStarted(span: SdkSpan | null, call: string): void {
    const around = this.#calling.get(span?.spanId ?? '')
    const opening = span === null ? undefined : openingOf(span.spanData, undefined)
    if (span === null || around === undefined || opening === undefined) return
    this.#calling.delete(span.spanId)
    this.#begin(span.spanId, around, opening, call)
  }

  ended(span: SdkSpan): void {
    const { call } = this.#open.get(span.spanId) ?? {}
    const { error, attributes } = endOf(span)
    const failure = call !== undefined && this.#failed.has(call) ? (error ?? 'The call failed.') : error
    this.#end(span.spanId, failure, attributes)
  }

  /** Does what the SDK has no span for, in one. */
  async around<T>(opening: Opening, work: () => Promise<T>): Promise<T> {
    const id = `own ${this.#count}`
    this.#begin(id, attempt, opening)
    try {
      const value = await work()
      this.#end(id, undefined, {})
      return value
    } catch (error) {
      this.#end(id, error instanceof Error ? error.message : String(error), {})
      throw error
    }
  }

  /** The attempt is over. */
  end(): void {
    for (const id of [...this.#open.keys()].toReversed()) this.#end(id, undefined, {})
    this.#places.clear()
    this.#calling.clear()
    this.#tell = undefined
  }

  #begin(id: string, around: Place, { kind, name, agent, attributes }: Opening, call?: string): void {
    this.#count += 1
    const span = this.#count
    this.#open.set(id, { span, call })
    this.#places.set(id, { span, agent: agent ?? around.agent, inTool: around.inTool || kind === 'tool' })
    const data = {
      span,
      ...(around.span === undefined ? {} : { parent: around.span }),
      kind,
      name,
      ...(call === undefined ? {} : { call }),
      ...(Object.keys(attributes).length === 0 ? {} : { attributes: { ...attributes } }),
    }
    this.#tell?.({ type: 'agent.span_started', data })
  }

  #end(id: string, error: string | undefined, attributes: Opening['attributes']): void {
    const open = this.#open.get(id)
    if (open === undefined) return
    this.#open.delete(id)
    const data = {
      span: open.span,
      ...(error === undefined ? {} : { error }),
      ...(Object.keys(attributes).length === 0 ? {} : { attributes: { ...attributes } }),
    }
    this.#tell?.({ type: 'agent.span_ended', data })
  }
}
