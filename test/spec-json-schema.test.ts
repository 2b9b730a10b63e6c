import { expect, it } from 'vitest'
import { checkAgainstSchema } from '../src/schema-check.ts'
import { workflowJsonSchema } from '../src/spec/json-schema.ts'
import { blockKinds } from '../src/spec/written.ts'

/** `vitest -u` writes the file anew. */
it('the published JSON Schema is the one of the code', async () => {
  await expect(`${JSON.stringify(workflowJsonSchema(), null, 2)}\n`).toMatchFileSnapshot('../specs/workflow.schema.json')
})

it('the JSON Schema knows every kind of block', () => {
  const schema = JSON.stringify(workflowJsonSchema())
  for (const kind of blockKinds) expect(schema).toContain(`"required":["${kind}"]`)
})

it('the JSON Schema takes what the loader takes, and refuses unknown keys', () => {
  const spec = {
    forkchart: 1,
    name: 'x',
    stages: [{ parallel: [{ run: 'ls' }, { sequence: [{ call: './a.ts#b', retry: { attempts: 2 } }] }], reduce: { call: './a.ts#b' } }],
  }
  expect(checkAgainstSchema(workflowJsonSchema(), spec)).toMatchObject({ ok: true })
  expect(checkAgainstSchema(workflowJsonSchema(), { ...spec, stages: [{ run: 'ls', shell: true }] })).toMatchObject({ ok: false })
  expect(workflowJsonSchema()['anyOf']).toEqual([{ required: ['stages'] }, { required: ['steps'] }])
})
