import { ForkchartError, UsageError } from '../../errors.ts'
import type { Redactor } from '../../redact.ts'
import { marker } from '../../secret-shapes.ts'
import type { Workflow } from '../../spec/ir.ts'
import { secretsAgain } from '../../spec/secrets-again.ts'
import { secretsApart, type SecretPlace } from '../../spec/secrets-apart.ts'
import type { RunSpec } from '../../store/store.ts'

/**
 * A run as it may be stored: without the secrets that stand in its spec and its input. `redactor` knows those of the spec,
 * too, so that they are hidden wherever they turn up in the run.
 */
export function specApart(spec: RunSpec, host: Redactor): { readonly stored: RunSpec; readonly redactor: Redactor } {
  const apart = secretsApart(spec.workflow, host.written)
  const { secrets } = apart
  const redactor = host.knowing(secrets)
  // What is told by its place, such as behind `Bearer`, is hidden elsewhere, too.
  const { workflow, places } = redactor === host ? apart : secretsApart(spec.workflow, redactor.written)
  const input = redactor.json(spec.input)
  const text = textApart(spec.source.text, secrets, redactor)
  const source = text === spec.source.text ? spec.source : { ...spec.source, text }
  // Of a run from elsewhere some may have been taken out before.
  const hidden = places.length === 0 ? {} : { hidden: [...(spec.hidden ?? []), ...places] }
  return { stored: { ...spec, workflow, input, source, ...hidden }, redactor }
}

/** The text of a spec; only the marker when a secret is in it in another way than as it is, such as over two lines. */
function textApart(text: string, secrets: readonly string[], { written }: Redactor): string {
  const clean = written(text)
  if (secrets.length === 0) return clean
  const rest = lettersOf(clean)
  return secrets.map(lettersOf).some((secret) => secret.length >= shortest && rest.includes(secret)) ? marker : clean
}

const shortest = 8

function lettersOf(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}]+/gu, '')
}

export interface WholeOptions {
  /** What the run was started with. */
  readonly workflow?: Workflow
  /** Whether the run will do without the secrets if it must. */
  readonly withoutSecrets?: boolean
}

/**
 * The run with the secrets that were in its spec: from the workflow that is given, else from the file of the spec, if it
 * still says the same around them. Throws UsageError SECRET_NOT_STORED when they cannot be had. A run without any comes
 * back as it is.
 */
export async function specWhole(
  spec: RunSpec, host: Redactor, { workflow, withoutSecrets = false }: WholeOptions,
): Promise<{ readonly spec: RunSpec; readonly redactor: Redactor }> {
  if (spec.hidden === undefined) return { spec, redactor: host }
  try {
    return await withSecrets(spec, spec.hidden, host, workflow)
  } catch (error) {
    if (withoutSecrets) return { spec, redactor: host }
    throw error
  }
}

async function withSecrets(
  { hidden: _, ...spec }: RunSpec, hidden: readonly SecretPlace[], host: Redactor, given: Workflow | undefined,
): ReturnType<typeof specWhole> {
  const original = given ?? (await workflowAgain(spec, hidden))
  const again = secretsAgain(spec.workflow, hidden, original, host.written)
  if (again.ok) return { spec: { ...spec, workflow: again.workflow }, redactor: host.knowing(again.secrets) }
  const what = given === undefined ? `The file ${spec.source.file}` : 'The workflow that is given'
  throw notStored(spec, again.place, `${what} says something else there: all but the secret has to be as it was.`)
}

async function workflowAgain(spec: RunSpec, hidden: readonly SecretPlace[]): Promise<Workflow> {
  const { file } = spec.source
  const [first = []] = hidden
  if (file === null) throw notStored(spec, first, 'It came from no file that it could be read from again.')
  const { loadSpec } = await import('../../spec/load.ts')
  try {
    return (await loadSpec(file)).workflow
  } catch (error) {
    const [why = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    const code = error instanceof ForkchartError ? ` [${error.code}]` : ''
    throw notStored(spec, first, `The file ${file} cannot be used: ${why}${code}`, error)
  }
}

function notStored({ runId, workflow, source: { file } }: RunSpec, place: SecretPlace, why: string, cause?: unknown): UsageError {
  const put = file === null ? 'Name the spec' : 'Put the file back as it was, or name a copy of it'
  return new UsageError(
    'SECRET_NOT_STORED',
    `The run ${runId} cannot go on: a secret stands in its spec (${placeInWords(workflow, place)}), and secrets are not stored with a run. ` +
      `${why} ${put} with \`--spec FILE\` (in code: \`workflow\` of \`host.resume\`). Nothing of the run is lost. ` +
      'To need none of this, keep the key in the environment and write `${{ env.NAME }}` in the spec.',
    { cause, details: { place: [...place] } },
  )
}

/** `prompt of the step draft.literal`, `instructions of the agent judge`. */
function placeInWords(workflow: Workflow, place: SecretPlace): string {
  let owner: unknown = workflow
  let name = ''
  let child = ''
  for (const [index, key] of place.slice(0, -1).entries()) {
    owner = typeof owner === 'object' && owner !== null ? (owner as Readonly<Record<string, unknown>>)[key] : undefined
    if (place[index - 1] === 'agents') name = ` of the agent ${key}`
    else if (place[index - 1] === 'workflows') child = ` in ${key}`
    else if (typeof owner === 'object' && owner !== null && 'path' in owner) name = ` of the step ${String(owner.path)}`
  }
  return `\`${place.at(-1) ?? ''}\`${name}${child}`
}
