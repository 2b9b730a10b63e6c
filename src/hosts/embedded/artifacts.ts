import { cp, mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join, normalize, resolve, sep } from 'node:path'
import { nodeErrorCode, TerminalError } from '../../errors.ts'
import type { StepRequest } from '../../executors/executor.ts'
import { type Json, toText } from '../../json.ts'

interface Folders {
  /** The step's own among the artifacts of the run. Absolute. */
  readonly own: string
  /** Where the step ran. Absolute. */
  readonly working: string
}

/**
 * Sees to it that the files that a step says it leaves are in its own folder of the run: copied from the folder it ran
 * in unless it wrote them there. What an agent answered, `output`, becomes those that it wrote none of. Throws
 * TerminalError ARTIFACT_MISSING, ARTIFACT_OUTSIDE.
 */
export async function keepArtifacts(request: StepRequest, output: () => Json, folders: Folders): Promise<void> {
  const missing: string[] = []
  for (const artifact of request.artifacts ?? []) {
    const kept = inside(folders.own, artifact, request.path)
    if (await isThere(kept)) continue
    await mkdir(dirname(kept), { recursive: true })
    const written = inside(folders.working, artifact, request.path)
    if (await isThere(written)) await cp(written, kept, { recursive: true })
    else if (request.kind === 'agent') await writeFile(kept, toText(output()))
    else missing.push(artifact)
  }
  if (missing.length === 0) return
  throw new TerminalError(
    'ARTIFACT_MISSING',
    `The step ended without ${missing.map((path) => `"${path}"`).join(' and ')}, which it says it leaves: looked in ${folders.working}` +
      ' and in the folder that FORKCHART_ARTIFACTS names.',
    { details: { artifacts: missing } },
  )
}

function inside(folder: string, artifact: string, path: string): string {
  const file = resolve(folder, normalize(artifact))
  if (file.startsWith(join(folder, sep))) return file
  throw new TerminalError('ARTIFACT_OUTSIDE', `The artifact ${JSON.stringify(artifact)} of "${path}" lies outside of the step's folder.`)
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (nodeErrorCode(error) === 'ENOENT' || nodeErrorCode(error) === 'ENOTDIR') return false
    throw error
  }
}
