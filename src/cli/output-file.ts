import { writeFile } from 'node:fs/promises'
import { UsageError } from '../errors.ts'

/** Writes what a command gives to the file that the user named. Throws UsageError OUTPUT_UNWRITABLE. */
export async function writeOutput(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError('OUTPUT_UNWRITABLE', `cannot write ${file}: ${reason}`, { cause: error })
  }
}
