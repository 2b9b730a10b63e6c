import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { review, runId, type Story } from './tui-fixture.ts'

/** A terminal that keeps what is written to it and on which keys can be struck. */
export function fakeTerminal() {
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true, isRaw: false,
    setRawMode(mode: boolean) {
      this.isRaw = mode
      return this
    },
    ref: () => stdin,
    unref: () => stdin,
  })
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 })
  let text = ''
  stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return {
    stdin, stdout,
    written: () => text,
    plain: () => stripVTControlCharacters(text),
    streams: { stdin: stdin as unknown as NodeJS.ReadStream, stdout: stdout as unknown as NodeJS.WriteStream },
  }
}

/** A run that tells its story so far, and more of it when told to. */
export function fakeRun(story: Story) {
  const listeners = new Set<(event: Story['events'][number]) => void>()
  return {
    listeners,
    send: (count: number): void => story.events.slice(-count).forEach((event) => listeners.forEach((each) => each(event))),
    source: {
      runId,
      workflow: review,
      subscribe(listener: (event: Story['events'][number]) => void) {
        story.events.forEach(listener)
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      readLog: () => Promise.resolve(''),
    },
  }
}
