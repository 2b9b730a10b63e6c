import { expect, test } from 'vitest'
import { runCommand } from '../specs/repo-review/command.ts'
import { folderOf } from './specs-repo-review-folder.ts'

const options = (more: object = {}) => ({ cwd: folderOf({}), signal: new AbortController().signal, timeoutMs: 10_000, ...more })
const node = (code: string) => [process.execPath, '-e', code]

test('output, exit code and input of a program', async () => {
  const code = 'process.stdin.on("data", (text) => { console.log(String(text)); console.error("e"); process.exitCode = 3 })'
  const result = await runCommand(node(code), options({ stdin: 'hello' }))
  expect(result).toEqual({ found: true, code: 3, stdout: 'hello\n', stderr: 'e\n', timedOut: false, truncated: false })
})

test('a program that is not there is no error', async () => {
  expect(await runCommand(['no-such-program-here'], options())).toMatchObject({ found: false, code: null })
})

test('a program that takes too long is ended, and so is what it started', async () => {
  const start = performance.now()
  // The one in the background holds the output open: it must be gone for this to settle at all.
  const result = await runCommand(['sh', '-c', 'sleep 15 & sleep 15'], options({ timeoutMs: 60 }))
  expect(result).toMatchObject({ code: null, timedOut: true })
  expect(performance.now() - start).toBeLessThan(5_000)
})

test('a program that prints too much is ended, and what fits is kept', async () => {
  const result = await runCommand(['sh', '-c', 'while :; do echo xxxxxxxxxxxxxxxxxxxx; done'], options({ maxBytes: 100_000 }))
  expect(result).toMatchObject({ code: null, truncated: true })
  expect(result.stdout.length).toBeLessThanOrEqual(100_000)
})

test('an abort ends the program and rejects with its reason', async () => {
  const controller = new AbortController()
  const work = runCommand(['sleep', '20'], options({ signal: controller.signal }))
  controller.abort(new Error('enough'))
  await expect(work).rejects.toThrow('enough')
  await expect(runCommand(['sleep', '20'], options({ signal: controller.signal }))).rejects.toThrow('enough')
})
