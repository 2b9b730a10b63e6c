import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createEmbeddedHost } from '../../src/hosts/embedded/embedded-host.ts'
import type { RunHandle } from '../../src/hosts/host.ts'
import { createFileStore } from '../../src/store/file-store.ts'
import { chain } from './workflows.ts'

/**
 * Says how many KB of heap each of some durable runs holds, in the middle of a chain of three: its first step has ended,
 * its second is at work. One host has them all, as in a service.
 */
const [dir = '', count = ''] = process.argv.slice(2)
let atWork = 0
let onAtWork = (): void => {}
const host = createEmbeddedHost({
  store: createFileStore(dir),
  execute: ({ path }, { signal }) => {
    if (path === 's0') return Promise.resolve({ output: path })
    atWork += 1
    onAtWork()
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))))
  },
})
const workflow = chain(3)
const runs: RunHandle[] = []

// Those before it pay for what all share: the compiled workflow, tables, code.
const before = await heapWith(20)
const after = await heapWith(20 + Number(count))
process.send?.((after - before) / Number(count) / 1024)
await Promise.all(runs.map((run) => run.interrupt()))
process.disconnect()

/** The heap once so many runs are in their second step. */
async function heapWith(wanted: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>()
  onAtWork = () => {
    if (atWork >= wanted) resolve()
  }
  while (runs.length < wanted) {
    runs.push(await host.start({ workflow, input: {}, specDir: '/', workingDir: '/', source: { file: null, text: '' } }))
  }
  await promise
  return heapUsed()
}

/** After a full collection of garbage. */
async function heapUsed(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
  return process.memoryUsage().heapUsed
}
