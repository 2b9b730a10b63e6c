/** Colours by name; `plain` is the terminal's own. */
export type Tone = 'plain' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'magenta'

/** A piece of a row. */
export interface Span {
  readonly text: string
  readonly tone?: Tone
  readonly bold?: boolean
}

const codes: Readonly<Record<Tone, string>> = {
  plain: '', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36', magenta: '35',
}

/** The row as text for a terminal, with colours only if `color`. */
export function paint(spans: readonly Span[], color: boolean): string {
  return spans.map((span) => (color ? paintOne(span) : span.text)).join('')
}

/** Whether people want colours: NO_COLOR (set to anything but '') and TERM=dumb say no. */
export function wantsColor(env: Readonly<Record<string, string | undefined>>): boolean {
  return (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb' && env['FORCE_COLOR'] !== '0'
}

function paintOne({ text, tone = 'plain', bold = false }: Span): string {
  const set = [...(bold ? ['1'] : []), ...(codes[tone] === '' ? [] : [codes[tone]])].join(';')
  return set === '' || text.trim() === '' ? text : `\u001b[${set}m${text}\u001b[0m`
}
