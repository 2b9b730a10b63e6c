import { TerminalError } from '../errors.ts'

/** The whole body as text. Throws TerminalError OUTPUT_TOO_LARGE above `limit` bytes, without reading further. */
export async function readAll(response: Response, limit: number, what: string): Promise<string> {
  const { bytes, isWhole } = await readBytes(response, limit)
  if (isWhole) return decode(bytes, response)
  throw new TerminalError(
    'OUTPUT_TOO_LARGE',
    `The answer of ${what} is larger than ${limit / 1_000_000} MB. Ask for less of it, or save it to a file with a \`run\` step.`,
  )
}

/** At most the first `limit` bytes of the body as text. */
export async function readStart(response: Response, limit: number): Promise<string> {
  const { bytes } = await readBytes(response, limit)
  return decode(bytes, response)
}

async function readBytes(response: Response, limit: number): Promise<{ bytes: Buffer; isWhole: boolean }> {
  const chunks: Uint8Array[] = []
  let length = 0
  // Leaving the loop early cancels the stream, which closes the connection.
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk)
    length += chunk.byteLength
    if (length > limit) return { bytes: Buffer.concat(chunks).subarray(0, limit), isWhole: false }
  }
  return { bytes: Buffer.concat(chunks), isWhole: true }
}

function decode(bytes: Uint8Array, { headers }: Response): string {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(headers.get('content-type') ?? '')?.[1]
  try {
    return new TextDecoder(charset).decode(bytes)
  } catch {
    // A charset that nobody knows.
    return new TextDecoder().decode(bytes)
  }
}
