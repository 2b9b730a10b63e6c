import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { onInterrupt } from '../src/cli/interruption.ts'

function harness() {
  const source = new EventEmitter()
  const seen = { presses: 0 }
  const time = { now: 0 }
  const stop = onInterrupt(() => { seen.presses += 1 }, source, () => time.now)
  return { source, seen, time, stop }
}

test('every signal that asks to stop counts as a press', () => {
  const { source, seen, time } = harness()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    source.emit(signal)
    time.now += 1000
  }
  expect(seen.presses).toBe(3)
})

test('the echo of one key press, passed on by npm, does not count as a second', () => {
  const { source, seen, time } = harness()
  source.emit('SIGINT')
  time.now = 20
  source.emit('SIGINT')
  expect(seen.presses).toBe(1)
})

test('nothing is left listening afterwards', () => {
  const { source, stop } = harness()
  stop()
  expect(source.eventNames()).toEqual([])
})
