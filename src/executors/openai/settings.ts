import { TerminalError } from '../../errors.ts'

const vendorBaseUrl = 'https://api.openai.com/v1'
const defaultModel = 'gpt-5-mini'
/** Servers of one's own often want no key, the client library always sends one. */
const placeholderKey = 'no-key'

/** Where an openai agent sends its requests, and how. */
export interface OpenAISettings {
  readonly baseUrl: string
  /** Host of `baseUrl`, for people: never holds a secret. */
  readonly host: string
  readonly isVendor: boolean
  readonly apiKey: string | undefined
  /** The variable that the key comes from, or would. */
  readonly keyName: string
  /** What to do when the service does not take the key. */
  readonly keyAdvice: string
  readonly api: 'chat' | 'responses'
  readonly model: string
}

interface Declared {
  readonly model?: string | undefined
  readonly baseUrl?: string | undefined
  readonly apiKeyEnv?: string | undefined
  readonly api?: 'chat' | 'responses' | undefined
}

/**
 * Reads the settings of an agent from its declaration and the environment: OPENAI_API_KEY, OPENAI_BASE_URL,
 * OPENAI_DEFAULT_MODEL, and OPENAI_API, which is `responses` (the default for the vendor) or `chat` (the default for
 * other base URLs: few of them know more). OPENAI_API_KEY goes to the vendor and to where OPENAI_BASE_URL says, and
 * nowhere else: another base URL of an agent gets the key in the variable that the agent names, or none. Throws
 * TerminalError OPENAI_SETTING_INVALID.
 */
export function openaiSettings(env: NodeJS.ProcessEnv, agent: Declared = {}): OpenAISettings {
  const own = filled(agent.baseUrl)
  const given = filled(env.OPENAI_BASE_URL)
  const url = urlOf(own ?? given ?? vendorBaseUrl, own === undefined ? 'OPENAI_BASE_URL' : '`base_url` of the agent')
  const isVendor = url.origin === new URL(vendorBaseUrl).origin
  const isGiven = own === undefined || (given !== undefined && originOf(given) === url.origin)
  const api = agent.api ?? filled(env.OPENAI_API) ?? (isVendor ? 'responses' : 'chat')
  if (api !== 'chat' && api !== 'responses') {
    throw new TerminalError('OPENAI_SETTING_INVALID', 'OPENAI_API must be "chat" or "responses".')
  }
  const keyName = filled(agent.apiKeyEnv) ?? 'OPENAI_API_KEY'
  const mayHaveKey = isVendor || isGiven || agent.apiKeyEnv !== undefined
  const key = mayHaveKey ? filled(env[keyName]) : undefined
  const needsKey = isVendor || agent.apiKeyEnv !== undefined
  return {
    baseUrl: url.href.replace(/\/+$/, ''),
    host: url.host,
    isVendor,
    apiKey: key ?? (needsKey ? undefined : placeholderKey),
    keyName,
    keyAdvice: key !== undefined ? `Check ${keyName}.` : adviceWithoutKey(keyName, mayHaveKey),
    api,
    model: filled(agent.model) ?? filled(env.OPENAI_DEFAULT_MODEL) ?? defaultModel,
  }
}

/** Why an agent cannot be asked with these settings, and what to do; undefined when it can. */
export function missingKey(agentName: string, { apiKey, keyName, isVendor }: OpenAISettings): string | undefined {
  if (apiKey !== undefined) return undefined
  const instead = isVendor ? ', or OPENAI_BASE_URL for a compatible service' : ''
  return `Agent "${agentName}" needs a key: set ${keyName}${instead}, or rehearse with --agents scripted.`
}

function adviceWithoutKey(keyName: string, mayHaveKey: boolean): string {
  if (mayHaveKey) return `It was asked without a key: set ${keyName}.`
  return `It was asked without a key, since ${keyName} goes to OpenAI and to where OPENAI_BASE_URL says only: write the variable that holds its key as \`api_key_env\` of the agent.`
}

function urlOf(text: string, source: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url
  throw new TerminalError('OPENAI_SETTING_INVALID', `${source} must be an http or https URL.`)
}

function originOf(text: string): string | undefined {
  return URL.canParse(text) ? new URL(text).origin : undefined
}

function filled(text: string | undefined): string | undefined {
  const trimmed = text?.trim()
  return trimmed === '' ? undefined : trimmed
}
