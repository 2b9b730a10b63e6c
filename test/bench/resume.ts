import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createEmbeddedHost } from '../../src/hosts/embedded/embedded-host.ts'
import { createFileStore } from '../../src/store/file-store.ts'
import { inNewProcess } from './new-process.ts'
import { fanAndLast } from './workflows.ts'

const runId = 'wide'

/**
 * Resumes, each time in a new process, a run whose process was cut off after a group of `width` had ended and the step
 * after it had begun: ms until that step begins again.
 */
export function resumer(dir: string, width: number): () => Promise<number> {
  let prepared: Promise<string> | undefined
  return async () => {
    prepared ??= cutOffRun(mkdtempSync(join(dir, 'cut-off-')), width)
    const copy = mkdtempSync(join(dir, 'resume-'))
    try {
      cpSync(await prepared, copy, { recursive: true })
      return await inNewProcess(new URL('resume-child.ts', import.meta.url), [copy, runId])
    } finally {
      rmSync(copy, { recursive: true, force: true })
    }
  }
}

/** The store as it is on disk while the last step is at work; without the lock, as if its owner were gone. */
async function cutOffRun(dir: string, width: number): Promise<string> {
  const [live, left] = [join(dir, 'live'), join(dir, 'left')]
  const { promise: lastBegan, resolve: lastBegins } = Promise.withResolvers<void>()
  const host = createEmbeddedHost({
    store: createFileStore(live),
    execute: ({ path }, { signal }) => {
      if (path !== 'last') return Promise.resolve({ output: path })
      lastBegins()
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))))
    },
  })
  const place = { specDir: '/', workingDir: '/', source: { file: null, text: '' } }
  const run = await host.start({ workflow: fanAndLast(width), input: {}, runId, ...place })
  await lastBegan
  cpSync(live, left, { recursive: true })
  rmSync(join(left, 'runs', runId, 'run.lock'))
  await run.interrupt()
  return left
}
