/** What Forkchart gets for `node:crypto` and `node:timers/promises` inside the simulation: chance and time are the world's. */
import { here } from './world.ts'

export * from 'node:crypto'

export function randomUUID(): string {
  return here().world.digits(32).replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

export function randomBytes(size: number): Buffer {
  return Buffer.from(here().world.digits(size * 2), 'hex')
}

export function setTimeout(ms: number): Promise<void> {
  const { world, process } = here()
  return new Promise((resolve) => void world.after(ms, process, resolve))
}
