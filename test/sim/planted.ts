import type { RunEvent } from '../../src/events.ts'
import type { Json, JsonObject } from '../../src/json.ts'
import type { RunWriter, Store } from '../../src/store/store.ts'
import { SimJournal } from './sim-journal.ts'
import type { Double } from './lives.ts'

/** Bugs that a store could have, one each: the simulation must find them all. */
export const doubles: Readonly<Record<string, Double>> = {
  /** Says that events are on disk when they are only handed to the operating system. */
  'early-ack': (store) =>
    withWriter(store, (writer) => ({
      flushed: () => {
        void writer.flushed().catch(() => {})
        return Promise.resolve()
      },
    })),

  /** The tree of a checkpoint is further on than the number it says. */
  'checkpoint-behind': (store) =>
    withWriter(store, (writer) => ({
      checkpoint: (checkpoint) => writer.checkpoint({ ...checkpoint, lastSeq: Math.max(0, checkpoint.lastSeq - 2) }),
    })),

  /** The checkpoint is of a tree in the middle of a turn: its actors have moved on, what they asked for is not in it. */
  'checkpoint-unsettled': (store) =>
    withWriter(store, (writer) => ({
      checkpoint: (checkpoint) => {
        const tree = JSON.stringify(checkpoint.tree)
          .replaceAll(/"effects":\["[^\]]*"\]/g, '"effects":[]')
          .replaceAll(/"children":\{"slot":[^}]*\}/g, '"children":{}')
        return writer.checkpoint({ ...checkpoint, tree: JSON.parse(tree) as Json })
      },
    })),

  /** A run that is taken over forgets its last results, and does those steps again. */
  'lost-results': forgetting('step.completed'),

  /** Tells a person that an answer counts when it is only handed to the operating system. */
  'early-answer': (store) =>
    withWriter(store, (writer) => {
      let isAnswer = false
      return {
        append: (events) => {
          isAnswer = events.some(({ type }) => type === 'ask.answered' || type === 'event.received')
          writer.append(events)
        },
        flushed: () => {
          const flushed = writer.flushed()
          if (!isAnswer) return flushed
          void flushed.catch(() => {})
          return Promise.resolve()
        },
      }
    }),

  /** Tells another process that its message was acted upon when it has only been read. */
  'early-reply': (store) =>
    withWriter(store, (writer) => ({
      receive: (handle) =>
        writer.receive((message) => {
          void handle(message)
          return Promise.resolve({ ok: true })
        }),
    })),

  /** Acts twice upon what another process left, and does not know it for the same. */
  'message-twice': (store) =>
    withWriter(store, (writer) => ({
      receive: (handle) =>
        writer.receive(async (message) => {
          const { id: _, ...nameless } = message as JsonObject
          return [await handle(message), await handle(nameless)][0] ?? null
        }),
    })),

  /** A run that is taken over forgets its last answer, and asks again. */
  'lost-answer': forgetting('ask.answered'),

  /** The journal does not say which steps somebody wanted to run again. */
  'lost-retry': (store) =>
    withWriter(store, (writer) => ({
      append: (events) =>
        writer.append(events.map((event) => (event.type === 'run.resumed' ? { ...event, data: { afterSeq: event.data.afterSeq } } : event))),
    })),
}

/** A store that, when a run is taken over, has forgotten its last event of a type and what came after. */
function forgetting(type: RunEvent['type']): Double {
  return (store, world) => ({
    ...store,
    open: async (runId, options) => {
      const path = `/store/runs/${runId}/events.ndjson`
      const events = new SimJournal(world.disk, path).events()
      const last = events.findLastIndex((event) => event.type === type)
      const file = world.disk.find(path)
      if (last > 0 && file?.kind === 'file') {
        const kept = events.slice(0, last).map((event) => `${JSON.stringify(event)}\n`)
        file.change({ length: Buffer.byteLength(kept.join('')) })
      }
      return store.open(runId, options)
    },
  })
}

/** The store with some of its writers' methods replaced. */
function withWriter(store: Store, change: (writer: RunWriter) => Partial<RunWriter>): Store {
  const changed = (writer: RunWriter): RunWriter => {
    const own = change(writer)
    // The writer's fields are private: its methods must be called on itself.
    return new Proxy(writer, {
      get: (target, name) => {
        const value: unknown = Reflect.get(own, name) ?? Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
  return {
    ...store,
    create: async (spec) => changed(await store.create(spec)),
    open: async (runId, options) => {
      const { writer, contents } = await store.open(runId, options)
      return { writer: changed(writer), contents }
    },
  }
}
