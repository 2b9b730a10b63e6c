import { ForkchartError, nodeErrorCode, TerminalError } from '../errors.ts'

const advice: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space, then resume the run',
  EDQUOT: 'the disk quota is used up; free some space, then resume the run',
  EFBIG: 'the file may not grow further; raise the file size limit, then resume the run',
  EROFS: 'the file system is read-only; choose another folder with --store',
  EACCES: 'permission denied; change the permissions or choose another folder with --store',
  EPERM: 'not permitted; change the permissions or choose another folder with --store',
  ENOTDIR: 'there is a file where a folder is needed; move it away or choose another folder with --store',
  EEXIST: 'there is a file where a folder is needed; move it away or choose another folder with --store',
  EISDIR: 'there is a folder where a file is needed; move it away, then resume the run',
  ENOENT: 'its folder is not there and cannot be made; was it moved or removed, or is --store a wrong path?',
  EIO: 'the disk reported an error; check it before you resume the run',
  EMFILE: 'too many open files; raise the limit (ulimit -n), then resume the run',
}

/** A failed write as TerminalError STORE_WRITE: which file, what happened, what to do. An error of ours comes back as it is. */
export function storeWriteError(error: unknown, path: string): ForkchartError {
  return describe('STORE_WRITE', 'write', error, path)
}

/** A failed read as TerminalError STORE_READ. An error of ours comes back as it is. */
export function storeReadError(error: unknown, path: string): ForkchartError {
  return describe('STORE_READ', 'read', error, path)
}

/** Runs a write to `path`; whatever it throws becomes STORE_WRITE. */
export async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw storeWriteError(error, path)
  }
}

function describe(code: string, verb: string, error: unknown, path: string): ForkchartError {
  if (error instanceof ForkchartError) return error
  const system = nodeErrorCode(error)
  const reason = error instanceof Error ? error.message : String(error)
  const message = `cannot ${verb} ${path}: ${(system === undefined ? undefined : advice[system]) ?? reason}`
  return new TerminalError(code, message, { cause: error, details: { file: path, ...(system === undefined ? {} : { system }) } })
}
