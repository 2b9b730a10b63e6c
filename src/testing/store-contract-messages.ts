import assert from 'node:assert/strict'
import type { Json } from '../json.ts'
import type { StoreCheck } from './store-check.ts'
import { sampleRunSpec } from './store-samples.ts'

/** How others reach whoever writes a run. */
export const messagesContract: readonly StoreCheck[] = [
  {
    name: 'a message goes to whoever writes the run, as it is, and the reply comes back; each is taken once',
    run: async (store) => {
      const writer = await store.create(sampleRunSpec('reached'))
      const taken: Json[] = []
      writer.receive(async (message) => {
        taken.push(message)
        return { got: message }
      })
      const messages: Json[] = ['one', { deep: [null, 1.5, 'ü'] }, null]
      const replies = await Promise.all(messages.map((message) => store.post('reached', message)))
      assert.deepEqual(replies, messages.map((message) => ({ got: message })))
      const inOrder = (one: Json, other: Json): number => JSON.stringify(one).localeCompare(JSON.stringify(other))
      assert.deepEqual(taken.toSorted(inOrder), messages.toSorted(inOrder))
      await writer.close()
    },
  },
  {
    name: 'a run that nobody writes, or that is not there, takes no message',
    run: async (store) => {
      await assert.rejects(store.post('nobody', 'x'), { code: 'RUN_NOT_FOUND', kind: 'usage' })
      const writer = await store.create(sampleRunSpec('left'))
      writer.receive(async () => 'old')
      await writer.close()
      await assert.rejects(store.post('left', 'x'), { code: 'RUN_NOT_WRITTEN', kind: 'usage' })
      const { writer: next } = await store.open('left')
      next.receive(async () => 'new')
      assert.equal(await store.post('left', 'x'), 'new')
      await next.close()
      await assert.rejects(store.post('left', 'x'), { code: 'RUN_NOT_WRITTEN', kind: 'usage' })
    },
  },
]
