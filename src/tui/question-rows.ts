import type { RunNode, RunView } from '../runtime/run-view.ts'
import { type AnswerCommand, answerLabel, childAskCommand, questionLines, termsText } from './ask-text.ts'
import { plainLine } from './cells.ts'
import type { Span } from './paint.ts'
import { wrapped } from './step-pane.ts'

/** A question that takes more rows than this comes after the way to answer it, which is always to be seen. */
const shortQuestion = 3

/** What the step waits for, and what to type in another terminal so that it goes on; none when it waits for nothing from outside. */
export function questionRows(view: RunView, node: RunNode, columns: number, command: AnswerCommand): Span[][] {
  const rows = view.asks.filter(({ path }) => path === node.path).flatMap((ask) => {
    const question = wrapped(questionLines(ask), columns, 'magenta')
    const terms = termsText(ask)
    const how = [
      ...(terms === '' ? [] : wrapped([terms], columns, 'plain')),
      ...wrapped([`${answerLabel(ask)}: ${command(view.runId, ask)}`], columns, 'plain'),
    ]
    return question.length > shortQuestion ? [...how, ...question] : [...question, ...how]
  })
  if (node.kind !== 'workflow' || node.status !== 'waiting') return rows
  const ofChild = view.childAsks.map((id) => `its child waits for ${plainLine(id)}: ${childAskCommand(view.runId, id, command)}`)
  return [...rows, ...wrapped(ofChild, columns, 'magenta')]
}
