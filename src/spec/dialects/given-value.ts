import type { Json } from '../../json.ts'

/** A block whose output is its `input`: it waits for no time, and what waits passes its input on. */
export function givenValue(block: Readonly<Record<string, Json | undefined>>): Readonly<Record<string, Json | undefined>> {
  return { ...block, wait: '0s' }
}
