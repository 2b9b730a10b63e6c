import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Json } from '../json.ts'

export type FakeProgram = 'claude' | 'codex' | 'gemini' | 'copilot' | 'acp'

/** What a fake agent does when it is asked once. */
export interface FakeTurn {
  /** It is taken only for prompts that hold this text; such turns come before those without it. */
  readonly when?: string
  /** Lines or messages that it gives as they are, before all else: what a program says that nobody expected. */
  readonly raw?: readonly Json[]
  /** Files that it writes in the folder it works in; those whose path begins with `+` it adds to. */
  readonly write?: Readonly<Record<string, string>>
  readonly tools?: readonly { readonly tool: string; readonly input?: Json; readonly output?: Json; readonly failed?: boolean }[]
  /** What it asks for a permission to do, over ACP. Unless it gets it, it writes nothing. */
  readonly permission?: string
  /** What it says: the last is its answer. `done` unless told. */
  readonly say?: string | readonly string[]
  /** The answer that fits the schema, of those that are given one. */
  readonly value?: Json
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number; readonly cachedTokens?: number }
  readonly costUsd?: number
  /** It fails, and says this. */
  readonly error?: string
  /** How its process ends; 1 with an `error`, else 0. */
  readonly exitCode?: number
  /** Why it stops, over ACP; `end_turn` unless told. */
  readonly stopReason?: string
  /** After what it said it goes on for ever, and so does a process that it starts; neither heeds SIGTERM. */
  readonly hang?: boolean
  /** It ends in the middle, without a word. */
  readonly die?: boolean
}

/** How a fake agent was called. */
export interface FakeCall {
  readonly program: FakeProgram
  readonly argv: readonly string[]
  readonly cwd: string
  readonly prompt: string
  /** The session that it was to go on with. */
  readonly resumed?: string
  /** Of the program, and of what it started. */
  readonly pids: readonly number[]
  /** The permission that it was given. */
  readonly chosen?: string
  /** Which list its turn is from. */
  readonly key: string
}

/** In a fake agent's process: its turns, and what is written down of its calls. */
export class FakeScript {
  readonly #folder: string
  readonly #program: FakeProgram

  constructor(folder: string, program: FakeProgram) {
    this.#folder = folder
    this.#program = program
  }

  /** How often it was called. */
  get count(): number {
    return readFakeCalls(this.#folder).filter(({ program }) => program === this.#program).length
  }

  /** The turn for a prompt: each of a list in its turn, the last one again and again. */
  take(prompt: string): { readonly turn: FakeTurn; readonly key: string } {
    const all = JSON.parse(readFileSync(join(this.#folder, 'script.json'), 'utf8')) as Readonly<Record<string, readonly FakeTurn[]>>
    const turns = all[this.#program] ?? []
    const key = turns.find(({ when }) => when !== undefined && prompt.includes(when))?.when ?? ''
    const list = turns.filter(({ when = '' }) => when === key)
    const before = readFakeCalls(this.#folder).filter((call) => call.program === this.#program && call.key === key).length
    return { turn: list[Math.min(before, list.length - 1)] ?? {}, key }
  }

  record(call: Omit<FakeCall, 'program' | 'argv' | 'cwd'>): void {
    const whole: FakeCall = { program: this.#program, argv: process.argv.slice(2), cwd: process.cwd(), ...call }
    appendFileSync(join(this.#folder, 'calls.ndjson'), `${JSON.stringify(whole)}\n`)
  }
}

export function readFakeCalls(folder: string): readonly FakeCall[] {
  const lines = readFileSync(join(folder, 'calls.ndjson'), 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as FakeCall)
}

/** Does what a turn says is done to files. */
export function writeFiles(turn: FakeTurn, folder: string): void {
  for (const [path, text] of Object.entries(turn.write ?? {})) {
    const file = join(folder, path.replace(/^\+/, ''))
    mkdirSync(dirname(file), { recursive: true })
    if (path.startsWith('+')) appendFileSync(file, text)
    else writeFileSync(file, text)
  }
}

export function sayingsOf({ say = 'done' }: FakeTurn): readonly string[] {
  return typeof say === 'string' ? [say] : say
}
