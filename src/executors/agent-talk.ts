import type { Json } from '../json.ts'
import type { ExecutionContext } from './executor.ts'

/** Tells what an agent says and does as it comes, and keeps its last message. */
export class AgentTalk {
  readonly #context: ExecutionContext
  readonly #tools = new Map<string, string>()
  #parts = ''
  #last = ''

  constructor(context: ExecutionContext) {
    this.#context = context
  }

  /** What it said last. Ends a message that came in parts. */
  get lastMessage(): string {
    this.endMessage()
    return this.#last
  }

  /** Part of a message. */
  delta(text: string): void {
    if (text === '') return
    this.#parts += text
    this.#context.delta?.(text)
  }

  /** A whole message; parts of it that came before are told with it and not again. */
  message(text: string): void {
    this.#parts = ''
    if (text === '') return
    this.#last = text
    this.#context.tell?.({ type: 'agent.message', data: { text } })
  }

  /** What came in parts was a message. */
  endMessage(): void {
    if (this.#parts !== '') this.message(this.#parts)
  }

  call(call: string, tool: string, args: Json): void {
    this.endMessage()
    this.#tools.set(call, tool)
    this.#context.tell?.({ type: 'agent.tool_call', data: { call, tool, arguments: args } })
  }

  result(call: string, output: Json, failed: boolean): void {
    const tool = this.#tools.get(call) ?? 'tool'
    this.#context.tell?.({ type: 'agent.tool_result', data: { call, tool, output, ...(failed ? { failed } : {}) } })
  }
}
