import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { isJsonObject, type Json } from '../src/json.ts'
import { loadSpec } from '../src/spec/load.ts'
import { call } from './cli-terminal.ts'
import { temporaryFolder } from './store-folder.ts'

const specs = fileURLToPath(new URL('../specs/', import.meta.url))

/** A workflow without the places in the file that its blocks came from. */
function withoutPlaces(value: unknown): Json {
  if (Array.isArray(value)) return value.map(withoutPlaces)
  if (!isJsonObject(value)) return value as Json
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (key === 'position' ? [] : [[key, withoutPlaces(inner)]])))
}

describe('a spec of another form, taken in', () => {
  test.each([
    ['dialects/stages.yaml', 'stage-order'],
    ['dialects/delivery-groups.yaml', 'stage-groups'],
    ['delivery-14.yaml', 'forkchart'],
  ])('%s is the same workflow in our own language', async (name, dialect) => {
    const dir = await temporaryFolder()
    const file = join(specs, name)
    const { code, out } = await call(dir, ['import', file, '-o', 'own.yaml', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({ kind: 'spec', dialect, file: join(dir, 'own.yaml') })
    const own = await loadSpec(join(dir, 'own.yaml'))
    expect(own.dialect).toBe('forkchart')
    expect(withoutPlaces(own.workflow)).toEqual(withoutPlaces((await loadSpec(file)).workflow))
    expect((await call(dir, ['import', file])).out).toBe(await readFile(join(dir, 'own.yaml'), 'utf8'))
  })

  test('as flat steps becomes stages', async () => {
    const dir = await temporaryFolder()
    const steps = { key: 'poem', agents: { writer: { uses: 'scripted', replies: ['a poem'] } }, steps: [{ agent_key: 'writer', name: 'Write' }] }
    await writeFile(join(dir, 'steps.json'), JSON.stringify(steps))
    const { code, out, err } = await call(dir, ['import', 'steps.json'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    await writeFile(join(dir, 'own.yaml'), out)
    expect(withoutPlaces((await loadSpec(join(dir, 'own.yaml'))).workflow)).toEqual(withoutPlaces((await loadSpec(join(dir, 'steps.json'))).workflow))
  })

  test('that needs functions of its file is refused with the reason', async () => {
    const { code, err } = await call(specs, ['import', 'dialects/translation-stages.yaml'])
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringMatching(/run it as it is.*IMPORT_HAS_FUNCTIONS/) })
  })

  test('that is wrong is refused with its problems and their places', async () => {
    const dir = await temporaryFolder()
    await writeFile(join(dir, 'stages.yaml'), 'stages: { A: { work_agent: a } }\nstage_order: [B]\n')
    expect(await call(dir, ['import', 'stages.yaml'])).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/stages\.yaml:2:15 +UNKNOWN_STAGE/) })
  })

  test('is not mistaken: what is missing, a module, and other files are told', async () => {
    const dir = await temporaryFolder()
    await writeFile(join(dir, 'notes.txt'), 'hello')
    await writeFile(join(dir, 'spec.json'), '{ "forkchart": 1, "name": "a", "stages": [{ "id": "a", "run": "echo a" }] }')
    await writeFile(join(dir, 'flow.ts'), 'export const workflow = { forkchart: 1, name: "a", stages: [{ id: "a", run: "echo a" }] }\n')
    expect(await call(dir, ['import', 'nowhere.json'])).toMatchObject({ code: 2, err: expect.stringContaining('IMPORT_NOT_FOUND') })
    expect(await call(dir, ['import', 'notes.txt'])).toMatchObject({ code: 2, err: expect.stringContaining('IMPORT_FORMAT') })
    expect(await call(dir, ['import', 'flow.ts'])).toMatchObject({ code: 2, err: expect.stringContaining('run it as it is') })
    expect(await call(dir, ['show', 'spec.json'])).toMatchObject({ code: 5, err: expect.stringContaining('holds a spec, not a run') })
    expect(await call(dir, ['import', 'spec.json', '-o', 'no/such/folder.yaml'])).toMatchObject({ code: 2, err: expect.stringContaining('OUTPUT_UNWRITABLE') })
  })
})
