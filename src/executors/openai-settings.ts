import { TerminalError } from '../errors.ts'

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
  readonly api: 'chat' | 'responses'
  readonly model: string
}

/**
 * Reads the settings of an agent from its declaration and the environment: OPENAI_API_KEY, OPENAI_BASE_URL,
 * OPENAI_DEFAULT_MODEL, and OPENAI_API, which is `responses` (the default for the vendor) or `chat` (the default for
 * other base URLs: few of them know more). Throws TerminalError OPENAI_SETTING_INVALID.
 */
export function openaiSettings(
  env: NodeJS.ProcessEnv,
  agent: { readonly model?: string | undefined; readonly baseUrl?: string | undefined } = {},
): OpenAISettings {
  const baseUrl = (filled(agent.baseUrl) ?? filled(env.OPENAI_BASE_URL) ?? vendorBaseUrl).replace(/\/+$/, '')
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const source = agent.baseUrl === undefined ? 'OPENAI_BASE_URL' : '`baseUrl` of the agent'
    throw new TerminalError('OPENAI_SETTING_INVALID', `${source} must be an http or https URL.`)
  }
  const isVendor = url.hostname === new URL(vendorBaseUrl).hostname
  const api = filled(env.OPENAI_API) ?? (isVendor ? 'responses' : 'chat')
  if (api !== 'chat' && api !== 'responses') {
    throw new TerminalError('OPENAI_SETTING_INVALID', 'OPENAI_API must be "chat" or "responses".')
  }
  return {
    baseUrl,
    host: url.host,
    isVendor,
    apiKey: filled(env.OPENAI_API_KEY) ?? (isVendor ? undefined : placeholderKey),
    api,
    model: filled(agent.model) ?? filled(env.OPENAI_DEFAULT_MODEL) ?? defaultModel,
  }
}

function filled(text: string | undefined): string | undefined {
  const trimmed = text?.trim()
  return trimmed === '' ? undefined : trimmed
}
