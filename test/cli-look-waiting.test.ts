import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Workflow } from '../src/spec/ir.ts'
import { createFileStore } from '../src/store/file-store.ts'
import type { RunWriter } from '../src/store/store.ts'
import { call } from './cli-terminal.ts'
import { Story } from './tui-fixture.ts'
import { asked, midTranslation, release, translation } from './tui-fixture-groups.ts'

/** Runs that wait or were left, and maps, as the commands that look show them. */

let cwd = ''
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'forkchart-waiting-'))
  const maps = await write('maps', translation, midTranslation())
  maps.log('files.7.one.check', 'two sentences are missing\n')
  maps.log('files.13.one.check', 'good so far\n')
  await maps.close()
  await (await write('asks', release, asked())).close()
  const child = new Story().begin().start('build').complete('build', 'x').start('deploy').wait('deploy/approve')
  await (await write('parent', release, child)).close()
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

async function write(runId: string, workflow: Workflow, { events }: Story): Promise<RunWriter> {
  const writer = await createFileStore(join(cwd, '.forkchart')).create({
    format: 1, runId, createdAt: '2026-11-21T12:00:00.000Z', workflow, input: {},
    options: { scripted: false, specDir: cwd, workingDir: cwd }, source: { file: null, text: '' },
  })
  writer.append(events.map((event) => ({ ...event, runId })))
  await writer.flushed()
  return writer
}

describe('show of a run that waits', () => {
  test('has each open question with the command that answers it', async () => {
    const { out } = await call(cwd, ['show', 'asks'])
    expect(out).toContain('◇ release waiting in 1.7s: 2 of 5 steps')
    expect(out.split('\n').slice(-5)).toEqual([
      'gates.approve asks: Ship version 1.2 to production? (options: yes, no   expires 2026-11-22 12:00:00 UTC)',
      '  forkchart answer asks gates.approve yes',
      'gates.staged waits for the event staged',
      '  forkchart send asks staged JSON',
      '',
    ])
  })

  test('as JSON has them as `asks`', async () => {
    expect(JSON.parse((await call(cwd, ['show', 'asks', '--json'])).out)).toMatchObject({
      status: 'waiting',
      asks: [
        { ask: 'gates.approve', path: 'gates.approve', options: ['yes', 'no'], command: 'forkchart answer asks gates.approve yes' },
        { ask: 'gates.staged', event: 'staged', command: 'forkchart send asks staged JSON' },
      ],
    })
    expect(JSON.parse((await call(cwd, ['show', 'maps', '--json'])).out)).toMatchObject({ status: 'interrupted', asks: [] })
  })

  test('names what its child waits for', async () => {
    expect((await call(cwd, ['show', 'parent'])).out).toContain('  forkchart answer parent deploy/approve VALUE\n')
  })
})

describe('following a run that nobody works on', () => {
  test('gives what there is, says so and ends', async () => {
    const events = await call(cwd, ['events', 'maps', '-f', '--after', '3'])
    expect(events).toMatchObject({ code: 0, err: 'no process works on the run maps: to go on: forkchart resume maps\n' })
    expect(events.out.split('\n')[0]).toMatch(/^ {4}4 /)
    const logs = await call(cwd, ['logs', 'maps', '-f'])
    expect(logs).toMatchObject({ code: 0, err: events.err })
    expect(logs.out).toBe('files.7.one.check | two sentences are missing\nfiles.13.one.check | good so far\n')
    expect((await call(cwd, ['events', 'asks', '-f'])).err).toContain('it waits for answers, `forkchart show asks` tells which;')
  })

  test('goes on while somebody does, beyond a settlement, and ends when they let go of it', async () => {
    const story = asked().settle('failed').resume({ again: ['build'] })
    const writer = await write('busy', release, story)
    let seen = 0
    const following = call(cwd, ['events', 'busy', '-f', '--json'], {
      out: (text) => {
        seen += text.split('\n').length - 1
        if (text.includes('"run.resumed"')) void writer.close()
      },
    })
    expect(await following).toMatchObject({ code: 0, err: expect.stringContaining('no process works on the run busy') })
    expect(seen).toBe(story.events.length)
  })
})

describe('items of maps', () => {
  test('have logs of their own', async () => {
    expect((await call(cwd, ['logs', 'maps', 'files.7.one.check'])).out).toBe('two sentences are missing\n')
    expect((await call(cwd, ['logs', 'maps', 'files.13'])).out).toBe('files.13.one.check | good so far\n')
    expect(await call(cwd, ['logs', 'maps', 'files.99.one.check'])).toMatchObject({ code: 5, err: expect.stringContaining('STEP_NOT_FOUND') })
    expect(await call(cwd, ['logs', 'maps', 'files.99.one.check', '-f'])).toMatchObject({ code: 0, out: '' })
  })

  test('are summed up in the graph', async () => {
    const { out } = await call(cwd, ['graph', 'maps'])
    expect(out).toMatch(/translate +run npm run translate {2}· 13\/40 completed\n/)
    expect(out).toMatch(/check +run npm run check {2}✗ 11\/40 completed, 1 failed\n/)
    const painted = (await call(cwd, ['graph', 'maps', '--format', 'mermaid'])).out
    expect(painted).toMatch(/class s_files__\w+__one__check failed/)
  })
})
