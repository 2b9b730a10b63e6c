import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { UsageError } from '../errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../json.ts'
import type { OldState } from '../old-state/old-state.ts'
import type { Stand } from '../old-state/progress.ts'
import { readOldState } from '../old-state/read-old-state.ts'
import { isAcceptance, stagePlan } from '../old-state/stage-plan.ts'
import { standardStages } from '../old-state/standard-stages.ts'
import { takeOver } from '../old-state/take-over.ts'
import { createRedactor } from '../redact.ts'
import type { RunEvent } from '../events.ts'
import { checkAgainstSchema, describeIssues } from '../schema-check.ts'
import type { Workflow } from '../spec/ir.ts'
import { type LoadedSpec, loadSpec, parseSpec } from '../spec/load.ts'
import type { RunSpec } from '../store/store.ts'
import { readConfig } from './config-file.ts'
import { readInput } from './input.ts'
import type { Terminal } from './terminal.ts'

export interface OldRunOptions {
  readonly runId: string
  readonly now: number
  /** The spec to use, as the user wrote it; else the one that the state names, one beside it, or the standard stages. */
  readonly spec?: string | undefined
  readonly input?: readonly string[] | undefined
  readonly agents?: 'scripted' | undefined
}

export interface OldRun {
  readonly spec: RunSpec
  readonly events: readonly RunEvent[]
  readonly state: OldState
  /** By the keys of the stages, in their order. */
  readonly progress: ReadonlyMap<string, Stand>
  /** Which spec it is gone on with, in words. */
  readonly specUsed: string
  /** What a person should know: what could not be found, what has no meaning here. */
  readonly notes: readonly string[]
}

/** Reads a state file as a run that can be gone on with. Only reads: neither the file nor anything else is changed. */
export async function readOldRun(
  file: string, found: { readonly document: JsonObject; readonly savedAt: number }, options: OldRunOptions, terminal: Terminal,
): Promise<OldRun> {
  const state = readOldState(found.document, file)
  const notes: string[] = []
  const { loaded, specUsed } = await specOf(state, file, options.spec, terminal.cwd, notes)
  const redactor = createRedactor(terminal.env, readConfig(terminal.cwd).redact)
  const input = await inputOf(state, file, loaded.workflow, options.input ?? [], terminal.cwd, notes)
  if (state.unknownKeys.length > 0) notes.push(`not used: ${state.unknownKeys.join(', ')}`)
  const spec: RunSpec = {
    format: 1,
    runId: options.runId,
    createdAt: new Date(options.now).toISOString(),
    workflow: loaded.workflow,
    input: redactor.json(input),
    options: { scripted: options.agents === 'scripted', specDir: loaded.dir, workingDir: terminal.cwd },
    source: { file: loaded.file === standardName ? null : loaded.file, text: loaded.text },
  }
  const env = Object.fromEntries(
    loaded.workflow.env.flatMap((name): [string, string][] => {
      const value = terminal.env[name]
      return value === undefined || value === '' ? [] : [[name, value]]
    }),
  )
  const taken = takeOver(state, { spec, file, savedAt: found.savedAt, env, redact: redactor.json })
  if (lacksScenarios(taken.progress, loaded.workflow, state)) {
    notes.push('no scenario (`### AT-001: name`) is kept in the state, so the acceptance tests will not pass: retry the specification')
  }
  return { ...taken, state, specUsed, notes }
}

/** Whether acceptance tests are still to come, of a specification that is done and that the state does not hold. */
function lacksScenarios(progress: OldRun['progress'], workflow: Workflow, { outputs }: OldState): boolean {
  const plan = stagePlan(workflow)
  const tests = plan.find(({ block }) => isAcceptance(block))
  const isToCome = tests !== undefined && progress.get(tests.key) === 'open'
  return isToCome && progress.get('SPEC') === 'completed' && ![...outputs.values()].some((text) => /^### *AT-\d/m.test(text))
}

const standardName = 'standard-stages.yaml'

async function specOf(
  state: OldState, file: string, given: string | undefined, cwd: string, notes: string[],
): Promise<{ loaded: LoadedSpec; specUsed: string }> {
  if (given !== undefined) return { loaded: await loadSpec(resolve(cwd, given)), specUsed: given }
  const dir = dirname(file)
  const named = state.specFile === null ? undefined : resolve(dir, state.specFile)
  const beside = join(dir, 'stages.yaml')
  for (const [path, why] of [[named, 'which the state names'], [beside, 'which is beside the state']] as const) {
    if (path !== undefined && (await isFile(path))) return { loaded: await loadSpec(path), specUsed: `${path}, ${why}` }
  }
  if (named !== undefined) notes.push(`the stages of the state, ${named}, are not there`)
  const loaded = parseSpec(standardStages, { file: standardName, format: 'yaml' })
  return { loaded: { ...loaded, dir }, specUsed: 'the fourteen standard stages' }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true
}

/** The objective and the feature as the state tells them, over these what the user gives. */
async function inputOf(
  state: OldState, file: string, workflow: Workflow, given: readonly string[], cwd: string, notes: string[],
): Promise<Json> {
  const told = { ...(await objectiveOf(state, file, workflow, notes)), ...(state.feature === null ? {} : { feature: state.feature }) }
  const over = given.length === 0 ? {} : await readInput(given, workflow.input, cwd)
  const input = isJsonObject(over) ? { ...told, ...over } : over
  if (workflow.input === undefined) return input
  const verdict = checkAgainstSchema(workflow.input, input)
  if (verdict.ok) return verdict.value
  const problems = describeIssues(verdict.issues)
  throw new UsageError('INPUT_INVALID', `The input does not fit the input schema of "${workflow.name}": ${problems}. Give it with --input.`)
}

async function objectiveOf(state: OldState, file: string, workflow: Workflow, notes: string[]): Promise<JsonObject> {
  const { objectiveFile, objective } = state
  if (objectiveFile === null) return { objective: objective ?? '' }
  const path = resolve(dirname(file), objectiveFile)
  if (!(await isFile(path))) {
    notes.push(`the objective, ${path}, is not there: give it with --input objective=…`)
    return { objective: objective ?? `See ${basename(objectiveFile)}.` }
  }
  if (!/\.(md|markdown)$/i.test(path)) return { objective: (await readFile(path, 'utf8')).trim() }
  const read = await readInput([path], workflow.input, dirname(path))
  return isJsonObject(read) ? read : { objective: read }
}
