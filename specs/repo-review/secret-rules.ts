import { anyOf } from './name-pattern.ts'

/** A token whose shape its issuer documents: where it is seen, it is one. */
export interface TokenRule {
  readonly name: string
  readonly pattern: RegExp
  /** What every such token starts with: the only part of it that is ever shown. */
  readonly prefix: string
  /** For tokens that are often meant to be public. */
  readonly mild?: true
}

const rule = (name: string, prefix: string, rest: string, mild?: true): TokenRule => ({
  name,
  prefix,
  pattern: new RegExp(`(?<![A-Za-z0-9_/+-])${prefix.replace(/[.$+]/g, '\\$&')}${rest}`, 'g'),
  ...(mild === undefined ? {} : { mild }),
})
const end = '(?![A-Za-z0-9_-])'

export const tokenRules: readonly TokenRule[] = [
  rule('AWS access key id', 'AKIA', `[A-Z2-7]{16}${end}`),
  rule('AWS temporary key id', 'ASIA', `[A-Z2-7]{16}${end}`),
  rule('GitHub personal token', 'ghp_', `[A-Za-z0-9]{36}${end}`),
  rule('GitHub OAuth token', 'gho_', `[A-Za-z0-9]{36}${end}`),
  rule('GitHub server token', 'ghs_', `[A-Za-z0-9]{36}${end}`),
  rule('GitHub refresh token', 'ghr_', `[A-Za-z0-9]{36,}${end}`),
  rule('GitHub fine-grained token', 'github_pat_', `[A-Za-z0-9]{22}_[A-Za-z0-9]{59}${end}`),
  rule('GitLab token', 'glpat-', `[A-Za-z0-9_-]{20,}`),
  rule('Slack token', 'xox', `[abposr]-[0-9A-Za-z]{8,}-[0-9A-Za-z-]{16,}`),
  rule('Slack webhook', 'https://hooks.slack.com/services/', `T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{20,}`),
  rule('Discord webhook', 'https://discord.com/api/webhooks/', `[0-9]{17,20}/[A-Za-z0-9_-]{60,}`),
  rule('Stripe live key', 'sk_live_', `[0-9A-Za-z]{24,}`),
  rule('Stripe restricted live key', 'rk_live_', `[0-9A-Za-z]{24,}`),
  rule('OpenAI project key', 'sk-proj-', `[A-Za-z0-9_-]{40,}`),
  rule('OpenAI key', 'sk-', `[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}${end}`),
  rule('Anthropic key', 'sk-ant-', `[a-z0-9]+-[A-Za-z0-9_-]{60,}`),
  rule('Google API key', 'AIza', `[0-9A-Za-z_-]{35}${end}`, true),
  rule('Google OAuth secret', 'GOCSPX-', `[A-Za-z0-9_-]{28}${end}`),
  rule('npm token', 'npm_', `[A-Za-z0-9]{36}${end}`),
  rule('PyPI token', 'pypi-', `AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}`),
  rule('SendGrid key', 'SG.', `[\\w-]{22}\\.[\\w-]{43}${end}`),
  rule('Hugging Face token', 'hf_', `[A-Za-z]{34}${end}`),
  rule('DigitalOcean token', 'dop_v1_', `[a-f0-9]{64}${end}`),
  rule('Shopify token', 'shpat_', `[a-fA-F0-9]{32}${end}`),
  rule('Telegram bot token', '', `[0-9]{8,10}:AA[A-Za-z0-9_-]{33}${end}`),
  rule('JSON Web Token', 'eyJ', `[A-Za-z0-9_-]{10,}\\.eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{20,}`, true),
]

/** A private key with its body: code that only mentions the header is none. */
export const privateKey =
  new RegExp(
    '-----BEGIN ((?:RSA |EC |DSA |OPENSSH |PGP |ENCRYPTED )?PRIVATE KEY(?: BLOCK)?)-----' +
      '(?:\\s|\\\\n|\\\\r)+(?:[A-Za-z-]+: [^\\n]{0,120}\\n)*(?:\\s|\\\\n)*[A-Za-z0-9+/=]{40}',
    'g',
  )

