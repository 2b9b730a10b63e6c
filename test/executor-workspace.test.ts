import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { AgentRequest } from '../src/executors/executor.ts'
import type { CommandAgent } from '../src/spec/ir-agents.ts'
import { AgentStep, git, repository, runs, temporaryFolder } from './executor-agents.ts'

/** An agent that is a shell line: what it does is said by its prompt. */
const agent = (workspace: CommandAgent['workspace']): AgentRequest['agent'] => ({ uses: 'command', command: ['sh'], parse: 'text', workspace, env: {} })
const step = (folder: string): AgentStep => new AgentStep(folder, process.env)
const run = (folder: string, workspace: CommandAgent['workspace'], prompt: string, more: Partial<AgentRequest> = {}, own = step(folder)) =>
  own.run(agent(workspace) as never, { prompt, ...more })
const read = (folder: string, file: string): string => readFileSync(join(folder, file), 'utf8')
const runFolder = (folder: string): string => `${folder}-run`

/** Nothing of ours is left in the repository. */
function expectClean(folder: string): void {
  expect(git(folder, 'status', '--porcelain')).toBe('')
  expect(git(folder, 'worktree', 'list').split('\n')).toHaveLength(1)
  expect(git(folder, 'branch', '--list', 'forkchart/*')).toBe('')
}

