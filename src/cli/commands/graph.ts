import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { compileWorkflow } from '../../compiler/compile.ts'
import { UsageError } from '../../errors.ts'
import { asciiDiagram } from '../../diagram/ascii.ts'
import { mermaidDiagram } from '../../diagram/mermaid.ts'
import { runIdPattern } from '../../ids.ts'
import { createRedactor } from '../../redact.ts'
import type { RunView } from '../../runtime/run-view.ts'
import type { Workflow } from '../../spec/ir.ts'
import { secretsApart } from '../../spec/secrets-apart.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { blockNotes, blockStatuses } from '../graph-marks.ts'
import { readRun, storeAt } from '../run-state.ts'
import type { Terminal } from '../terminal.ts'

export interface GraphOptions {
  readonly format: 'ascii' | 'mermaid' | 'json'
  readonly store: string
}

/** Draws a workflow; of a run also how each block stands. `json` is the compiled chart. */
export async function graphCommand(what: string, options: GraphOptions, terminal: Terminal): Promise<ExitCode> {
  const { workflow, view } = await find(what, options.store, terminal)
  switch (options.format) {
    case 'ascii':
      terminal.out(asciiDiagram(workflow, view === undefined ? undefined : blockNotes(view)))
      break
    case 'mermaid':
      terminal.out(mermaidDiagram(workflow, view === undefined ? undefined : blockStatuses(view)))
      break
    case 'json':
      terminal.out(`${JSON.stringify(compileWorkflow(workflow), null, 2)}\n`)
      break
  }
  return exitCode.done
}

/** A file of that name is meant before a run of that name is. */
async function find(what: string, storeDir: string, { cwd, env }: Terminal): Promise<{ workflow: Workflow; view?: RunView }> {
  const file = resolve(cwd, what)
  if (await isFile(file)) return { workflow: await workflowIn(file, env) }
  if (runIdPattern.test(what)) {
    try {
      const { contents, view } = await readRun(storeAt(storeDir, cwd), what)
      return { workflow: contents.spec.workflow, view }
    } catch (error) {
      if (!(error instanceof UsageError) || error.code !== 'RUN_NOT_FOUND') throw error
    }
  }
  // Something with a folder or an ending was meant as a file: let the loader say what is wrong with it.
  if (/[\\/]|\.(ya?ml|json|[cm]?[jt]s)(#[\w-]+)?$/i.test(what)) return { workflow: await workflowIn(file, env) }
  throw new UsageError('RUN_NOT_FOUND', `${JSON.stringify(what)} is neither a spec file nor a run in ${storeDir}`)
}

/** Without the secrets in it: a drawing is there to be shown. */
async function workflowIn(file: string, env: Terminal['env']): Promise<Workflow> {
  const { loadSpec } = await import('../../spec/load.ts')
  const { written } = createRedactor(env)
  return secretsApart((await loadSpec(file, { hideSecrets: written })).workflow, written).workflow
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
