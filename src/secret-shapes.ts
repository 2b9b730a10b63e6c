/** What takes the place of a secret. No rule here finds a secret in it. */
export const marker = '<redacted>'

/** Cheap to run over any text: only what has one of these can hold a secret by its shape. */
const shapeHint =
  /sk-|k_live_|k_test_|gh[oprsu]_|github_pat_|glpat-|npm_|A[KBCS]IA|ACCA|AIza|GOCSPX-|ya29\.|hf_|gsk_|xai-|r8_|SG\.|shp|dop_v1_|pypi-|hooks\.slack|xox[abeprs]-|xapp-|eyJ|PRIVATE KEY|[Bb]earer\s|BEARER\s|:\/\//

const privateKey =
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g
const afterBearer = /(?<=\bbearer\s{1,8})(?:(?=[\w.~+/=-]{0,64}\d)[\w.~+/=-]{8,}|[\w.~+/=-]{20,})/gi
const inUrl = /(?<=:\/\/[^/\s:@]{0,256}:)[^/\s@]{3,256}(?=@)/g

/** What looks around is bounded, so that no text takes more than linear time. */
const shapes: readonly RegExp[] = [
  /\bsk-(?=[\w-]{0,64}\d)[\w-]{16,}/g,
  /\b[sr]k_(?:live|test)_\w{10,}/g,
  /\bgh[oprsu]_[A-Za-z0-9]{20,}/g,
  /\bgithub_pat_\w{20,}/g,
  /\bglpat-[\w-]{16,}/g,
  /\bnpm_[A-Za-z0-9]{30,}/g,
  /\bpypi-[\w-]{40,}/g,
  /\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b/g,
  /\bAIza[\w-]{35}/g,
  /\bGOCSPX-[\w-]{20,}/g,
  /\bya29\.[\w-]{20,}/g,
  /\bhf_[A-Za-z0-9]{30,}/g,
  /\bgsk_[A-Za-z0-9]{30,}/g,
  /\bxai-[A-Za-z0-9]{30,}/g,
  /\br8_[A-Za-z0-9]{30,}/g,
  /\bSG\.[\w-]{16,}\.[\w-]{16,}/g,
  /\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32,}/g,
  /\bdop_v1_[0-9a-f]{40,}/g,
  /\bxox[abeprs]-[A-Za-z0-9-]{10,}/g,
  /\bxapp-[A-Za-z0-9-]{10,}/g,
  /(?<=hooks\.slack\.com\/services\/)[\w/]{20,}/g,
  /\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,}/g,
  privateKey,
  afterBearer,
  inUrl,
]

export function hideShapes(text: string): string {
  if (!shapeHint.test(text)) return text
  return shapes.reduce((clean, shape) => clean.replaceAll(shape, marker), text)
}

/**
 * The same for a text that somebody wrote into a spec, where keys are also spoken of: only what is a secret itself is
 * hidden, not the first line of a private key alone, not `Bearer` and a word, and nothing with a `${{ }}` or a blank in the
 * place of the secret. `found` is given each secret.
 */
export function hideWritten(text: string, found: (secret: string) => void): string {
  if (!shapeHint.test(text)) return text
  return shapes.reduce((clean, shape) => clean.replaceAll(shape, (secret: string) => {
    if (!isSecretItself(shape, secret)) return secret
    if (!secret.includes(marker)) found(secret)
    return marker
  }), text)
}

/** A line of a key, also where its line breaks are written as `\n`. */
const keyLine = /(?:\n|\\n)[ \t]*[A-Za-z0-9+/=]{12,}[ \t]*(?:\r|\n|\\[rn]|-----|$)/

function isSecretItself(shape: RegExp, found: string): boolean {
  if (shape === privateKey) return keyLine.test(found)
  if (shape === afterBearer) return /\d|[a-z][A-Z]|[A-Z]{2}[a-z]/.test(found)
  return shape !== inUrl || !(found.includes('${{') || blank.test(found) || /^(?:your[-_]?)?pass(?:word|wd)?$/i.test(found))
}

