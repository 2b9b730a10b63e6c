import type { WrittenWorkflow } from './written.ts'

/** A workflow as TypeScript: the shape of a YAML spec, where functions may stand for the names of functions. */
export type WorkflowSpec = WrittenWorkflow

/**
 * Says that an object is a workflow, so that editors complete it and the compiler checks it. Export it as `workflow`,
 * or as the default, from a module that `loadSpec` loads. A `call`, also of a reducer, may be a function itself; it is
 * known by the path of its block. Nothing is checked here but types: loading does that.
 */
export function defineWorkflow(spec: WorkflowSpec): WorkflowSpec {
  return spec
}
