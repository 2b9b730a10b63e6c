import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface Child {
  readonly process: ChildProcess
  /** The next line it prints; rejects with its stderr when it ends first. */
  nextLine(): Promise<string>
  /** All lines it prints from here on, until it ends. */
  restOfLines(): Promise<string[]>
  send(line: string): void
  kill(): Promise<void>
}

/** Starts one of `fixtures/store/processes` in a Node of its own; `fileSizeKb` limits how large its files may get. */
export function startChild(script: string, args: readonly string[], { fileSizeKb }: { fileSizeKb?: number } = {}): Child {
  const path = fileURLToPath(new URL(`fixtures/store/processes/${script}.ts`, import.meta.url))
  const command = [process.execPath, path, ...args]
  const [file = '', ...rest] =
    fileSizeKb === undefined ? command : ['sh', '-c', `ulimit -f ${fileSizeKb * 2} && exec "$@"`, 'sh', ...command]
  const child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const closed = once(child, 'close')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    process: child,
    nextLine: async () => {
      const { value, done } = await lines.next()
      if (done !== true) return value
      await closed
      throw new Error(`${script} ended (${child.exitCode ?? child.signalCode}): ${stderr}`)
    },
    restOfLines: async () => {
      const found: string[] = []
      for (let next = await lines.next(); next.done !== true; next = await lines.next()) found.push(next.value)
      return found
    },
    send: (line) => void child.stdin.write(`${line}\n`),
    kill: async () => {
      child.kill('SIGKILL')
      await closed
    },
  }
}
