import { basename, extname } from 'node:path'

/** The name of a file, as far as it can be the name of a workflow; `otherwise` when nothing of it can. */
export function nameOfFile(file: string, otherwise: string): string {
  const plain = basename(file, extname(file)).replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^[-_]+/, '')
  return plain === '' ? otherwise : plain
}
