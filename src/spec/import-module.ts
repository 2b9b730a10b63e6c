import { pathToFileURL } from 'node:url'

/** Loads a module, TypeScript too where Node can; what keeps it from loading is given back as text. */
export async function importModule(
  file: string,
): Promise<{ module: Record<string, unknown>; failure?: undefined } | { failure: string; error: unknown }> {
  try {
    const module: Record<string, unknown> = await import(pathToFileURL(file).href)
    return { module }
  } catch (error) {
    const isTypeScript = /\.[mc]?ts$/.test(file)
    const isUnknownKind = error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION'
    const tooOld = ' This Node is too old for TypeScript modules: use Node 24, or write the module in JavaScript.'
    const hint = isTypeScript && isUnknownKind ? tooOld : ''
    return { failure: `${error instanceof Error ? error.message : String(error)}.${hint}`, error }
  }
}
