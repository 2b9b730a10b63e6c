import { spawn } from 'node:child_process'

/** From now on neither this process nor one that it starts ends before it is killed. Gives the id of the other. */
export function hangOn(): number {
  const forever = "process.on('SIGTERM', () => {}); setInterval(() => {}, 60_000)"
  process.on('SIGTERM', () => undefined)
  setInterval(() => undefined, 60_000)
  return spawn(process.execPath, ['-e', forever], { stdio: 'ignore' }).pid ?? 0
}
