import { type ChildProcess, spawn } from 'node:child_process'
import { createLineSplitter } from '../line-splitter.ts'
import { endGroup, ownGroup } from '../process-group.ts'

/** What a server of tools gets of our environment; anything else it needs is declared. */
const inherited = ['HOME', 'LANG', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'TMPDIR', 'TZ', 'USER']

/** The largest message that is taken in, in characters. */
const longestMessage = 16 * 1024 * 1024
/** How long a server may take to end by itself once its stdin has ended. */
const partingMs = 200

export interface StdioServer {
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Absolute. */
  readonly cwd: string
  readonly log: (line: string) => void
}

/**
 * An MCP transport over the stdin and stdout of a program in a process group of its own. The one that comes with the SDK
 * writes the program's stderr to our terminal, and leaves behind what the program has started.
 */
export class McpStdio {
  onmessage: ((message: unknown) => void) | undefined
  onclose: (() => void) | undefined
  onerror: ((error: Error) => void) | undefined
  readonly #server: StdioServer
  readonly #env: NodeJS.ProcessEnv
  #child: ChildProcess | undefined
  #partial = ''

  constructor(server: StdioServer, env: NodeJS.ProcessEnv) {
    this.#server = server
    this.#env = Object.fromEntries(inherited.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
  }

  async start(): Promise<void> {
    const { command, env, cwd, log } = this.#server
    const [file = '', ...args] = command
    const child = spawn(file, args, { cwd, env: { ...this.#env, ...env }, stdio: 'pipe', detached: true, windowsHide: true })
    this.#child = child
    ownGroup(child)
    const { promise: started, resolve, reject } = Promise.withResolvers<void>()
    child.once('spawn', resolve)
    child.once('error', (error) => {
      reject(error)
      this.onerror?.(error)
    })
    child.once('close', () => this.onclose?.())
    child.stdin?.on('error', (error) => this.onerror?.(error))
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(text))
    const lines = createLineSplitter(log)
    child.stderr?.on('data', lines.push).once('end', lines.flush)
    await started
  }

  send(message: object): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const stdin = this.#child?.stdin
    if (stdin?.writable !== true) return Promise.reject(new Error('The MCP server has ended.'))
    stdin.write(`${JSON.stringify(message)}\n`, (error) => (error == null ? resolve() : reject(error)))
    return promise
  }

  /** Resolves when no process of the server is left. */
  async close(): Promise<void> {
    const child = this.#child
    if (child?.pid === undefined) return
    this.#child = undefined
    const { promise: parted, resolve } = Promise.withResolvers<void>()
    child.once('exit', resolve)
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    child.stdin?.end()
    const timer = setTimeout(resolve, partingMs)
    await parted
    clearTimeout(timer)
    await endGroup(child.pid)
    for (const stream of child.stdio) stream?.destroy()
  }

  #take(text: string): void {
    this.#partial += text
    let start = 0
    for (let end = this.#partial.indexOf('\n'); end !== -1; end = this.#partial.indexOf('\n', start)) {
      this.#hand(this.#partial.slice(start, end).trim())
      start = end + 1
    }
    this.#partial = this.#partial.slice(start)
    if (this.#partial.length <= longestMessage) return
    this.onerror?.(new Error('The MCP server sent a message that is too long.'))
    void this.close()
  }

  #hand(line: string): void {
    if (line === '') return
    try {
      this.onmessage?.(JSON.parse(line))
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(String(error)))
    }
  }
}