/** `scheme://user:password@host`. */
export const urlCredentials =
  /\b[a-z][a-z0-9+.-]{1,20}:\/\/([A-Za-z0-9._%-]{1,64}):([^\s:@/"'`<>|\\^{}$]{6,128})@([A-Za-z0-9.-]{3,128})/g

const secretWord =
  '(?:api[_-]?key|secret|passw(?:or)?d|passphrase|token|private[_-]?key|access[_-]?key|auth[_-]?key|credentials?)'
/** A quoted value given to a name that sounds like a secret. */
export const quotedAssignment = new RegExp(
  `(?<![\\w.-])([\\w.-]{0,40}?${secretWord}[\\w-]{0,20})["'\`]?\\s{0,4}(?:=>|:=|[:=])\\s{0,4}(["'\`])([^"'\`\\s]{12,200})\\2`,
  'gi',
)
/** The same without quotes, as files of settings have it. */
export const bareAssignment = new RegExp(
  `^\\s*(?:export\\s+|-\\s+)?([\\w.-]{0,40}?${secretWord}[\\w-]{0,20})\\s*[:=]\\s*([^\\s"'#]{12,200})\\s*(?:#.*)?$`,
  'gim',
)

const harmlessName = anyOf('', [
  'public', 'publish', 'hash', 'digest', 'checksum', '_?id$', 'name', 'path', 'file', 'url', 'uri', 'regex',
  'pattern', 'type', 'length', 'size', 'limit', 'expir', 'endpoint', 'header', 'placeholder', 'label', 'title',
  'message', 'error', 'prefix', 'format', 'version', 'csrf', 'next', 'continu', 'pag(e|inat)', 'cursor',
  'in?put', 'output', 'last_?used', 'tokeni[sz]er', 'tokens?_?(count|per)',
], '', 'i')
const placeholder = anyOf('', [
  'example', 'sample', 'dummy', 'fake', 'mock', 'placeholder', 'change[_-]?me', 'replace', 'your', 'insert',
  'todo', 'redacted', 'hidden', 'secret', 'password', 'passwd', 'default', 'localhost', 'abcdef', '012345',
  '123456', '98765', 'qwerty', 'deadbeef', 'foobar', 'lorem', 'xxxx', '0000', '1111', 'aaaa', '\\*\\*',
  '\\.\\.\\.', '…',
], '', 'i')
const commonPasswords =
  /^(postgres|mysql|root|admin|guest|user|pass|test|dev|docker|redis|rabbitmq|mongo|minio\w*|sa)\d{0,4}$/i

/** True when a value is there to be filled in, or shows a format. */
export function isPlaceholder(value: string): boolean {
  return placeholder.test(value) || commonPasswords.test(value) || new Set(value).size < Math.min(8, value.length / 2)
}

/** True when text given to `name` looks as if a machine had made it up to be kept secret. */
export function looksSecret(name: string, value: string): boolean {
  if (harmlessName.test(name) || isPlaceholder(value)) return false
  if (/[(){}<>$%\s,;|]|:\/\/|^[./~@#]|^[0-9a-f]{8}-[0-9a-f]{4}-/i.test(value)) return false
  if (value.length < 16 && !/passw|passphrase/i.test(name)) return false
  if (/^\d{4}-\d\d-\d\d|^\d+[smhd]?$/.test(value)) return false
  if (!/[0-9]/.test(value) || !/[A-Za-z]/.test(value)) return false
  // Names, versions and sentences in code are words with separators; a secret changes its kind of character all the time.
  const words = value.split(/[-_.:/]/).filter((part) => /^([a-z]{3,}|[A-Z][a-z]{2,}|[A-Z]{3,})$/.test(part))
  if (words.length >= 2) return false
  return entropy(value) >= 3.1 && changes(value) >= value.length / 5
}

/** Shannon entropy in bits per character. */
function entropy(value: string): number {
  const amounts = new Map<string, number>()
  for (const character of value) amounts.set(character, (amounts.get(character) ?? 0) + 1)
  return [...amounts.values()].reduce(
    (sum, amount) => sum - (amount / value.length) * Math.log2(amount / value.length),
    0,
  )
}

function changes(value: string): number {
  const kind = (character: string): number =>
    /[a-z]/.test(character) ? 0 : /[A-Z]/.test(character) ? 1 : /[0-9]/.test(character) ? 2 : 3
  return [...value].reduce(
    (sum, character, index) => sum + (index > 0 && kind(character) !== kind(value[index - 1] ?? '') ? 1 : 0),
    0,
  )
}
