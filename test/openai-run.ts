import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const worker = fileURLToPath(new URL('fixtures/openai/worker.ts', import.meta.url))
const tools = fileURLToPath(new URL('fixtures/openai/tools.ts', import.meta.url))

/** A folder with a spec, in which `TOOLS` stands for the module of fixtures. */
export function specFolder(spec: string): { readonly dir: string; readonly file: string } {
  const dir = mkdtempSync(join(tmpdir(), 'forkchart-openai-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const file = join(dir, 'spec.yaml')
  writeFileSync(file, spec.replaceAll('TOOLS', tools))
  return { dir, file }
}

export interface WorkerRun {
  readonly said: string
  readonly settlement: unknown
}

/** Runs the worker to its end, or kills it (SIGKILL) as soon as `until` resolves. */
export async function work(
  { dir, file }: { readonly dir: string; readonly file: string },
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  until?: Promise<unknown>,
): Promise<WorkerRun> {
  const child = spawn(process.execPath, [worker, join(dir, 'store'), file, 'run', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Modules are compiled once, not in each of many processes.
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: join(tmpdir(), 'forkchart-openai-test-cache'), ...env },
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const closed = once(child, 'close')
  void until?.then(() => child.kill('SIGKILL'))
  await closed
  const last = said.trim().split('\n').at(-1) ?? ''
  return { said, settlement: last.startsWith('{') ? (JSON.parse(last) as unknown) : last }
}
