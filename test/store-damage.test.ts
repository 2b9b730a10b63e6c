import { appendFile, open, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { TerminalError } from '../src/errors.ts'
import { readJournal, renewJournal } from '../src/store/journal-file.ts'
import { sampleCheckpoint, sampleEvents, sampleRunSpec } from '../src/testing/store-samples.ts'
import { storedRun } from './store-folder.ts'

describe('a journal whose end did not get to the disk', () => {
  it('is cut at the last whole line by the next writer, who keeps what was cut and goes on', async () => {
    const { store, folder, files } = await storedRun({ events: 4 })
    const { length } = await readFile(folder.journal)
    await appendFile(folder.journal, '{"seq":5,"runId":"run","at":"20')
    const { writer, contents } = await store.open('run')
    const setAside = `${folder.journal}.cut-1`
    expect(contents.events).toEqual(sampleEvents('run', 4))
    expect(contents.damage).toEqual([{ file: folder.journal, offset: length, message: expect.stringMatching(/line 5.*cut short/), setAside }])
    expect(await readFile(setAside, 'utf8')).toBe('{"seq":5,"runId":"run","at":"20')
    writer.append(sampleEvents('run', 2, { from: 5 }))
    await writer.close()
    expect(await store.read('run')).toMatchObject({ events: sampleEvents('run', 6), damage: [] })
    expect(await files()).toEqual(['events.ndjson', 'events.ndjson.cut-1', 'run.json', 'spec.json'])
  })

  it('is reported and left as it is by a reader', async () => {
    const { store, folder, files } = await storedRun({ events: 3 })
    await truncate(folder.journal, (await readFile(folder.journal)).length - 1)
    const before = await readFile(folder.journal)
    const { events, damage } = await store.read('run')
    expect(events).toEqual(sampleEvents('run', 2))
    expect(damage).toEqual([{ file: folder.journal, offset: expect.any(Number), message: expect.stringContaining('line 3') }])
    expect(await readFile(folder.journal)).toEqual(before)
    expect(await files()).toEqual(['events.ndjson', 'run.json', 'spec.json'])
  })

  it('is no damage while the run is being written', async () => {
    const { store, folder } = await storedRun({ events: 3 })
    const { writer } = await store.open('run')
    await appendFile(folder.journal, '{"seq":4,')
    expect(await store.read('run')).toMatchObject({ events: sampleEvents('run', 3), damage: [] })
    await writer.close()
    expect((await store.read('run')).damage).toHaveLength(1)
  })
})

describe('a last line', () => {
  it('cut or overwritten at any of its bytes costs this one event and no other', async () => {
    const { store, folder } = await storedRun({ events: 3 })
    const whole = await readFile(folder.journal)
    const begin = whole.subarray(0, -1).lastIndexOf(0x0a) + 1
    for (let at = begin; at < whole.length; at += 1) {
      const damaged = Buffer.from(whole)
      damaged[at] = 0
      for (const bytes of [whole.subarray(0, at), damaged]) {
        await writeFile(folder.journal, bytes)
        const { events, damage } = await store.read('run')
        expect(events).toEqual(sampleEvents('run', 2))
        expect(damage.map(({ offset }) => offset)).toEqual(bytes.length === begin ? [] : [begin])
        if ((at - begin) % 16 !== 0) continue
        const { writer } = await store.open('run')
        writer.append(sampleEvents('run', 1, { from: 3 }))
        await writer.close()
        expect(await readFile(folder.journal)).toEqual(whole)
      }
    }
  })

  it('is not cut off by who lost the run while it was looking at it', async () => {
    const { folder, files } = await storedRun({ events: 2 })
    await appendFile(folder.journal, 'half')
    const before = await readFile(folder.journal)
    const { goodBytes } = await readJournal(folder.journal, 'run')
    const lost = new TerminalError('LOCK_LOST', 'taken')
    const assertHeld = (): void => {
      throw lost
    }
    await expect(renewJournal(folder.journal, goodBytes, assertHeld)).rejects.toBe(lost)
    expect(await readFile(folder.journal)).toEqual(before)
    expect(await files()).toEqual(['events.ndjson', 'run.json', 'spec.json'])
  })

  it('that a stopped owner still writes after a takeover is not in the journal', async () => {
    const { store, folder } = await storedRun({ events: 2 })
    // It has looked at the lock, and has the file open.
    const late = await open(folder.journal, 'a')
    const { writer } = await store.open('run')
    await late.write(`${JSON.stringify(sampleEvents('run', 1, { from: 3 })[0])}\n`)
    await late.close()
    writer.append(sampleEvents('run', 2, { from: 3 }))
    await writer.close()
    expect(await store.read('run')).toMatchObject({ events: sampleEvents('run', 4), damage: [] })
  })
})

describe('a journal damaged in the middle', () => {
  it('is cut there, and what was behind is kept and counted; a second cut keeps the first', async () => {
    const { store, folder, files } = await storedRun({ events: 6 })
    const lines = (await readFile(folder.journal, 'utf8')).split('\n')
    await writeFile(folder.journal, [...lines.slice(0, 3), '{"half":', ...lines.slice(4)].join('\n'))
    const { writer, contents } = await store.open('run')
    expect(contents.events).toEqual(sampleEvents('run', 3))
    expect(contents.damage[0]?.message).toMatch(/line 4 .*2 lines after it \(2 of them readable\)/)
    expect(await readFile(`${folder.journal}.cut-1`, 'utf8')).toBe(['{"half":', ...lines.slice(4)].join('\n'))
    await writer.close()
    await appendFile(folder.journal, 'again')
    await (await store.open('run')).writer.close()
    expect(await files()).toEqual(['events.ndjson', 'events.ndjson.cut-1', 'events.ndjson.cut-2', 'run.json', 'spec.json'])
  })

  it('that a newer version wrote is refused and not touched', async () => {
    const { store, folder, files } = await storedRun({ events: 2 })
    const newer = { ...sampleEvents('run', 1, { from: 3 })[0], type: 'step.teleported' }
    await appendFile(folder.journal, `${JSON.stringify(newer)}\n`)
    const before = await readFile(folder.journal)
    await expect(store.open('run')).rejects.toMatchObject({ code: 'FORMAT_TOO_NEW', message: expect.stringContaining('step.teleported') })
    await expect(store.read('run')).rejects.toMatchObject({ code: 'FORMAT_TOO_NEW' })
    expect(await readFile(folder.journal)).toEqual(before)
    expect(await files()).not.toContain('run.lock')
  })

  it('that is gone altogether is an error', async () => {
    const { store, folder, files } = await storedRun({ events: 2 })
    await rm(folder.journal)
    await expect(store.open('run')).rejects.toMatchObject({ code: 'RUN_DAMAGED', message: expect.stringContaining('missing') })
    expect(await files()).toEqual(['run.json', 'spec.json'])
  })
})

describe('a damaged checkpoint', () => {
  const whole = JSON.stringify(sampleCheckpoint('run', 2))
  const cases: Record<string, { text: string; offset: number; message: RegExp }> = {
    'cut short': { text: whole.slice(0, 60), offset: 60, message: /not whole JSON/ },
    empty: { text: '', offset: 0, message: /not whole JSON/ },
    'holding null': { text: 'null', offset: 0, message: /does not hold an object/ },
    'with garbage in it': { text: whole.replace(',', '#'), offset: whole.indexOf(','), message: /not whole JSON/ },
    'of another run': { text: JSON.stringify(sampleCheckpoint('other', 2)), offset: 0, message: /belongs to the run "other"/ },
    'ahead of the journal': { text: JSON.stringify(sampleCheckpoint('run', 9)), offset: 0, message: /up to event 9.*only to 3/ },
    'of the wrong shape': { text: whole.replace('2', '"2"'), offset: 0, message: /lastSeq/ },
    'without a format': { text: whole.replace('"format":1,', ''), offset: 0, message: /no "format"/ },
  }
  for (const [what, { text, offset, message }] of Object.entries(cases)) {
    it(`${what} is set aside, and the journal suffices`, async () => {
      const { store, folder, files } = await storedRun({ events: 3 })
      await writeFile(folder.checkpoint, text)
      const damage = { file: folder.checkpoint, offset, message: expect.stringMatching(message) }
      expect(await store.read('run')).toEqual({ spec: sampleRunSpec('run'), events: sampleEvents('run', 3), damage: [damage] })
      expect(await files()).toEqual(['events.ndjson', 'run.json', 'spec.json'])

      const { writer, contents } = await store.open('run')
      const setAside = `${folder.checkpoint}.damaged-1`
      expect(contents).toEqual({ spec: sampleRunSpec('run'), events: sampleEvents('run', 3), damage: [{ ...damage, setAside }] })
      await writer.checkpoint(sampleCheckpoint('run', 3))
      await writer.close()
      expect(await readFile(setAside, 'utf8')).toBe(text)
      expect(await store.read('run')).toMatchObject({ checkpoint: sampleCheckpoint('run', 3), damage: [] })
    })
  }

  it('of a newer format is refused and stays where it is', async () => {
    const { store, folder, files } = await storedRun({ events: 3 })
    await writeFile(folder.checkpoint, JSON.stringify({ ...sampleCheckpoint('run', 3), format: 2 }))
    await expect(store.open('run')).rejects.toMatchObject({ code: 'FORMAT_TOO_NEW', kind: 'usage' })
    expect(await files()).toEqual(['events.ndjson', 'run.json', 'spec.json'])
  })

  it('cannot bring a prototype in', async () => {
    const { store, folder } = await storedRun({ events: 3 })
    for (const key of ['__proto__', String.raw`\u005f_proto__`]) {
      await writeFile(folder.checkpoint, whole.replace('"done"', `"${key}":{"polluted":true},"done"`))
      const tree = (await store.read('run')).checkpoint?.tree
      expect(tree).toEqual({ done: ['a', 'b'] })
      expect(Object.hasOwn(tree as object, '__proto__')).toBe(false)
    }
  })
})

describe('a damaged spec', () => {
  const whole = JSON.stringify(sampleRunSpec('run'))
  const cases: Record<string, { text: string; code: string; message: RegExp }> = {
    'cut short': { text: whole.slice(0, 80), code: 'RUN_DAMAGED', message: /spec\.json.*not JSON/ },
    'holding null': { text: 'null', code: 'RUN_DAMAGED', message: /spec\.json.*object/ },
    'of another run': { text: JSON.stringify(sampleRunSpec('other')), code: 'RUN_DAMAGED', message: /"other"/ },
    'without stages': { text: whole.replace('"stages":[', '"stagez":['), code: 'RUN_DAMAGED', message: /stages/ },
    'of a newer format': { text: whole.replace('"format":1', '"format":3'), code: 'FORMAT_TOO_NEW', message: /format 3/ },
  }
  for (const [what, { text, code, message }] of Object.entries(cases)) {
    it(`${what} is a clear error, leaves the files alone and gives the lock back`, async () => {
      const { store, folder, files } = await storedRun({ events: 2, checkpoint: 2 })
      await writeFile(folder.spec, text)
      const error = { code, kind: 'usage', message: expect.stringMatching(message) }
      await expect(store.open('run')).rejects.toMatchObject(error)
      await expect(store.read('run')).rejects.toMatchObject(error)
      expect(await readFile(folder.spec, 'utf8')).toBe(text)
      expect(await files()).toEqual(['events.ndjson', 'run.json', 'spec.json'])
    })
  }

  it('that is missing is one too', async () => {
    const { store, folder, dir } = await storedRun({ events: 2 })
    await rm(folder.spec)
    await expect(store.open('run')).rejects.toMatchObject({ code: 'RUN_DAMAGED', message: expect.stringContaining(join(dir, 'runs', 'run', 'spec.json')) })
  })
})
