import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { compileWorkflow } from '../../compiler/compile.ts'
import { moduleText } from '../../compiler/module-text.ts'
import { UsageError } from '../../errors.ts'
import { createRedactor } from '../../redact.ts'
import { isStep, workflowBlocks } from '../../spec/blocks.ts'
import { loadSpec } from '../../spec/load.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { problemList } from '../failure.ts'
import type { Terminal } from '../terminal.ts'

export interface CompileOptions {
  readonly output?: string
  readonly json?: true
}

/** Writes a workflow as a typed module to `output`, else to stdout. Throws UsageError OUTPUT_UNWRITABLE. */
export async function compileCommand(spec: string, options: CompileOptions, terminal: Terminal): Promise<ExitCode> {
  const { workflow, warnings } = await loadSpec(resolve(terminal.cwd, spec), { hideSecrets: createRedactor(terminal.env).written })
  // The module has all that is in the spec.
  terminal.err(problemList(warnings.filter(({ code }) => code === 'SECRET_IN_SPEC'), terminal.cwd))
  const text = moduleText(compileWorkflow(workflow), { importFrom: 'forkchart' })
  const file = options.output === undefined ? null : resolve(terminal.cwd, options.output)
  if (file !== null) await write(file, text)
  if (options.json === true) {
    const steps = [...workflowBlocks(workflow)].filter(isStep).map((step) => step.path)
    const data = { workflow: workflow.name, file, steps, ...(file === null ? { text } : {}) }
    terminal.out(`${JSON.stringify(data, null, 2)}\n`)
  } else if (file === null) terminal.out(text)
  else terminal.err(`wrote ${options.output}\n`)
  return exitCode.done
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError('OUTPUT_UNWRITABLE', `cannot write the module: ${reason}`, { cause: error })
  }
}
