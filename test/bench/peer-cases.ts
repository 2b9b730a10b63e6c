import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchCase } from './cases.ts'
import { type Postgres, startPostgres } from './postgres.ts'

export interface Peers {
  readonly cases: readonly BenchCase[]
  /** One line for each peer: how it is configured, or why it is skipped. */
  readonly notes: readonly string[]
  readonly close: () => Promise<void>
}

type Answer = { readonly about: string; readonly names: readonly string[] } | { readonly sample: number } | { readonly error: string }

const folder = join(import.meta.dirname, 'peers')
const names = ['mastra', 'langgraph', 'dbos']
/** A peer that has said nothing for so long has hung. */
const patienceMs = 60_000

/** Nothing of the caller's: a key in it could turn tracing on. */
const env = {
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  NODE_ENV: 'production',
  MASTRA_TELEMETRY_DISABLED: '1',
  LANGSMITH_TRACING: 'false',
  DO_NOT_TRACK: '1',
}

/** Installs the peers when they are not, and starts a process for each. What cannot be had is skipped, with a note. */
export async function openPeers(dir: string, postgresFolder: string): Promise<Peers> {
  const missing = installed()
  if (missing !== undefined) return { cases: [], notes: names.map((name) => `${name}: skipped: ${missing}`), close: async () => {} }
  const notes: string[] = []
  let postgres: Postgres | undefined
  try {
    postgres = await startPostgres(postgresFolder)
  } catch (error) {
    notes.push(`without Postgres: ${message(error)}`)
  }
  const workers: ChildProcess[] = []
  const cases: BenchCase[] = []
  for (const name of names) {
    const worker = fork(join(folder, 'worker.mjs'), [name, mkdtempSync(join(dir, `${name}-`)), postgres?.url ?? ''], {
      env,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    workers.push(worker)
    try {
      const answer = await answerOf(worker)
      if (!('names' in answer)) throw new Error('error' in answer ? answer.error : 'it answered out of turn')
      notes.push(`${name}: ${answer.about}`)
      cases.push(...answer.names.map((which) => peerCase(worker, name, which)))
    } catch (error) {
      notes.push(`${name}: skipped: ${message(error)}`)
    }
  }
  const close = async (): Promise<void> => {
    await Promise.all(workers.map(ended))
    await postgres?.stop()
  }
  return { cases, notes, close }
}

/** One that fails once is given up, with a word on stderr: the others' figures are worth having. */
function peerCase(worker: ChildProcess, peer: string, which: string): BenchCase {
  let isGivenUp = false
  return {
    name: `${peer}/${which}`,
    unit: which.startsWith('chain') ? 'µs/step' : 'µs/branch',
    mostRuns: 10,
    run: async () => {
      if (isGivenUp) return []
      try {
        const answer = answerOf(worker)
        worker.send(which)
        const got = await answer
        if ('sample' in got) return [got.sample]
        throw new Error('error' in got ? got.error : 'it gave no sample')
      } catch (error) {
        isGivenUp = true
        console.error(`${peer}/${which}: given up: ${message(error)}`)
        return []
      }
    },
  }
}

/** Why the peers cannot be used; undefined when they are there. */
function installed(): string | undefined {
  if (existsSync(join(folder, 'node_modules'))) return undefined
  // A script of npm's hands its own settings on; this install is another project's. stdout is for figures.
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)))
  const { status, stderr, error } = spawnSync('npm', ['ci', '--ignore-scripts', '--prefix', folder], {
    cwd: folder,
    env: clean,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 300_000,
  })
  if (status === 0) return undefined
  if (error !== undefined) return `npm could not be run: ${error.message}`
  const said = stderr.split('\n').filter((line) => line.startsWith('npm error')).slice(0, 2).join('; ')
  return `npm ci in ${folder} failed: ${said}`
}

function answerOf(worker: ChildProcess): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onMessage = (answer: Answer): void => settle(() => resolve(answer))
    const onExit = (): void => settle(() => reject(new Error('its process ended')))
    const timer = setTimeout(() => settle(() => reject(new Error(`no answer within ${patienceMs / 1000} s`))), patienceMs)
    const settle = (done: () => void): void => {
      clearTimeout(timer)
      worker.off('message', onMessage).off('exit', onExit).off('error', onExit)
      done()
    }
    worker.on('message', onMessage).on('exit', onExit).on('error', onExit)
  })
}

function ended(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const force = setTimeout(() => worker.kill('SIGKILL'), 5000)
    worker.once('exit', () => {
      clearTimeout(force)
      resolve()
    })
    worker.disconnect()
  })
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
