import type { ErrorData } from '../src/errors.ts'
import type { EphemeralEvent, EventData, RunEvent, UnnumberedEvent } from '../src/events.ts'
import { applyEvent, createRunView, type RunView } from '../src/runtime/run-view.ts'
import type { Block, ParallelBlock, RunStep, SequenceBlock, Workflow } from '../src/spec/ir.ts'

/** Workflows and runs to look at, without anything that runs them. */

export const startTime = Date.parse('2026-11-21T12:00:00.000Z')
export const runId = '20261121-120000-k3x9qa'

interface Place {
  readonly group?: string
  readonly branch?: string
  readonly title?: string
}

export function step(path: string, place: Place = {}): RunStep {
  return {
    kind: 'run', path, id: lastOf(path), command: ['npm', 'run', lastOf(path)], parse: 'text', ...place,
    retry: { attempts: 3, initialMs: 100, factor: 2, maxMs: 1000, jitter: 0, totalMs: 10_000 },
  }
}
export function parallel(path: string, branches: Block[], place: Place = {}, extra: Partial<ParallelBlock> = {}): ParallelBlock {
  return { kind: 'parallel', path, id: lastOf(path), branches, onBranchFailure: 'settle', reduce: 'auto', ...place, ...extra }
}
export function sequence(path: string, blocks: Block[], place: Place = {}): SequenceBlock {
  return { kind: 'sequence', path, id: lastOf(path), blocks, ...place }
}
export function workflowOf(stages: Block[], name = 'repo-review'): Workflow {
  return { format: 1, name, agents: {}, limits: { concurrency: 4, agents: 20 }, env: [], stages }
}

/** fetch, then lint, tests, (audit, secrets) and size at once, then report. */
export const review = workflowOf([
  step('fetch', { title: 'Fetch the tree' }),
  parallel('checks', [
    step('checks.lint', { group: 'checks', branch: 'lint' }),
    step('checks.tests', { group: 'checks', branch: 'tests', title: 'Unit tests' }),
    sequence('checks.security', [
      step('checks.security.audit', { group: 'checks', branch: 'security' }),
      step('checks.security.secrets', { group: 'checks', branch: 'security' }),
    ], { group: 'checks', branch: 'security' }),
    step('checks.size', { group: 'checks', branch: 'size' }),
  ]),
  step('report'),
])

/** A run told event by event, at times of one's choice. */
export class Story {
  readonly events: RunEvent[] = []
  now = startTime
  #round: number | undefined

  after(ms: number): this {
    this.now += ms
    return this
  }
  /** All that follows is told to be of that round; undefined: of none. */
  round(iteration: number | undefined): this {
    this.#round = iteration
    return this
  }
  tell(told: UnnumberedEvent): this {
    const event = this.#round === undefined || told.type.startsWith('run.') ? told : { ...told, iteration: this.#round }
    this.events.push({ ...event, seq: this.events.length + 1, runId, at: new Date(this.now).toISOString() })
    return this
  }
  begin(scripted = false): this {
    return this.tell({ type: 'run.started', data: { workflow: 'repo-review', input: {}, scripted } })
  }
  queue(path: string): this {
    return this.tell({ type: 'step.queued', path, data: {} })
  }
  start(path: string, attempt = 1): this {
    return this.queue(path).tell({ type: 'step.started', path, attempt, data: {} })
  }
  complete(path: string, output: string, attempt = 1): this {
    const usage = { inputTokens: 100, outputTokens: 20, costUsd: 0.002 }
    return this.tell({ type: 'step.completed', path, attempt, data: { output, usage } })
  }
  fail(path: string, message: string, attempt = 1): this {
    return this.tell({ type: 'step.failed', path, attempt, data: { error: { ...errorOf(message), path } } })
  }
  retry(path: string, message: string, attempt = 1): this {
    return this.tell({ type: 'step.retrying', path, attempt, data: { error: errorOf(message), delayMs: 500 } })
  }
  skip(path: string, reason: string): this {
    return this.tell({ type: 'step.skipped', path, data: { reason, output: null } })
  }
  cancel(path: string, reason: string): this {
    return this.tell({ type: 'step.cancelled', path, data: { reason } })
  }
  ask(path: string, message: string, more: Partial<EventData<'ask.opened'>> = {}): this {
    return this.tell({ type: 'ask.opened', path, attempt: 1, data: { ask: path, message, ...more } })
  }
  answer(path: string, value: string): this {
    return this.tell({ type: 'ask.answered', path, attempt: 1, data: { ask: path, value } })
  }
  wait(...asks: string[]): this {
    return this.tell({ type: 'run.waiting', data: { asks } })
  }
  resume(data: Partial<EventData<'run.resumed'>> = {}): this {
    return this.tell({ type: 'run.resumed', data: { afterSeq: this.events.length, ...data } })
  }
  open(path: string, branches: string[] = []): this {
    return this.tell({ type: 'group.started', path, data: { branches } })
  }
  join(path: string, status: 'completed' | 'failed' | 'skipped' | 'cancelled', error?: ErrorData): this {
    const data = { status, completed: 0, failed: 0, skipped: 0, cancelled: 0, ...(error === undefined ? {} : { error }) }
    return this.tell({ type: 'group.joined', path, data })
  }
  settle(status: 'done' | 'failed' | 'cancelled', error?: ErrorData): this {
    return this.tell({ type: 'run.settled', data: error === undefined ? { status, output: 'ready' } : { status, error } })
  }

