/** The content of a simulated file: bytes that grow and shrink. */
export class Bytes {
  #buffer = Buffer.alloc(0)
  #length = 0
  /** Counts the changes: equal as long as the content is. */
  changes = 0

  get length(): number {
    return this.#length
  }

  /** Writes at a place; a gap before it is filled with zeros, as file systems do. */
  write(at: number, bytes: Uint8Array): void {
    this.changes += 1
    const end = at + bytes.length
    this.#reserve(end)
    if (at > this.#length) this.#buffer.fill(0, this.#length, at)
    this.#buffer.set(bytes, at)
    this.#length = Math.max(this.#length, end)
  }

  truncate(length: number): void {
    this.changes += 1
    this.#reserve(length)
    if (length > this.#length) this.#buffer.fill(0, this.#length, length)
    this.#length = length
  }

  /** Where a byte is next, from a place on; -1 when it is nowhere. */
  indexOf(byte: number, from: number): number {
    const at = this.#buffer.indexOf(byte, from)
    return at < this.#length ? at : -1
  }

  copy(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#length))
  }

  replace(bytes: Uint8Array): void {
    this.#length = 0
    this.write(0, bytes)
  }

  #reserve(length: number): void {
    if (length <= this.#buffer.length) return
    const grown = Buffer.alloc(Math.max(length, this.#buffer.length * 2, 1024))
    grown.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = grown
  }
}
