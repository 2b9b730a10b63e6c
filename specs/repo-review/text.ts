import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { anyOf } from './name-pattern.ts'
import type { Tree, TreeFile } from './tree.ts'

/** Longer files are data or bundles; they are counted by their bytes and not read. */
const longestText = 1_000_000

const binaryExtension = anyOf('\\.', [
  'png', 'jpe?g', 'gif', 'webp', 'avif', 'ico', 'icns', 'bmp', 'tiff?', 'psd', 'pdf', 'zip', 'gz', 'tgz',
  'bz2', 'xz', 'zst', '7z', 'rar', 'jar', 'war', 'class', 'so', 'dylib', 'dll', 'exe', 'a', 'o', 'obj', 'lib',
  'wasm', 'node', 'bin', 'dat', 'db', 'sqlite3?', 'woff2?', 'ttf', 'otf', 'eot', 'mp[34]', 'm4[av]', 'mov',
  'avi', 'webm', 'ogg', 'wav', 'flac', 'pyc', 'pyo', 'parquet', 'npy', 'npz', 'pkl', 'onnx', 'pt', 'h5', 'p12',
  'pfx', 'jks', 'keystore',
], '$', 'i')

export function looksBinary(path: string): boolean {
  return binaryExtension.test(path)
}

/** The text of a file, or undefined when it is binary, too long or cannot be read. */
export async function readText(root: string, file: Pick<TreeFile, 'path' | 'bytes'>): Promise<string | undefined> {
  if (file.bytes > longestText || looksBinary(file.path)) return undefined
  const handle = await open(join(root, file.path)).catch(() => undefined)
  if (handle === undefined) return undefined
  try {
    const bytes = await handle.readFile()
    return bytes.subarray(0, 8000).includes(0) ? undefined : bytes.toString('utf8')
  } catch {
    return undefined
  } finally {
    await handle.close()
  }
}

/** The text files among `files`, one after another; throws the signal's reason when it aborts. */
export async function* readTexts(
  tree: Tree,
  files: readonly TreeFile[],
  signal: AbortSignal,
): AsyncGenerator<{ readonly file: TreeFile; readonly text: string }> {
  for (const file of files) {
    signal.throwIfAborted()
    const text = await readText(tree.root, file)
    if (text !== undefined) yield { file, text }
  }
}

/** Parsed JSON of a file under the root, or undefined when it is not there or not JSON. */
export async function readJson(root: string, path: string): Promise<unknown> {
  const text = await readText(root, { path, bytes: 0 })
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

/** At most `most` of them, spread evenly: every part of a huge repository is looked at. */
export function sample<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items
  const step = items.length / most
  return Array.from({ length: most }, (_, index) => items[Math.floor(index * step)]).filter(
    (item): item is T => item !== undefined,
  )
}

/** Number of lines, the last one counted whether it ends in a newline or not. */
export function lineCount(text: string): number {
  if (text === '') return 0
  let lines = text.endsWith('\n') ? 0 : 1
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1
  return lines
}

/** Line of an offset, counted from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1
  return line
}
