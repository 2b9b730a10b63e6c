/**
 * Room: blank lines that a busy journal has ahead of its events. A file that grows costs the file system a change of its
 * own at each sync; written over, blank lines cost the data alone, about a third less. Readers stop at them.
 */

const roomBytes = 65_536
const newline = 0x0a

/** The lines with room behind them. Those that would fill much of it get none: they grow the file next time too. */
export function withRoom(lines: Buffer): Buffer {
  if (lines.length > roomBytes / 8) return lines
  const bytes = Buffer.alloc(lines.length + roomBytes, newline)
  lines.copy(bytes)
  return bytes
}

/** Whether nothing but room is there from an offset on. */
export function isRoom(bytes: Buffer, from: number): boolean {
  for (let at = from; at < bytes.length; at += 1) if (bytes[at] !== newline) return false
  return true
}
