import type { RunEvent } from '../../events.ts'
import type { AgentRequest } from '../../executors/executor.ts'
import type { Redactor } from '../../redact.ts'
import { withMemory } from '../../runtime/memory-text.ts'
import { RunMemory } from '../../runtime/run-memory.ts'
import type { Workflow } from '../../spec/ir.ts'
import type { RunWriter } from '../../store/store.ts'

/** Where it is saved; the names of steps' states have a slash. */
const stateKey = 'memory'

/** Whether any agent of the workflow has a memory. */
export function hasMemory({ agents }: Workflow): boolean {
  return Object.values(agents).some(({ memory }) => memory !== undefined)
}

/** Tells agents with a memory what was done earlier in the run, and keeps what they were asked over restarts. */
export class StepMemory {
  readonly #memory: RunMemory
  readonly #writer: Pick<RunWriter, 'loadState' | 'saveState'>
  readonly #redactor: Redactor
  #loaded: Promise<void> | undefined
  #saved: Promise<void> = Promise.resolve()

  constructor(workflow: Workflow, { writer, redactor }: { readonly writer: Pick<RunWriter, 'loadState' | 'saveState'>; readonly redactor: Redactor }) {
    this.#memory = new RunMemory(workflow)
    this.#writer = writer
    this.#redactor = redactor
  }

  take(event: RunEvent): void {
    this.#memory.take(event)
  }

  /** The request with what its agent remembers. What it is asked is on disk when this resolves. */
  async recall(request: AgentRequest): Promise<AgentRequest> {
    if (!this.#memory.has(request.agentName)) return request
    await this.#load()
    const told = withMemory(request, this.#memory.entries())
    this.#memory.notePrompt(request.path, this.#redactor.text(request.prompt))
    await this.#save(() => this.#memory.save())
    return told
  }

  /** The run has ended: forgets all but what is to be kept. */
  async end(): Promise<void> {
    await this.#load()
    await this.#save(() => (this.#memory.isKept ? this.#memory.kept() : null))
  }

  #load(): Promise<void> {
    this.#loaded ??= this.#writer.loadState(stateKey).then((saved) => this.#memory.load(saved))
    return this.#loaded
  }

  /** One after the other: the newest stays. */
  #save(value: () => Parameters<RunWriter['saveState']>[1]): Promise<void> {
    const saved = this.#saved.catch(() => {}).then(() => this.#writer.saveState(stateKey, value()))
    this.#saved = saved
    return saved
  }
}
