import { fork } from 'node:child_process'

/** Runs a program of the bench in a process of its own, where nothing else weighs on it; gives the number it sends. */
export function inNewProcess(program: URL, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = fork(program, args, { execArgv: [] })
    child.once('message', (value) => resolve(Number(value)))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${program.pathname} ended with ${code} and said nothing`)))
  })
}
