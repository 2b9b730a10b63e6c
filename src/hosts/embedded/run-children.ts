import { childRunId, type ChildListener } from './child-runs.ts'
import type { RunEngine } from './run-engine.ts'
import type { StepStarts } from './step-starts.ts'

export interface RunChildrenOptions {
  readonly runId: string
  readonly engine: () => RunEngine
  readonly starts: StepStarts
  /** Called when one begins or ends to wait. */
  readonly changed: () => void
  /** Called when one was paused by itself. */
  readonly paused: (runId: string) => void
}

/** The child runs of a run's steps: which of them wait for people, and which were paused. */
export class RunChildren {
  readonly #o: RunChildrenOptions
  /** What they wait for, by the paths of their steps. */
  readonly #asks = new Map<string, readonly string[]>()
  readonly #paused = new Set<string>()

  constructor(options: RunChildrenOptions) {
    this.#o = options
  }

  /** Whether none waits for anybody. */
  get isIdle(): boolean {
    return this.#asks.size === 0
  }

  /** Ids of those of steps that are at work. */
  ids(): string[] {
    const { runId, engine, starts } = this.#o
    return engine().atWork('workflow').map((path) => childRunId(runId, path, starts.of(path).turn))
  }

  /** What they wait for. */
  asks(): string[] {
    return [...this.#asks.values()].flat()
  }

  /** Whether the child of the step at `path` goes on only by answers, or not at all. */
  isStill(path: string): boolean {
    return this.#asks.has(path) || this.#paused.has(path)
  }

  /** Listens to the child of the step at `path`, which begins. */
  listener(path: string): ChildListener {
    this.#paused.delete(path)
    return {
      waits: (asks) => {
        if (asks.length === 0) this.#asks.delete(path)
        else this.#asks.set(path, asks)
        this.#o.changed()
      },
      paused: (runId) => {
        this.#paused.add(path)
        this.#o.paused(runId)
      },
    }
  }
}