describe('a worktree', () => {
  test('is where the agent works; its changes are merged and it is gone', async () => {
    const folder = repository({ 'a.txt': 'a\n', 'sub/b.txt': 'b\n' })
    const { output } = await run(folder, 'worktree', 'pwd; echo more >> a.txt; rm sub/b.txt; echo new > "new file.txt"')
    expect(output).toBe(join(runFolder(folder), 'workspaces', 'code'))
    expect(read(folder, 'a.txt')).toBe('a\nmore\n')
    expect(existsSync(join(folder, 'sub/b.txt'))).toBe(false)
    expect(read(folder, 'new file.txt')).toBe('new\n')
    expect(git(folder, 'log', '-1', '--format=%an %s')).toBe('Forkchart Merge code of run run-1')
    expectClean(folder)
  })

  test('keeps the commits that the agent made itself, and leaves no trace when nothing was changed', async () => {
    const folder = repository({ 'a.txt': 'a\n' })
    await run(folder, 'worktree', 'echo b > b.txt; git add b.txt; git -c user.name=A -c user.email=a@x commit -qm "my own words"')
    expect(git(folder, 'log', '--format=%s')).toContain('my own words')
    const head = git(folder, 'rev-parse', 'HEAD')
    await run(folder, 'worktree', 'true')
    expect(git(folder, 'rev-parse', 'HEAD')).toBe(head)
    expectClean(folder)
  })

  test('has the agent in the same part of the repository that the run is in', async () => {
    const top = repository({ 'app/a.txt': 'a\n', 'b.txt': 'b\n' })
    const folder = join(top, 'app')
    expect((await run(folder, 'worktree', 'basename "$PWD"; ls; echo x > c.txt')).output).toBe('app\na.txt')
    expect(read(folder, 'c.txt')).toBe('x\n')
  })

  test('three at once are merged one after another, whoever ends first', async () => {
    const folder = repository({ 'a.txt': 'a\n' })
    const work = ['one', 'two', 'three'].map((name) => run(folder, 'worktree', `mkdir ${name}; echo ${name} > ${name}/${name}.txt`, { path: `group.${name}` }))
    await Promise.all(work)
    for (const name of ['one', 'two', 'three']) expect(read(folder, `${name}/${name}.txt`)).toBe(`${name}\n`)
    expectClean(folder)
  })

  test('whose changes contradict others is kept, with its branch, and the working tree is as it was', async () => {
    const folder = repository({ 'a.txt': 'a\n', 'b.txt': 'b\n' })
    const other = `echo other > a.txt; echo mine > b.txt; cd ${folder}; echo theirs > a.txt; git -c user.name=T -c user.email=t@x commit -qam theirs`
    const attempt = run(folder, 'worktree', other)
    await expect(attempt).rejects.toMatchObject({
      kind: 'terminal', code: 'MERGE_CONFLICT', message: expect.stringMatching(/a\.txt.*git merge forkchart\/run-1\/code/s),
      details: { files: ['a.txt'], branch: 'forkchart/run-1/code', folder: join(runFolder(folder), 'workspaces', 'code') },
    })
    expect(read(folder, 'a.txt')).toBe('theirs\n')
    expect(git(folder, 'status', '--porcelain')).toBe('')
    expect(read(join(runFolder(folder), 'workspaces', 'code'), 'a.txt')).toBe('other\n')
    expect(git(folder, 'show', 'forkchart/run-1/code:b.txt')).toBe('mine')
  })

  test('whose changes contradict others has both versions for the next attempt, which makes one of them', async () => {
    const folder = repository({ 'a.txt': 'a\n' })
    const other = `echo other > a.txt; cd ${folder}; echo theirs > a.txt; git -c user.name=T -c user.email=t@x commit -qam theirs`
    await expect(run(folder, 'worktree', other)).rejects.toMatchObject({ code: 'MERGE_CONFLICT' })
    const lazy = run(folder, 'worktree', 'cat a.txt')
    await expect(lazy).rejects.toMatchObject({ code: 'MERGE_CONFLICT', message: expect.stringContaining('still in there'), details: { files: ['a.txt'] } })
    const { output } = await run(folder, 'worktree', 'cat a.txt; echo both > a.txt')
    expect(output).toMatch(/^<<<<<<< .*\nother\n=======\ntheirs\n>>>>>>> /)
    expect(read(folder, 'a.txt')).toBe('both\n')
    expectClean(folder)
  })

  test('is not merged over files that somebody else changed meanwhile', async () => {
    const folder = repository({ 'a.txt': 'a\n' })
    await expect(run(folder, 'worktree', `echo other > a.txt; echo unsaved > ${folder}/a.txt`)).rejects.toMatchObject({ code: 'MERGE_CONFLICT', message: expect.stringContaining('a.txt') })
    expect(read(folder, 'a.txt')).toBe('unsaved\n')
  })

  test('of an attempt that failed is gone on with when it holds work, and else gone', async () => {
    const folder = repository({ 'a.txt': 'a\n' })
    const own = step(folder)
    await expect(run(folder, 'worktree', 'exit 1', {}, own)).rejects.toMatchObject({ code: 'COMMAND_FAILED' })
    expectClean(folder)
    await expect(run(folder, 'worktree', 'echo half > half.txt; exit 1', {}, own)).rejects.toMatchObject({ code: 'COMMAND_FAILED' })
    expect(own.logged.at(-1)).toContain('forkchart/run-1/code')
    expect(existsSync(join(folder, 'half.txt'))).toBe(false)
    expect((await run(folder, 'worktree', 'cat half.txt', {}, own)).output).toBe('half')
    expect(read(folder, 'half.txt')).toBe('half\n')
    expectClean(folder)
  })

  test('whose agent had answered before the merge was cut off is merged without asking it again', async () => {
    const folder = repository({ 'a.txt': 'a\n' })
    const own = step(folder)
    await expect(run(folder, 'worktree', 'echo half > half.txt; exit 1', {}, own)).rejects.toThrow('exited with code 1')
    own.kept = { finished: { output: 'It was done.' } }
    expect((await run(folder, 'worktree', 'exit 9', {}, own)).output).toBe('It was done.')
    expect(read(folder, 'half.txt')).toBe('half\n')
    expectClean(folder)
  })

  test('is refused where it would not have what is there', async () => {
    const dirty = repository({ 'a.txt': 'a\n' })
    writeFileSync(join(dirty, 'untracked.txt'), 'of no matter')
    await run(dirty, 'worktree', 'true')
    writeFileSync(join(dirty, 'a.txt'), 'changed')
    await expect(run(dirty, 'worktree', 'true')).rejects.toMatchObject({ kind: 'terminal', code: 'WORKSPACE_DIRTY', details: { files: ['a.txt'] } })
    await expect(run(temporaryFolder(), 'worktree', 'true')).rejects.toMatchObject({ kind: 'terminal', code: 'WORKSPACE_NOT_A_REPOSITORY' })
    const empty = temporaryFolder()
    git(empty, 'init', '--quiet')
    await expect(run(empty, 'worktree', 'true')).rejects.toMatchObject({ kind: 'terminal', code: 'WORKSPACE_NO_COMMIT' })
  })

  test('is not merged when the answer does not fit its schema', async () => {
    const folder = repository({ 'a.txt': 'a\n' })
    const attempt = run(folder, 'worktree', 'echo x > x.txt; echo 7; exit', { outputSchema: { type: 'integer', maximum: 3 } })
    await expect(attempt).rejects.toMatchObject({ code: 'OUTPUT_INVALID' })
    expect(existsSync(join(folder, 'x.txt'))).toBe(false)
  })

  test('of runs and steps with awkward names', async () => {
    const folder = repository({ 'a.txt': 'a\n' })
    await run(folder, 'worktree', 'echo x > x.txt', { runId: 'a..b.lock', path: 'each.0.do.code' })
    expect(read(folder, 'x.txt')).toBe('x\n')
    expectClean(folder)
  })

  test('keeps the files that the step says it leaves, also those that git ignores', async () => {
    const folder = repository({ '.gitignore': 'out/\n' })
    await run(folder, 'worktree', 'mkdir out; echo report > out/report.md', { artifacts: ['out/report.md'] })
    expect(read(join(runFolder(folder), 'artifacts'), 'out/report.md')).toBe('report\n')
  })

  test('has no process left in it when its agent was stopped', async () => {
    const folder = repository({ 'a.txt': 'a\n' })
    const controller = new AbortController()
    const own = step(folder)
    const attempt = own.run(agent('worktree') as never, { prompt: 'echo $$; sleep 100 & wait' }, { signal: controller.signal })
    const failed = attempt.catch((error: unknown) => error)
    await expect.poll(() => own.logged.length, { interval: 5 }).toBeGreaterThan(0)
    controller.abort()
    expect(await failed).toMatchObject({ kind: 'cancelled' })
    expect(runs(Number(own.logged[0]))).toBe(false)
    expectClean(folder)
  })
})

