import { cp, mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { TerminalError } from '../../errors.ts'
import type { Workspace } from '../../spec/ir-agents.ts'
import { keepAgentState, loadAgentState } from '../agent-state.ts'
import { cancellation } from '../cancellation.ts'
import type { AgentRequest, ExecutionContext, StepResult } from '../executor.ts'
import { openCopy } from './copy.ts'
import { openWorktree } from './worktree.ts'

/** A folder that an agent has to itself. */
export interface OwnFolder {
  /** Where it works: the same place in there that the folder of the run is at. */
  readonly cwd: string
  /** Brings the changes to where they belong and clears up. */
  finish(): Promise<void>
  /** After a failure: keeps what holds work, clears up the rest. */
  giveUp(): Promise<void>
}

/**
 * Has an agent work in the folder of the run (`shared`), or in one of its own whose changes are there once the step is
 * done: those of a `worktree` merged, those of a `copy` as a patch. So what follows the step, its `verify` too, sees a
 * worktree's changes in the folder of the run. An answer that was there when bringing back its changes was cut off
 * is not asked for again.
 */
export async function inWorkspace(
  workspace: Workspace,
  request: AgentRequest,
  context: ExecutionContext,
  work: (folder: string) => Promise<StepResult>,
): Promise<StepResult> {
  const from = context.workingDir ?? process.cwd()
  if (workspace === 'shared') return work(from)
  const own = await open(workspace, request, context, from)
  const { finished } = await loadAgentState(context)
  let result = finished
  if (result === undefined) {
    try {
      if (context.signal.aborted) throw cancellation(context.signal)
      result = await work(own.cwd)
      await keepFiles(request, context, own.cwd)
    } catch (error) {
      await own.giveUp().catch((trouble: unknown) => context.log(`its own folder could not be cleared up: ${String(trouble)}`))
      throw error
    }
    await keepAgentState(context, { finished: result })
  }
  await own.finish()
  return result
}

async function open(workspace: 'worktree' | 'copy', { runId, path }: AgentRequest, context: ExecutionContext, from: string): Promise<OwnFolder> {
  const { workspacesDir: under, artifactsDir, log } = context
  if (under === undefined) throw new TerminalError('NO_HOST', `"${path}" needs a folder of its own, and there is no host that gives it one.`)
  return workspace === 'worktree' ? openWorktree({ runId, path, from, under, log }) : openCopy({ path, from, under, artifactsDir, log })
}

/** Files that the step says it leaves are kept although a merge may not bring them: they can be ignored by git. */
async function keepFiles({ artifacts = [] }: AgentRequest, { artifactsDir }: ExecutionContext, folder: string): Promise<void> {
  for (const artifact of artifacts) {
    const [file, kept] = [join(folder, artifact), join(artifactsDir, artifact)]
    if (!file.startsWith(join(folder, '/')) || (await isThere(kept)) || !(await isThere(file))) continue
    await mkdir(dirname(kept), { recursive: true })
    await cp(file, kept, { recursive: true })
  }
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(() => true, () => false)
}
