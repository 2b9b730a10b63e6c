import type { JsonSchema } from '../json.ts'
import type { OpenAsk, RunView } from '../runtime/run-view.ts'
import { cutCells, plainLine, plainLines } from './cells.ts'

/** Questions as text, and how they are answered. */

/** What is typed to answer, in a form that can be copied. */
export type AnswerCommand = (runId: string, ask: OpenAsk) => string

export const plainAnswerCommand: AnswerCommand = (runId, ask) => `forkchart ${answerWords(runId, ask).map(shellWord).join(' ')}`

/** The words of the command without the program: with the first of the options, or else a word that says what belongs there. */
export function answerWords(runId: string, { ask, event, options, schema }: OpenAsk): string[] {
  if (event !== undefined) return ['send', runId, event, 'JSON']
  const [first] = options ?? []
  return ['answer', runId, ask, first === undefined ? exampleOf(schema) : String(first)]
}

/** What the child runs of a run wait for, by the ids that this run has for it: `<run>:<ask>`. */
export type ChildAsks = ReadonlyMap<string, OpenAsk>

/** Of an ask of a child run; without `known`, what its own run tells of it, only its id is. */
export function childAskCommand(runId: string, id: string, command: AnswerCommand, known?: OpenAsk): string {
  const ofChild = known?.event === undefined ? undefined : id.slice(0, id.indexOf(':'))
  const ask = known ?? { ask: id, path: '', message: '', openedAt: '' }
  return ofChild === undefined ? command(runId, { ...ask, ask: id }) : command(ofChild, ask)
}

/** What comes before the command that answers it. */
export function answerLabel({ event }: Pick<OpenAsk, 'event'>): string {
  return event === undefined ? 'to answer' : 'to send it'
}

function exampleOf(schema: JsonSchema | undefined): string {
  const type = typeof schema === 'object' ? schema['type'] : undefined
  if (type === 'boolean') return 'true'
  return type === undefined || type === 'string' ? 'VALUE' : 'JSON'
}

/** A text as one word of a shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./~-]+$/.test(text) && !text.startsWith('~') ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

export function questionLines({ message }: OpenAsk): string[] {
  return plainLines(message)
}

/** `options: yes, no   expires 2026-11-21 12:30:00 UTC`; '' when there is nothing to say. */
export function termsText({ options, expiresAt }: OpenAsk): string {
  return [
    ...(options === undefined ? [] : [`options: ${options.map((option) => plainLine(String(option))).join(', ')}`]),
    ...(expiresAt === undefined ? [] : [`expires ${expiresAt.slice(0, 19).replace('T', ' ')} UTC`]),
  ].join('   ')
}

/** The question on one line. */
export function askText(ask: OpenAsk): string {
  const message = plainLine(ask.message.slice(0, 2000))
  const terms = termsText(ask)
  return `${ask.event === undefined ? 'asks: ' : ''}${cutCells(message, 300)}${terms === '' ? '' : ` (${terms})`}`
}

export function askAt(view: RunView, path: string): OpenAsk | undefined {
  return view.asks.find((ask) => ask.path === path)
}

/** All that is waited for, each with the command that answers it. */
export function openQuestionLines(view: RunView, command: AnswerCommand, childAsks: ChildAsks = new Map()): string[] {
  return [
    ...view.asks.flatMap((ask) => [`${plainLine(ask.path)} ${askText(ask)}`, `  ${command(view.runId, ask)}`]),
    ...view.childAsks.flatMap((id) => {
      const known = childAsks.get(id)
      const what = known === undefined ? `a child run waits for ${plainLine(id)}` : `${plainLine(id)} ${askText(known)}`
      return [what, `  ${childAskCommand(view.runId, id, command, known)}`]
    }),
  ]
}
