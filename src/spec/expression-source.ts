import { skipLiteral } from './expression-lexer.ts'
import { reservedIds } from './outcome.ts'

/** One replacement in a text. Edits of one text do not overlap and stand in order. */
export interface Edit {
  readonly at: number
  readonly remove: number
  readonly insert: string
}

/** A text after its edits, and the way back to where something stood before. */
export interface EditedText {
  readonly text: string
  readonly originalOffset: (offset: number) => number
}

export function applyEdits(source: string, edits: readonly Edit[]): EditedText {
  if (edits.length === 0) return { text: source, originalOffset: (offset) => offset }
  let text = ''
  let read = 0
  for (const edit of edits) {
    text += source.slice(read, edit.at) + edit.insert
    read = edit.at + edit.remove
  }
  return { text: text + source.slice(read), originalOffset: (offset) => mapBack(edits, offset) }
}

function mapBack(edits: readonly Edit[], offset: number): number {
  let shift = 0
  for (const edit of edits) {
    const start = edit.at + shift
    if (offset < start) break
    if (offset < start + edit.insert.length) return edit.at
    shift += edit.insert.length - edit.remove
  }
  return offset - shift
}

/** What `loop` is called inside CEL, whose reserved word it is. */
export const loopVariable = '_loop'

/** The source as CEL takes it: ids with a dash and the name `loop` are ours, not CEL's. */
export function celSource(source: string): EditedText {
  const dashed = applyEdits(source, dashedIdEdits(source))
  const looped = applyEdits(dashed.text, loopEdits(dashed.text))
  return {
    text: looped.text,
    originalOffset: (offset) => dashed.originalOffset(looped.originalOffset(offset)),
  }
}

const loopWord = /loop(?![A-Za-z0-9_])/y

function loopEdits(source: string): Edit[] {
  const edits: Edit[] = []
  if (!source.includes('loop')) return edits
  let index = 0
  while (index < source.length) {
    const after = skipLiteral(source, index)
    loopWord.lastIndex = index
    if (after !== index) {
      index = after
    } else if (loopWord.test(source) && !/\w$|\.\??\s*$/.test(source.slice(0, index))) {
      edits.push({ at: index, remove: 'loop'.length, insert: loopVariable })
      index += 'loop'.length
    } else {
      index += 1
    }
  }
  return edits
}

const segment = /\.(\??)([A-Za-z][A-Za-z0-9_-]*)/y
const fieldNames = reservedIds.join('|')
const startsLikeField = new RegExp(`^(?:${fieldNames})(?:-|$)`)
const fieldFollows = new RegExp(`\\.\\??(?:${fieldNames})(?![A-Za-z0-9_-])`, 'y')

/**
 * Ids may hold `-`, which CEL reads as minus: `stages.secret-scan.output` becomes `stages["secret-scan"].output`.
 * Nothing is lost: an entry of `stages` is never a number, so a minus cannot be meant before its `output`.
 */
function dashedIdEdits(source: string): Edit[] {
  const edits: Edit[] = []
  if (!source.includes('-') || !source.includes('stages')) return edits
  let index = 0
  while (index < source.length) {
    const after = skipLiteral(source, index)
    if (after !== index) {
      index = after
    } else if (source.startsWith('stages.', index) && !/[\w.]/.test(source[index - 1] ?? ' ')) {
      index = editChain(source, index + 'stages'.length, edits)
    } else {
      index += 1
    }
  }
  return edits
}

function editChain(source: string, start: number, edits: Edit[]): number {
  let index = start
  while (true) {
    segment.lastIndex = index
    const match = segment.exec(source)
    if (match === null) return index
    const [whole, optional = '', id = ''] = match
    const end = index + whole.length
    if (index > start && startsLikeField.test(id)) {
      // `…output-1` subtracts, unless a field follows: then `output-check` is the id of a block.
      fieldFollows.lastIndex = end
      if (!id.includes('-') || !fieldFollows.test(source)) return index + 1
    }
    if (id.includes('-')) {
      edits.push(
        { at: index, remove: whole.length - id.length, insert: `[${optional}"` },
        { at: end, remove: 0, insert: '"]' },
      )
    }
    index = end
  }
}
