import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'
import type { AgentEvent, AgentRequest, ExecutionContext, Question, StepResult } from '../src/executors/executor.ts'
import { createExecutors } from '../src/executors/executors.ts'
import type { Json } from '../src/json.ts'
import type { AcpAgent, CliAgent } from '../src/spec/ir-agents.ts'

/** What tests of coding agents share. */

const folders: string[] = []
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A folder that is gone after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'forkchart-agents-'))
  folders.push(folder)
  return folder
}

export function git(folder: string, ...args: readonly string[]): string {
  const author = ['-c', 'user.name=Test', '-c', 'user.email=test@localhost', '-c', 'init.defaultBranch=main']
  return execFileSync('git', [...author, ...args], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trimEnd()
}

/** A repository with one commit of these files. */
export function repository(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder()
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  git(folder, 'init', '--quiet')
  git(folder, 'add', '--all')
  git(folder, 'commit', '--quiet', '-m', 'first')
  return folder
}

/** An ended process that nobody has collected yet does not count. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !existsSync('/proc/self') || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

type CodingAgent = Partial<CliAgent> | Partial<AcpAgent>

export const cli = (name: CliAgent['cli'], more: Partial<CliAgent> = {}): CliAgent => ({ uses: 'cli', cli: name, args: [], workspace: 'shared', env: {}, ...more })
export const acp = (command: readonly string[], more: Partial<AcpAgent> = {}): AcpAgent => ({
  uses: 'acp', command: [...command], permissions: 'deny', workspace: 'shared', env: {}, ...more,
})

/** One step of a coding agent, and what is kept between its attempts. */
export class AgentStep {
  readonly events: AgentEvent[] = []
  readonly deltas: string[] = []
  readonly logged: string[] = []
  readonly asked: Question[] = []
  kept: Json | undefined
  readonly folder: string
  readonly #env: NodeJS.ProcessEnv
  #attempt = 0

  constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.folder = folder
    this.#env = env
  }

  run(
    agent: CodingAgent,
    request: Partial<AgentRequest> = {},
    { signal = new AbortController().signal, answer, told }: { signal?: AbortSignal; answer?: Json; told?: (event: AgentEvent) => void } = {},
  ): Promise<StepResult> {
    this.#attempt += 1
    const full: AgentRequest = {
      kind: 'agent', runId: 'run-1', path: 'code', attempt: this.#attempt, idempotencyKey: 'run-1/code', input: null,
      agentName: 'coder', agent: agent as AgentRequest['agent'], prompt: 'Do it', ...request,
    }
    const run = join(this.folder, '..', `${this.folder.split('/').at(-1) ?? ''}-run`)
    mkdirSync(join(run, 'artifacts'), { recursive: true })
    folders.push(run)
    const context: ExecutionContext = {
      signal,
      log: (text) => this.logged.push(text),
      artifactsDir: join(run, 'artifacts'),
      workspacesDir: join(run, 'workspaces'),
      since: 0,
      workingDir: this.folder,
      specDir: this.folder,
      tell: (event) => {
        this.events.push(event)
        told?.(event)
      },
      delta: (text) => this.deltas.push(text),
      state: {
        load: async () => this.kept,
        save: async (value) => {
          this.kept = value
        },
      },
      ...(answer === undefined ? {} : { ask: async (question: Question) => (this.asked.push(question), answer) }),
    }
    return createExecutors({ scripted: false, env: this.#env }).execute(full, context)
  }
}
