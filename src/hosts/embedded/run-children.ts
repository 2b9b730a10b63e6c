import { childRunId, type ChildListener } from './child-runs.ts'
import type { EmbeddedRun } from './embedded-run.ts'

/** The child runs of a run's steps: which of them wait for people, and which were paused. */
export class RunChildren {
  readonly #run: EmbeddedRun
  /** What they wait for, by the paths of their steps. */
  readonly #asks = new Map<string, readonly string[]>()
  readonly #paused = new Set<string>()

  constructor(run: EmbeddedRun) {
    this.#run = run
  }

  /** Whether none waits for anybody. */
  get isIdle(): boolean {
    return this.#asks.size === 0
  }

  /** Ids of those of steps that are at work. */
  ids(): string[] {
    const { runId, engine, starts } = this.#run
    return engine.atWork('workflow').map((path) => childRunId(runId, path, starts.of(path).turn))
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
        this.#run.turned()
      },
      paused: (runId) => {
        this.#paused.add(path)
        this.#run.pause(`its child run ${runId} was paused`)
      },
    }
  }
}
