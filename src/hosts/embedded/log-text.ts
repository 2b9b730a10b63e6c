import type { Redactor } from '../../redact.ts'

const begin = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?![\s\S]*-----END )/
const end = /^[\s\S]*?-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/
/** Base64, the headers of an encrypted key, or nothing. */
const partOfKey = /^\s*(?:[A-Za-z0-9+/=]*|[\w-]+: .*)\s*$/

/**
 * Takes the secrets out of what one attempt logs. It comes line by line, so a private key is known only by its first line:
 * what follows on the same stream is hidden to its last line, or until something comes that is no part of a key.
 */
export function createLogText(redactor: Redactor): (text: string, stream: string) => string {
  const open = new Set<string>()

  return (text, stream) => {
    let rest = text
    if (open.has(stream)) {
      if (!end.test(text) && partOfKey.test(text)) return text === '' ? text : redactor.text(`-----BEGIN PRIVATE KEY-----${text}`)
      open.delete(stream)
      rest = text.replace(end, '')
    }
    if (begin.test(rest)) open.add(stream)
    return redactor.text(rest)
  }
}