  view(workflow: Workflow = review): RunView {
    const view = createRunView(workflow)
    for (const event of this.events) applyEvent(view, event)
    return view
  }
}

export function errorOf(message: string): ErrorData {
  return { code: 'STEP_FAILED', kind: 'terminal', message }
}

/** The failure of a whole group, as the runtime sums it up. */
export function branchesFailed(path: string, total: number, failures: Readonly<Record<string, string>>): ErrorData {
  const errors = Object.entries(failures).map(([branch, message]) => ({ ...errorOf(message), path: branch }))
  const named = errors.map((error) => `${lastOf(error.path)} (${error.message})`).join('; ')
  const message = `${errors.length} of ${total} branches of "${path}" failed: ${named}`
  return { code: 'BRANCHES_FAILED', kind: 'terminal', message, path, errors }
}

export function output(path: string, text: string): EphemeralEvent {
  return { ephemeral: true, runId, at: new Date(startTime).toISOString(), type: 'log', path, attempt: 1, data: { text } }
}

/** Half way through the review: one step queued, one at its second attempt, one skipped. */
export function midReview(): Story {
  return new Story()
    .begin(true)
    .start('fetch').after(800).complete('fetch', '120 files')
    .open('checks', ['lint', 'tests', 'security', 'size'])
    .start('checks.lint').start('checks.tests').start('checks.security.audit').queue('checks.size')
    .after(1200).retry('checks.lint', 'the registry said 503')
    .after(500).start('checks.lint', 2)
    .after(700).complete('checks.security.audit', 'no advisories')
    .skip('checks.security.secrets', 'gitleaks is not installed')
    .after(4000)
}

/** The review with lint and tests failed. */
export function failedReview(): Story {
  const error = branchesFailed('checks', 4, {
    'checks.lint': 'eslint ended with exit code 1',
    'checks.tests': '3 of 412 tests failed',
  })
  return midReview()
    .fail('checks.lint', 'eslint ended with exit code 1', 2)
    .fail('checks.tests', '3 of 412 tests failed')
    .start('checks.size').after(250).complete('checks.size', '42 kB')
    .join('checks', 'failed', error)
    .settle('failed', error)
}

export function doneReview(): Story {
  return midReview()
    .complete('checks.lint', 'clean', 2).complete('checks.tests', '412 passed')
    .start('checks.size').after(250).complete('checks.size', '42 kB')
    .join('checks', 'completed')
    .start('report').after(90).complete('report', '# Report\n\nAll is well.')
    .settle('done')
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}
