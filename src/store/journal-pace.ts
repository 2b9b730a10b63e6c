/**
 * When a journal is busy, and when a sync is waited for on the spot: the way to a worker thread and back costs nearly as
 * much as a fast disk itself, but a blocking call keeps everything else in the process waiting. So it is for a journal that
 * is busy, when nothing came while its last sync ran, and the disk is known to be quick.
 */

/** So many syncs within so long make a journal busy. */
const busySyncs = 8
const busyMs = 100
/** Most syncs that block one after another: then the event loop has its turn. */
const mostInARow = 7
/** A sync of more than this does not block. */
const fewBytes = 16_384
/** A sync that takes longer is a slow one. */
const slowMs = 2
/** After a slow one so many are not waited for. */
const cautiousSyncs = 32

/** Syncs that were begun by all journals of the process. */
let begunByAll = 0

/** Judges by the syncs of a journal how the next one is to be made. Times are in ms. */
export class Pace {
  #syncs = 0
  #since = performance.now()
  #beganAt = 0
  /** What `begunByAll` was when the last sync had begun. */
  #begun = 0
  /** How many of the next syncs may block, and how many must not. */
  #blocking = 0
  #cautious = 0
  isBusy = false

  /** A sync of so many bytes begins. Whether it is to block. */
  begins(now: number, bytes: number): boolean {
    this.#syncs += 1
    begunByAll += 1
    if (this.#syncs % busySyncs === 0) {
      this.isBusy = now - this.#since < busyMs
      this.#since = now
    }
    const isAlone = this.#begun === begunByAll - 1
    this.#beganAt = now
    this.#begun = begunByAll
    if (!isAlone || !this.isBusy) this.#blocking = 0
    if (this.#blocking === 0 || bytes > fewBytes) return false
    this.#blocking -= 1
    return true
  }

  /** A sync has ended that did not block, or did. `gathered` is whether something came to the journal meanwhile. */
  ended(now: number, { blocked, gathered }: { readonly blocked: boolean; readonly gathered: boolean }): void {
    if (now - this.#beganAt > slowMs) {
      this.#cautious = cautiousSyncs
      this.#blocking = 0
    } else if (this.#cautious > 0) this.#cautious -= 1
    else if (!blocked) this.#blocking = gathered ? 0 : mostInARow
  }
}
