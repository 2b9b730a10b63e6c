import type { Json, JsonObject, JsonSchema } from '../../json.ts'
import type { CliAgent } from '../../spec/ir-agents.ts'
import type { UsageTotal } from '../../spec/outcome.ts'

/** One of the programs that do an agent's work without a screen: how it is called, and what its lines say. */
export interface CliDialect {
  /** As it is found on PATH. */
  readonly program: CliAgent['cli']
  /** What to do when it is not there. */
  readonly install: string
  /** How it takes the JSON Schema of its answer: as an argument, as a file, or not at all. */
  readonly schema: 'argument' | 'file' | 'no'
  /** Whether it can be told after how many turns to stop. */
  readonly turns: boolean
  readonly call: (turn: CliTurn) => CliCall
  /** What one line of its output says; undefined when it is not known. */
  readonly read: (line: JsonObject) => readonly CliSaid[] | undefined
  /** What an exit code means beyond `it failed`. */
  readonly exitCodes: Readonly<Record<number, { readonly code: string; readonly advice: string }>>
}

export interface CliTurn {
  readonly prompt: string
  readonly model?: string
  /** Of an earlier attempt: to go on with. */
  readonly sessionId?: string
  readonly schema?: JsonSchema
  /** Where `schema` is written down, for those that take a file. */
  readonly schemaFile?: string
  readonly maxTurns?: number
  /** From the spec, as they are. */
  readonly extra: readonly string[]
}

export interface CliCall {
  readonly args: readonly string[]
  readonly stdin?: string
}

/** What the lines of all of them come down to. */
export type CliSaid =
  | { readonly type: 'session'; readonly id?: string; readonly model?: string }
  /** Part of a message. */
  | { readonly type: 'delta'; readonly text: string }
  /** A whole one, whether or not its parts came before. */
  | { readonly type: 'message'; readonly text: string }
  | { readonly type: 'call'; readonly call: string; readonly tool: string; readonly arguments: Json }
  | { readonly type: 'result'; readonly call: string; readonly output: Json; readonly failed: boolean }
  /** Something went wrong that it may get over. */
  | { readonly type: 'trouble'; readonly text: string }
  | CliEnd
/** The turn is over. Without `text` the answer is its last message. */
export interface CliEnd {
  readonly type: 'end'
  readonly text?: string
  /** The answer that fits the schema. */
  readonly value?: Json
  readonly usage?: UsageTotal
  readonly failure?: { readonly text: string; readonly code?: string }
}

/** Longer prompts do not fit into an argument on every system. */
const longestArgument = 100_000

/** Arguments that give the prompt to a program whose `-p` takes it. One that begins with a dash would be taken for an option. */
export function promptArguments(prompt: string): { readonly args: readonly string[]; readonly stdin?: string } {
  if (Buffer.byteLength(prompt) > longestArgument) return { args: [], stdin: prompt }
  return { args: ['-p', prompt.startsWith('-') ? ` ${prompt}` : prompt] }
}

export function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Undefined when the fields are not both numbers. */
export function usageOf(
  input: Json | undefined,
  output: Json | undefined,
  more: { readonly cached?: Json | undefined; readonly reasoning?: Json | undefined; readonly costUsd?: Json | undefined },
): { usage?: UsageTotal } {
  if (typeof input !== 'number' || typeof output !== 'number') return {}
  const { cached, reasoning, costUsd } = more
  return {
    usage: {
      inputTokens: input,
      outputTokens: output,
      ...(typeof cached === 'number' ? { cachedTokens: cached } : {}),
      ...(typeof reasoning === 'number' ? { reasoningTokens: reasoning } : {}),
      costUsd: typeof costUsd === 'number' ? costUsd : null,
    },
  }
}
