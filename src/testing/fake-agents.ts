import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type FakeCall, type FakeProgram, type FakeTurn, readFakeCalls } from './fake-agent-turn.ts'

export interface FakeAgents {
  /** Holds the programs `claude`, `codex`, `gemini`, `copilot`. */
  readonly folder: string
  /** The environment with them first on PATH. */
  env(env?: NodeJS.ProcessEnv): NodeJS.ProcessEnv
  /** The `command` of an agent that speaks the Agent Client Protocol. */
  readonly acp: readonly [string]
  /** How they were called, in the order of the calls. */
  calls(): readonly FakeCall[]
}

const programs: readonly FakeProgram[] = ['claude', 'codex', 'gemini', 'copilot', 'acp']

/**
 * Programs that act as coding agents do, from a script: they read the prompt as the real ones do, print lines of the shapes
 * that the real ones print, write files, and cost nothing. `folder` is made when it is not there.
 */
export function createFakeAgents(folder: string, script: { readonly [P in FakeProgram]?: readonly FakeTurn[] }): FakeAgents {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'script.json'), JSON.stringify(script))
  writeFileSync(join(folder, 'calls.ndjson'), '')
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const module = new URL(`fake-agent-program.${extension}`, import.meta.url).href
  for (const program of programs) {
    const file = join(folder, program === 'acp' ? 'fake-acp' : program)
    const play = `process.getBuiltinModule('node:module').enableCompileCache()\nimport(${JSON.stringify(module)}).then(({ playFakeAgent }) => playFakeAgent(${JSON.stringify(program)}, ${JSON.stringify(folder)}))`
    writeFileSync(file, `#!${process.execPath}\n${play}\n`)
    chmodSync(file, 0o755)
  }
  return {
    folder,
    env: (env = process.env) => ({ ...env, PATH: `${folder}${delimiter}${env.PATH ?? ''}` }),
    acp: [join(folder, 'fake-acp')],
    calls: () => readFakeCalls(folder),
  }
}