/** Names whose values are secret, in words parted by `_`; and the ends of such. */
const secretNames =
  'pass_?word|passwd|pass_?phrase|pwd|secret|credentials?|authorization|connection_?string|' +
  '(?:api|access|account|secret|private|signing|encryption|master|subscription|shared_?access|auth)_?key|' +
  '(?:access|refresh|id|auth|api|bearer|session|security|secret|oauth|bot|user|admin|deploy|csrf|xsrf|personal_?access)_?token'
const secretName = new RegExp(`(?:^|_)(?:${secretNames})$`)
/** Of these some are secret and most are not. */
const doubtfulName = /(?:^|_)(?:token|auth|cookie|jwt|signature)$/

/** What stands where a secret would: a blank to be filled in, or the name of a type. */
const blank = /^(?:<[^<>]*>|\$\{[\s\S]*\}|\$\w+|%\w+%|\{\{[\s\S]*\}\}|\*+|x+|\.+|null|none|true|false|undefined|string|text|required|optional)$/i
const shortestValue = 4

/** Whether the field's text is a secret by the name of the field. */
export function isSecretField(name: string, value: string): boolean {
  if (value.length < shortestValue || name.length > 100 || blank.test(value.trim())) return false
  const words = plainName(name)
  if (secretName.test(words)) return true
  return doubtfulName.test(words) && looksRandom(value)
}

/** `apiKey`, `API-Key` and `api_key` are one. */
export function plainName(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[-.\s]+/g, '_').toLowerCase()
}

/** Long, in one piece, letters and digits: nobody writes so. */
function looksRandom(value: string): boolean {
  return value.length >= 16 && !/\s/.test(value) && /\d/.test(value) && /[A-Za-z]/.test(value)
}

const nameHint = /pass|pwd|secret|credential|authorization|cookie|key|token|connection/i
/** `name: "value"` and `name=value`, as JSON, YAML, code, headers, queries and environments write them. */
const nameInText = secretNames.replaceAll('_?', '[-_ ]?')
const gap = String.raw`\\{0,4}["'\x60]?\s{0,4}(?:[:=]|=>)\s{0,4}`
const quoted = new RegExp(String.raw`((?:${nameInText})${gap})(\\{0,4}["'\x60])([^"'\x60\r\n]{4,512}?)(?=\2)`, 'gi')
const bare = new RegExp(String.raw`((?:${nameInText})${gap})(?=[^\s"'\x60,;&<>(){}[\]|\\]{0,128}\d)[^\s"'\x60,;&<>(){}[\]|\\]{6,512}`, 'gi')
const flag = /(?<=--(?:pass(?:word|phrase)|[a-z-]{0,20}(?:token|key|secret))[= ])(?=[^\s"'<>]{0,128}\d)[^\s"'<>]{8,512}/gi
const header = /(?<=\b[Aa](?:uthorization|UTHORIZATION)["']?\s{0,2}[:=]\s{0,2}["']?(?:[A-Za-z]{1,20}\s{1,3})?)(?=[^\s"',;<>]{0,128}(?:[\d=]|[a-z][A-Z]))[^\s"',;<>]{8,4096}/g
const cookie = /(?<=\bcookie:\s{0,3})(?=[^\s"'<>=]{1,128}=)[^\r\n"'<>]{4,4096}/gi
const inConnection = /(?<=;\s{0,2}(?:password|pwd|accountkey|sharedaccesskey|secret)\s?=\s?)[^;\s"'<>]{3,512}/gi

/** Secrets that are told by the name in front of them. */
export function hideNamed(text: string): string {
  if (!nameHint.test(text)) return text
  const inQuotes = (whole: string, name: string, quote: string, value: string): string => {
    if (blank.test(value.trim()) || (/\s/.test(value) && !/\d/.test(value))) return whole
    return `${name}${quote}${marker}`
  }
  return text
    .replaceAll(header, marker)
    .replaceAll(quoted, inQuotes)
    .replaceAll(bare, `$1${marker}`)
    .replaceAll(cookie, marker)
    .replaceAll(flag, marker)
    .replaceAll(inConnection, marker)
}
