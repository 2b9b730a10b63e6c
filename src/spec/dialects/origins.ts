import type { Json, JsonObject } from '../../json.ts'
import type { SourcePath } from '../source.ts'
import { present } from './translation.ts'

/** Remembers of the parts of a translation where in the file they come from. */
export interface Origins {
  /**
   * Makes an object of the translation, without the keys that are undefined, that stands at `at` in the file. `keys`
   * says where its keys stand that are called otherwise there, from `at` on.
   */
  readonly made: (
    value: Readonly<Record<string, Json | undefined>>,
    at: SourcePath,
    keys?: Readonly<Record<string, SourcePath>>,
  ) => JsonObject
  /** The way from a path in the translation back to one in the file; what stands nowhere leads to what is around it. */
  readonly original: (data: JsonObject) => (path: SourcePath) => SourcePath
}

interface Origin {
  readonly at: SourcePath
  readonly keys: Readonly<Record<string, SourcePath>>
}

export function createOrigins(): Origins {
  const origins = new WeakMap<object, Origin>()
  const originOf = (node: unknown): Origin | undefined =>
    typeof node === 'object' && node !== null ? origins.get(node) : undefined
  return {
    made(value, at, keys = {}) {
      const object = present(value)
      origins.set(object, { at, keys })
      return object
    },
    original: (data) => (path) => {
      let node: unknown = data
      let found: SourcePath = originOf(data)?.at ?? []
      for (const step of path) {
        const origin = originOf(node)
        const renamed = origin?.keys[String(step)]
        node = (node as Readonly<Record<string | number, unknown>> | null | undefined)?.[step]
        found = originOf(node)?.at ?? (origin && renamed ? [...origin.at, ...renamed] : [...found, step])
      }
      return found
    },
  }
}
