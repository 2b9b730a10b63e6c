import { createEmbeddedHost } from '../../src/hosts/embedded/embedded-host.ts'
import { createFileStore } from '../../src/store/file-store.ts'

/** Resumes a run and says how many ms passed until a step began; loading of code is not among them, compiling it is. */
const [dir = '', runId = ''] = process.argv.slice(2)
const begun = performance.now()
const host = createEmbeddedHost({
  store: createFileStore(dir),
  execute: () => {
    const ms = performance.now() - begun
    process.send?.(ms, () => process.exit(0))
    return new Promise(() => {})
  },
})
await host.resume({ runId })
