import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from './cli-terminal.ts'

/** What a person who is asked something is told, and what is typed to go on. */

let cwd = ''
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'forkchart-questions-'))
  await writeFile(join(cwd, 'child.yaml'), 'forkchart: 1\nname: child\nstages:\n  - { id: approve, ask: { message: "Ship it?", options: [go, no] } }\n')
  await writeFile(join(cwd, 'parent.yaml'), `
forkchart: 1
name: parent
stages:
  - { id: sub, workflow: ./child.yaml, with: {} }
  - { id: own, ask: { message: "Really?", options: ["y", "n"] } }
`)
})
afterAll(() => rm(cwd, { recursive: true, force: true }))

const inClone = { program: 'npm run -s forkchart --' }
const times = (text: string, part: string): number => text.split(part).length - 1

describe('a run that ends with --no-wait', () => {
  test('tells what its child asks, once, and what to type; the child waits too and says whose it is', async () => {
    const { code, err } = await call(cwd, ['run', 'parent.yaml', '--run-id', 'p', '--no-wait', '--store', 'st', '--ui', 'lines'], inClone)
    expect(code).toBe(3)
    expect(times(err, 'Ship it?')).toBe(1)
    expect(err.split('\n').slice(-6)).toEqual([
      '',
      'p.sub:approve asks: Ship it? (options: go, no)',
      '  npm run -s forkchart -- answer p p.sub:approve go --store st',
      'the run waits and is saved. To go on, with the answers or to wait for them:',
      'npm run -s forkchart -- resume p --store st',
      '',
    ])
    const { out } = await call(cwd, ['ls', '--store', 'st'])
    expect(out).toMatch(/^p\.sub +waiting .* child {2}\(child of p, step sub\)$/m)
    expect(out).toMatch(/^p +waiting .* parent$/m)
    expect((await call(cwd, ['show', 'p.sub', '--store', 'st'])).out).toMatch(/^child of +p, step sub$/m)
    const shown = JSON.parse((await call(cwd, ['show', 'p', '--store', 'st', '--json'])).out) as { childAsks: unknown }
    expect(shown.childAsks).toMatchObject([{ ask: 'p.sub:approve', message: 'Ship it?', options: ['go', 'no'] }])
  })

  test('answered in its child, is gone on with by the parent, also as the last one', async () => {
    const { err } = await call(cwd, ['answer', 'p', 'p.sub:approve', 'go', '--store', 'st'])
    expect(err).toBe('answered\nnobody works on the run: it is saved. To go on:\nforkchart resume p --store st\n')
    const resumed = await call(cwd, ['resume', '--last', '--no-wait', '--store', 'st', '--ui', 'lines'])
    expect(resumed.code).toBe(3)
    expect(times(resumed.err, 'Really?')).toBe(1)
    expect(resumed.err).toContain('own  waits for an answer\n')
    expect(resumed.err).toContain('own asks: Really? (options: y, n)\n  forkchart answer p own y --store st\n')
  })
})

describe('--input', () => {
  const spec = 'forkchart: 1\nname: in\nstages:\n  - { id: a, run: ["printf", "%s", "${{ input.a }}-${{ input.b }}"] }\n'
  beforeAll(async () => {
    await writeFile(join(cwd, 'in.yaml'), spec)
    await writeFile(join(cwd, 'base.json'), '{ "a": "file", "b": 0 }')
  })
  test.each([
    [['in.yaml', '--input', 'a=1', 'b=2'], '1-2'],
    [['--input', 'a=1', 'b=2', 'in.yaml'], '1-2'],
    [['--input', 'a=1', '--input', 'b=2', 'in.yaml'], '1-2'],
    [['--input', 'a=1', 'in.yaml', '--input', 'b=2'], '1-2'],
    [['-i', '{"a":1}', 'b=2', '--ui', 'none', 'in.yaml'], '1-2'],
    [['--input', 'base.json', 'in.yaml'], 'file-0'],
    [['--input', 'base.json', 'b=2', 'in.yaml'], 'file-2'],
  ])('%j', async (words, output) => {
    expect(await call(cwd, ['run', ...words])).toMatchObject({ code: 0, out: `${output}\n` })
  })

  test('that leaves open which file is the spec, or has none, ends with 2 and says so', async () => {
    const two = await call(cwd, ['run', '--input', 'a=1', 'base.json', 'in.yaml'])
    expect(two).toMatchObject({ code: 2, err: expect.stringContaining('It may be base.json or in.yaml: name it before --input. [FILE_NOT_NAMED]') })
    for (const words of [[], ['--input', 'a=1'], ['--input', 'in.yaml'], ['--input', 'a=1', 'gone.yaml', 'gone.json']]) {
      expect(await call(cwd, ['run', ...words])).toMatchObject({ code: 2, err: expect.stringContaining('[FILE_NOT_NAMED]') })
    }
    expect(await call(cwd, ['run', '--input', 'a=1', 'gone.yaml'])).toMatchObject({ code: 2, err: expect.stringContaining('gone.yaml') })
  })
})

test('an error of a shell line names what its author wrote, with the values nowhere in it', async () => {
  await writeFile(join(cwd, 'fails.yaml'), 'forkchart: 1\nname: f\nstages:\n  - { id: a, run: "printf ${{ input.word }} >/dev/null; exit 4" }\n')
  const { err } = await call(cwd, ['run', 'fails.yaml', '--input', 'word=hush', '--ui', 'lines'])
  expect(err).toContain('"printf ${{ input.word }} >/dev/null; exit 4" exited with code 4')
  expect(err).not.toMatch(/_fc1|hush/)
})
