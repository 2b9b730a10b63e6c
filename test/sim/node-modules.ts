import { registerHooks } from 'node:module'
import { here, isAnywhere } from './world.ts'

/**
 * Puts the simulated world in the place of what the store has from Node. The code under test is the real one, down to
 * its calls of the file system, and nothing in it knows of the simulation. For a process that does nothing else, before
 * it imports any of `src`.
 */
export function simulateNode(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const ours = isOurs(context.parentURL) ? substitutes[specifier] : undefined
      return ours === undefined ? next(specifier, context) : next(new URL(ours, import.meta.url).href, context)
    },
  })
  const { setInterval, clearInterval, setImmediate } = globalThis
  const { now } = performance
  const today = Date.now
  const { pid } = process
  const intervals = new WeakSet<object>()
  globalThis.setInterval = ((callback: () => void, ms: number) => {
    if (!isAnywhere()) return setInterval(callback, ms)
    const interval = every(callback, ms)
    intervals.add(interval)
    return interval
  }) as typeof globalThis.setInterval
  globalThis.clearInterval = (interval) => {
    if (typeof interval === 'object' && intervals.has(interval)) (interval as unknown as Interval).end()
    else clearInterval(interval)
  }
  Date.now = () => (isAnywhere() ? here().world.now + here().process.skewMs : today())
  globalThis.setImmediate = ((callback: () => void) => {
    if (!isAnywhere()) return setImmediate(callback)
    const { world, process } = here()
    return world.after(0, process, callback)
  }) as typeof globalThis.setImmediate
  performance.now = () => (isAnywhere() ? here().world.now : now.call(performance))
  Object.defineProperty(process, 'pid', { get: () => (isAnywhere() ? here().process.id : pid) })
}

const substitutes: Readonly<Record<string, string>> = {
  'node:fs': './node-fs.ts',
  'node:fs/promises': './node-fs-promises.ts',
  'node:crypto': './node-others.ts',
  'node:timers/promises': './node-others.ts',
  './inbox.ts': './node-inboxes.ts',
  './journal-pace.ts': './eager-pace.ts',
  './journal-room.ts': './eager-room.ts',
}

function isOurs(url: string | undefined): boolean {
  return url !== undefined && /\/src\/(store\/[\w-]+|hosts\/embedded\/act-on-run|ids)\.ts(\?.*)?$/.test(url)
}

interface Interval {
  unref(): Interval
  end(): void
}

function every(callback: () => void, ms: number): Interval {
  const { world, process } = here()
  let cancel: () => void
  const arm = (): void => {
    cancel = world.after(ms, process, () => {
      arm()
      callback()
    })
  }
  arm()
  const interval: Interval = { unref: () => interval, end: () => cancel() }
  return interval
}
