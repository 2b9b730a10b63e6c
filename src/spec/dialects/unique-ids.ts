import { reservedIds } from '../outcome.ts'

/**
 * Makes ids of names for people, each once: `Data Analyst` becomes `Data-Analyst`, and the second one `Data-Analyst-2`.
 * `word` begins the id of a name that begins with no letter. `taken` are ids that are there already.
 */
export function uniqueIds(word: string, taken: readonly string[] = []): (name: string) => string {
  const used = new Set<string>([...reservedIds, ...taken])
  return (name) => {
    const plain = name.replace(/[^A-Za-z0-9_]+/g, '-').replace(/^-+|-+$/g, '')
    const isReserved = reservedIds.some((id) => id === plain)
    const start = /^[A-Za-z]/.test(plain) && !isReserved ? plain : plain === '' ? word : `${word}-${plain}`
    let id = start
    for (let count = 2; used.has(id); count++) id = `${start}-${count}`
    used.add(id)
    return id
  }
}
