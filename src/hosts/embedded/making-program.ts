import { compileWorkflow } from '../../compiler/compile.ts'
import type { Evaluation } from '../../compiler/environment.ts'
import { createProgram, type Program } from '../../runtime/program.ts'
import { rehearse } from '../../runtime/rehearsal.ts'
import type { Scope } from '../../spec/outcome.ts'
import type { Workflow } from '../../spec/ir.ts'

/**
 * A workflow's program, piece by piece: a wide one holds up nothing else for long. The start of a new run is rehearsed in
 * `scope`; of one that goes on, the replay is enough.
 */
export function* makingProgram(workflow: Workflow, evaluation: Evaluation, scope: Scope | undefined): Generator<void, Program, void> {
  yield
  const chart = compileWorkflow(workflow)
  yield
  const program = createProgram(chart, evaluation)
  yield
  if (scope === undefined) return program
  rehearse(program, scope)
  yield
  return program
}
