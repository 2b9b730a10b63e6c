import type { Finding } from './step.ts'

/** A finding as a line of Markdown, its place as code. */
export function sentence({ severity, file, line, message }: Finding): string {
  const place = file === undefined ? '' : `\`${code(file)}${line === undefined ? '' : `:${line}`}\` `
  return `**${severity}** ${place}${escape(message)}`
}

/** A score with a bar of ten. */
export function bar(score: number | null): string {
  if (score === null) return '–'
  const full = Math.round(score / 10)
  return `${score} ${'█'.repeat(full)}${'░'.repeat(10 - full)}`
}

/** Text from a repository: it cannot add links, pictures, cells or markup. */
export function escape(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[<|[\]]/g, (character) => (character === '<' ? '&lt;' : `\\${character}`))
    .trim()
}

/** The same inside backticks. */
export function code(text: unknown): string {
  return String(text)
    .replace(/[`\n\r]/g, "'")
    .replaceAll('|', '\\|')
}
