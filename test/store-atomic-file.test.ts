import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { TerminalError } from '../src/errors.ts'
import { underFreeName, writeFileAtomically } from '../src/store/atomic-file.ts'
import { temporaryFolder } from './store-folder.ts'

it('a replacement that is refused at the last moment leaves the old file and nothing else', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'run.json')
  await writeFileAtomically(path, 'old', () => undefined)
  const refusal = new TerminalError('LOCK_LOST', 'taken')
  const refuse = (): void => {
    throw refusal
  }
  await expect(writeFileAtomically(path, 'new', refuse)).rejects.toBe(refusal)
  expect(await readFile(path, 'utf8')).toBe('old')
  expect(await readdir(folder)).toEqual(['run.json'])
})

it('of many replacements at once each is whole, and no other file stays', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'run.json')
  const texts = Array.from({ length: 10 }, (_, index) => String(index).repeat(10_000))
  await Promise.all(texts.map((text) => writeFileAtomically(path, text, () => undefined)))
  expect(texts).toContain(await readFile(path, 'utf8'))
  expect(await readdir(folder)).toEqual(['run.json'])
})

it('a free name is the first one that nobody has', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'f')
  await writeFile(`${path}.cut-1`, 'taken')
  expect(await underFreeName(path, 'cut', (name) => writeFile(name, 'mine', { flag: 'wx' }))).toBe(`${path}.cut-2`)
  expect(await readFile(`${path}.cut-1`, 'utf8')).toBe('taken')
})
