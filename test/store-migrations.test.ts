import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../src/json.ts'
import { checkpointFormats, type FormatTable, migrate, type Migration, specFormats } from '../src/store/migrations.ts'

const table: FormatTable = {
  current: 3,
  steps: new Map<number, Migration>([
    [1, (old: JsonObject): JsonObject => ({ format: 2, names: [old.name ?? null] })],
    [2, (old: JsonObject): JsonObject => ({ ...old, format: 3, checked: true })],
  ]),
}

describe('bringing a document to the current format', () => {
  it('goes through every format in between', () => {
    expect(migrate({ format: 1, name: 'a' }, table, 'f')).toEqual({ format: 3, names: ['a'], checked: true })
    expect(migrate({ format: 2, names: [] }, table, 'f')).toEqual({ format: 3, names: [], checked: true })
    const current = { format: 3, any: 'thing' }
    expect(migrate(current, table, 'f')).toBe(current)
  })

  it('refuses what a newer version wrote', () => {
    expect(() => migrate({ format: 4 }, table, '/s/run.json')).toThrow(/\/s\/run\.json was written by a newer Forkchart.*format 4.*up to 3/)
  })

  it.each([{}, { format: '1' }, { format: 0 }, { format: 1.5 }, { format: null }, null, [], 'text'])('refuses %j as damaged', (document) => {
    expect(() => migrate(document, table, '/s/run.json')).toThrow(expect.objectContaining({ code: 'RUN_DAMAGED' }))
  })

  it('refuses a format that nothing reads, and a step that does not lead to the next one', () => {
    expect(() => migrate({ format: 1 }, { current: 2, steps: new Map() }, 'f')).toThrow(/nothing reads format 1/)
    const stuck: FormatTable = { current: 2, steps: new Map([[1, (old: JsonObject) => old]]) }
    expect(() => migrate({ format: 1 }, stuck, 'f')).toThrow(/the step from format 1/)
  })

  it('has a step from every format there was', () => {
    for (const { current, steps } of [specFormats, checkpointFormats]) {
      expect([...steps.keys()].sort()).toEqual(Array.from({ length: current - 1 }, (_, index) => index + 1))
    }
  })
})
