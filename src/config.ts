import { z } from 'zod'

/** What holds for all runs of a host and not for one workflow; in a file `forkchart.config.yaml` or `.json`. */

const usdPerMillion = z.number().min(0)

/** US dollars per million tokens. */
export const priceSchema = z.strictObject({
  input: usdPerMillion,
  output: usdPerMillion,
  /** Of input that was cached; as other input unless told. */
  cached: usdPerMillion.optional(),
})
export type Price = z.infer<typeof priceSchema>

const pattern = z.string().min(1).refine(isPattern, 'this is not a regular expression')

export const configSchema = z.strictObject({
  /** By the name of the model; `*` stands for any letters. The longest name that fits counts. */
  prices: z.record(z.string().min(1), priceSchema).optional(),
  tracing: z
    .strictObject({
      /** Sends the traces of runs; true where there is an endpoint, else false. */
      enabled: z.boolean().optional(),
      /** Of an OpenTelemetry collector that speaks OTLP over HTTP. */
      endpoint: z.url({ protocol: /^https?$/, error: 'expected a URL that starts with http:// or https://' }).optional(),
      headers: z.record(z.string().min(1), z.string()).optional(),
    })
    .optional(),
  redact: z
    .strictObject({
      /** Names of fields whose texts and numbers are secret, whatever the letter case. */
      keys: z.array(z.string().min(1)).optional(),
      /** Regular expressions of what is secret in a text. */
      patterns: z.array(pattern).optional(),
    })
    .optional(),
})
export type Config = z.infer<typeof configSchema>

function isPattern(source: string): boolean {
  try {
    return new RegExp(source, 'gu').source !== ''
  } catch {
    return false
  }
}
