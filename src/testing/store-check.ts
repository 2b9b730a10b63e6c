import type { Store } from '../store/store.ts'

/** One thing that every store must do. `run` rejects when it does not; `store` is an empty one that nobody else uses. */
export interface StoreCheck {
  readonly name: string
  readonly run: (store: Store) => Promise<void>
}
