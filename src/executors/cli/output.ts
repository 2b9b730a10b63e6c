import { textStart } from '../../cut-text.ts'
import { isJsonObject } from '../../json.ts'
import { keepAgentState } from '../agent-state.ts'
import { AgentTalk } from '../agent-talk.ts'
import type { CliDialect, CliEnd, CliSaid } from './dialect.ts'
import type { ExecutionContext } from '../executor.ts'
import { createJsonLines } from '../json-lines.ts'

const shown = 500

/** What a program prints, line by line, told as it comes. Lines that are not known go to the log: none of them is a failure. */
export class CliOutput {
  readonly #dialect: CliDialect
  readonly #context: ExecutionContext
  readonly #talk: AgentTalk
  readonly #lines = createJsonLines((line) => this.#take(line))
  #saving = Promise.resolve()
  /** How the turn ended, once it has. */
  ended: CliEnd | undefined
  model: string | undefined
  sessionId: string | undefined
  /** The last thing that went wrong. */
  trouble = ''

  constructor(dialect: CliDialect, context: ExecutionContext) {
    this.#dialect = dialect
    this.#context = context
    this.#talk = new AgentTalk(context)
  }

  get lastMessage(): string {
    return this.#talk.lastMessage
  }

  readonly push = (chunk: Buffer): void => this.#lines.push(chunk)

  /** All was printed. */
  async end(): Promise<CliEnd | undefined> {
    this.#lines.flush()
    this.#talk.endMessage()
    await this.saved()
    return this.ended
  }

  /** Resolves when the session's name is on disk. */
  saved(): Promise<void> {
    return this.#saving
  }

  #take(line: string | undefined): void {
    const said = line === undefined ? undefined : this.#read(line)
    if (said === undefined) this.#context.log(line === undefined ? '(a line that is too long)' : textStart(line, shown), 'stdout')
    else for (const one of said) this.#tell(one)
  }

  #read(line: string): readonly CliSaid[] | undefined {
    try {
      const value: unknown = JSON.parse(line)
      return isJsonObject(value) ? this.#dialect.read(value) : undefined
    } catch {
      return undefined
    }
  }

  #tell(said: CliSaid): void {
    switch (said.type) {
      case 'session':
        this.model = said.model ?? this.model
        if (said.id !== undefined && said.id !== this.sessionId) this.#keep(said.id)
        return
      case 'delta':
        return this.#talk.delta(said.text)
      case 'message':
        return this.#talk.message(said.text)
      case 'call':
        return this.#talk.call(said.call, said.tool, said.arguments)
      case 'result':
        return this.#talk.result(said.call, said.output, said.failed)
      case 'trouble':
        this.trouble = said.text
        return this.#context.log(textStart(said.text, shown))
      case 'end':
        this.ended = said
    }
  }

  /** At once: an attempt that is cut off later goes on with it. */
  #keep(sessionId: string): void {
    this.sessionId = sessionId
    // A store that fails says so elsewhere; the work goes on without a session to come back to.
    this.#saving = this.#saving.then(() => keepAgentState(this.#context, { sessionId })).catch(() => undefined)
  }
}
