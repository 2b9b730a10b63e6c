import { describe, expect, test } from 'vitest'
import type { Terminal } from '../src/cli/terminal.ts'
import { printable, textTable } from '../src/cli/text-table.ts'
import { chooseUi, type UiMode } from '../src/cli/ui.ts'
import { fakeTerminal } from './cli-terminal.ts'

const person = { outIsTerminal: true, errIsTerminal: true, inIsTerminal: true }

function choose(wanted: UiMode, json: boolean, changes: Partial<Terminal> = {}): string {
  return chooseUi(wanted, json, fakeTerminal('/', changes))
}

describe('what is shown while a run goes on', () => {
  test('a screen for a person at a terminal, lines for everyone else', () => {
    expect(choose('auto', false, person)).toBe('tui')
    expect(choose('auto', false)).toBe('lines')
    expect(choose('auto', false, { ...person, inIsTerminal: false })).toBe('lines')
    expect(choose('auto', false, { ...person, env: { TERM: 'dumb' } })).toBe('lines')
    expect(choose('auto', false, { ...person, env: { CI: 'true' } })).toBe('lines')
  })

  test('with --json lines only for a person who watches stderr', () => {
    expect(choose('auto', true, person)).toBe('lines')
    expect(choose('auto', true)).toBe('none')
    expect(choose('lines', true)).toBe('lines')
  })

  test('two things that write to stdout are refused, and a screen without a terminal', () => {
    expect(() => choose('json', true)).toThrow(/--ui json/)
    expect(() => choose('tui', true, person)).toThrow(/--ui tui/)
    expect(() => choose('tui', false)).toThrow(/terminal/)
  })
})

describe('text for people', () => {
  test('a table is as wide as its cells, wide characters counted, control characters gone', () => {
    expect(textTable([['a', 'b'], ['日本', '\u001b[2Jx\ny'], ['', 'z']])).toBe('a     b\n日本  x y\n      z\n')
    expect(textTable([])).toBe('')
  })

  test('a value ends with exactly one line end', () => {
    expect(printable('a\n')).toBe('a\n')
    expect(printable('a')).toBe('a\n')
    expect(printable([1])).toBe('[\n  1\n]\n')
  })
})
