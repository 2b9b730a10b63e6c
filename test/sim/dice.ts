/** Random numbers that a seed decides. */
export interface Dice {
  /** A number from 0 on, below 1. */
  next(): number
  /** A whole number from 0 on, below `sides`. */
  roll(sides: number): number
  /** True in so many of 100 cases. */
  chance(percent: number): boolean
  pick<T>(items: readonly [T, ...T[]]): T
  /** Dice of their own: what is rolled with them changes nothing for others. */
  fork(): Dice
}

/** mulberry32: 32 bits of state are plenty for what a run throws, and it is fast. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const roll = (sides: number): number => Math.floor(next() * sides)
  return {
    next,
    roll,
    chance: (percent) => next() * 100 < percent,
    pick: ([first, ...rest]) => [first, ...rest][roll(rest.length + 1)] ?? first,
    fork: () => createDice(roll(4_294_967_296)),
  }
}
