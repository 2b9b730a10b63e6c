import type { Config } from '../../config.ts'
import { UsageError } from '../../errors.ts'

/** Where traces are sent. */
export interface TraceTarget {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** What calls itself the sender. */
  readonly service: string
}

/** Where a collector listens unless told otherwise. */
const usualEndpoint = 'http://localhost:4318'
const signalPath = '/v1/traces'

/**
 * Where traces are sent, by the config and the variables of OpenTelemetry; undefined unless somebody said that they are:
 * by an endpoint or `enabled` in the config, or by FORKCHART_TRACING=1, which wins when it says something. Throws UsageError
 * TRACING_INVALID for an endpoint that is none.
 */
export function traceTarget(
  tracing: Config['tracing'],
  env: Readonly<Record<string, string | undefined>>,
): TraceTarget | undefined {
  if (!(asked(env['FORKCHART_TRACING']) ?? tracing?.enabled ?? tracing?.endpoint !== undefined)) return undefined
  const own = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || undefined
  const url = tracing?.endpoint === undefined && own !== undefined
    ? checked(own)
    : withSignal(checked(tracing?.endpoint ?? (env['OTEL_EXPORTER_OTLP_ENDPOINT'] || usualEndpoint)))
  const headers = { ...listed(env['OTEL_EXPORTER_OTLP_HEADERS']), ...listed(env['OTEL_EXPORTER_OTLP_TRACES_HEADERS']) }
  // What is meant for the collector of the variables is not for another one.
  const given = tracing?.endpoint === undefined ? headers : {}
  return { url, headers: { ...given, ...tracing?.headers }, service: env['OTEL_SERVICE_NAME'] || 'forkchart' }
}

/** Undefined when it says nothing. */
function asked(value: string | undefined): boolean | undefined {
  if (value === undefined || value === '') return undefined
  return value !== '0' && value.toLowerCase() !== 'false'
}

function checked(text: string): string {
  const url = URL.parse(text)
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url.href
  throw new UsageError(
    'TRACING_INVALID',
    `Traces cannot be sent to ${JSON.stringify(text.slice(0, 200))}: write a URL that starts with http:// or https://, ` +
      'in `tracing.endpoint` of the config or in OTEL_EXPORTER_OTLP_ENDPOINT.',
  )
}

function withSignal(endpoint: string): string {
  const url = new URL(endpoint)
  if (!url.pathname.endsWith(signalPath)) url.pathname = `${url.pathname.replace(/\/+$/, '')}${signalPath}`
  return url.href
}

/** `name=value,name=value`, the values as URLs write them. */
function listed(text: string | undefined): Record<string, string> {
  const found: Record<string, string> = {}
  for (const pair of (text ?? '').split(',')) {
    const at = pair.indexOf('=')
    if (at > 0) found[pair.slice(0, at).trim()] = decoded(pair.slice(at + 1).trim())
  }
  return found
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