describe('a copy', () => {
  const patch = (folder: string): string => read(join(runFolder(folder), 'artifacts'), 'code.patch')

  test('leaves the folder of the run alone; its changes are a patch, which can be applied', async () => {
    const folder = repository({ 'a.txt': 'a\n', '.gitignore': 'big/\n', 'keep/me.txt': 'k\n' })
    writeFileSync(join(folder, 'not-committed.txt'), 'seen\n')
    const { output } = await run(folder, 'copy', 'cat not-committed.txt; echo b >> a.txt; rm keep/me.txt; mkdir big; echo x > big/x; git log --oneline | wc -l')
    expect(String(output)).toMatch(/^seen\s+1$/)
    expect(read(folder, 'a.txt')).toBe('a\n')
    expect(patch(folder)).not.toContain('big/x')
    expect(existsSync(join(runFolder(folder), 'workspaces', 'code'))).toBe(false)
    git(folder, 'apply', join(runFolder(folder), 'artifacts', 'code.patch'))
    expect(read(folder, 'a.txt')).toBe('a\nb\n')
    expect(existsSync(join(folder, 'keep/me.txt'))).toBe(false)
  })

  test('needs no repository, and is gone on with after a failure', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'a.txt'), 'a\n')
    const own = step(folder)
    await expect(run(folder, 'copy', 'echo b >> a.txt; exit 1', {}, own)).rejects.toMatchObject({ code: 'COMMAND_FAILED' })
    expect((await run(folder, 'copy', 'echo c >> a.txt; cat a.txt', {}, own)).output).toBe('a\nb\nc')
    expect(patch(folder)).toMatch(/\+b\n\+c/)
    expect(read(folder, 'a.txt')).toBe('a\n')
  })

  test('without changes leaves nothing', async () => {
    const folder = temporaryFolder()
    await run(folder, 'copy', 'true')
    expect(existsSync(join(runFolder(folder), 'artifacts', 'code.patch'))).toBe(false)
  })
})
