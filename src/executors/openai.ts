import type { Clock } from '../clock.ts'
import { TerminalError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { UsageTotal } from '../spec/outcome.ts'
import { cancellation } from './cancellation.ts'
import type { AgentRequest, ExecutionContext, StepResult } from './executor.ts'
import { openaiFailure } from './openai-failure.ts'
import { outputFormat } from './openai-output.ts'
import { type ClientLibrary, loadOpenAI, type OpenAIClient } from './openai-sdk.ts'
import { openaiSettings, type OpenAISettings } from './openai-settings.ts'

/**
 * Runs an agent with the OpenAI Agents SDK against the vendor or any compatible service (see `openaiSettings`). One
 * attempt is one run: neither the SDK nor its client retries. Tracing is off. The cost is unknown to the service, so
 * it is null; usage is absent when the service does not report it.
 *
 * Rejects with RetryableError RATE_LIMIT (with `retryAfterMs` when the service said so), SERVER_ERROR, TIMEOUT or
 * NETWORK, or TerminalError OPENAI_KEY_MISSING, OPENAI_SETTING_INVALID, AUTH, QUOTA_EXCEEDED, NOT_FOUND, BAD_REQUEST,
 * CONTENT_FILTER, MAX_TURNS, OUTPUT_NOT_JSON or AGENT_FAILED.
 */
export async function executeOpenAI(
  request: AgentRequest,
  context: ExecutionContext,
  options: { readonly env: NodeJS.ProcessEnv; readonly clock: Clock },
): Promise<StepResult> {
  const { agent } = request
  const settings = openaiSettings(options.env, agent.uses === 'openai' ? agent : {})
  const { apiKey } = settings
  if (apiKey === undefined) {
    throw new TerminalError(
      'OPENAI_KEY_MISSING',
      `Agent "${request.agentName}" needs a key: set OPENAI_API_KEY, or OPENAI_BASE_URL for a compatible service, ` +
        'or rehearse with --agents scripted.',
    )
  }
  const { sdk, library } = loadOpenAI()
  const format = outputFormat(request.outputSchema)
  const provider = new sdk.OpenAIProvider({
    openAIClient: createClient(library, settings, apiKey, options.env),
    useResponses: settings.api === 'responses',
    useResponsesWebSocket: false,
  })
  const runner = new sdk.Runner({ modelProvider: provider, tracingDisabled: true, traceIncludeSensitiveData: false })
  const sdkAgent = new sdk.Agent({
    name: request.agentName,
    model: settings.model,
    ...(agent.instructions === undefined ? {} : { instructions: agent.instructions }),
    ...(format === undefined ? {} : { outputType: outputType(format) }),
  })
  try {
    const result = await runner.run(sdkAgent, request.prompt, {
      signal: context.signal,
      ...(request.maxTurns === undefined ? {} : { maxTurns: request.maxTurns }),
    })
    const { requests, inputTokens, outputTokens } = result.runContext.usage
    const asked = `${requests} request${requests === 1 ? '' : 's'}`
    context.log(`${settings.model} at ${settings.host}: ${asked}, ${inputTokens} tokens in, ${outputTokens} out`)
    const answer = (result.finalOutput ?? null) as Json
    return { output: format === undefined ? answer : format.unwrap(answer), ...usageOf(inputTokens, outputTokens) }
  } catch (error) {
    if (context.signal.aborted) throw cancellation(context.signal)
    throw openaiFailure(error, settings, library, options.clock.now())
  }
}

function createClient(
  library: ClientLibrary,
  settings: OpenAISettings,
  apiKey: string,
  env: NodeJS.ProcessEnv,
): OpenAIClient {
  return new library.OpenAI({
    apiKey,
    adminAPIKey: null,
    baseURL: settings.baseUrl,
    // Whose account it is concerns the vendor only.
    organization: settings.isVendor ? (env.OPENAI_ORG_ID ?? null) : null,
    project: settings.isVendor ? (env.OPENAI_PROJECT_ID ?? null) : null,
    maxRetries: 0,
    logLevel: 'off',
  })
}

function outputType(format: { readonly strict: boolean; readonly schema: object }) {
  // The SDK passes the schema on as it is; its type knows only one way to write `additionalProperties`.
  return { type: 'json_schema' as const, name: 'output', strict: format.strict, schema: format.schema as never }
}

function usageOf(inputTokens: number, outputTokens: number): { usage?: UsageTotal } {
  const known = Number.isFinite(inputTokens) && Number.isFinite(outputTokens) && inputTokens + outputTokens > 0
  return known ? { usage: { inputTokens, outputTokens, costUsd: null } } : {}
}
