import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import type { RunEvent } from '../src/events.ts'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import type { Json } from '../src/json.ts'
import { loadSpec } from '../src/spec/load.ts'
import { createFileStore } from '../src/store/file-store.ts'
import { folderOf, repositoryOf } from './specs-repo-review-folder.ts'

const specs = resolve(import.meta.dirname, '../specs')

/** Runs a sample as `run --agents scripted` does, in a folder of its own. */
async function rehearse(name: string, input: Json, env: Record<string, string> = {}, scripted = true) {
  const { workflow, dir, file, text } = await loadSpec(join(specs, `${name}.yaml`))
  const host = createEmbeddedHost({ store: createFileStore(folderOf({})), env })
  const handle = await host.start({ workflow, input, scripted, specDir: dir, workingDir: folderOf({}), source: { file, text } })
  const events: RunEvent[] = []
  handle.subscribe((event) => {
    if (!('ephemeral' in event)) events.push(event)
  })
  const settlement = await handle.settled
  const ended = events.flatMap(({ type, path }) => (/^step\.(completed|skipped|failed)$/.test(type) ? [`${path} ${type.slice(5)}`] : []))
  return { ...settlement, events, ended }
}

const planted = {
  'README.md': 'word '.repeat(60),
  'src/a.ts': `export const key = '${'AKIA'}Q7ZLM3XWPB5RT2NH'\n`,
  'test/a.test.ts': "test('a', () => {})\n",
}

test('repo-review ends with a report of a repository it has never seen', async () => {
  const { status, output, ended } = await rehearse('repo-review', { path: repositoryOf(planted) }, {}, false)
  expect(status).toBe('done')
  expect(output).toMatchObject({ counts: { high: 1 }, failed: [], summary: null })
  expect(ended).toEqual(expect.arrayContaining(['checks.lint skipped', 'checks.secrets completed', 'executive.summary skipped']))
  expect(ended.at(-1)).toBe('finish completed')
  const report = readFileSync((output as { report: string }).report, 'utf8')
  expect(report).toContain('1. **high** `src/a.ts:1` AWS access key id (AKIA…, 20 characters) *Secrets*')
  expect(report).not.toContain('Q7ZLM')
})

test('repo-review puts the summary of an agent into the report when there is a key', async () => {
  const { status, output } = await rehearse('repo-review', { path: folderOf(planted) }, { OPENAI_API_KEY: 'any' })
  expect(status).toBe('done')
  const { report, summary } = output as { report: string; summary: string }
  expect(summary).toMatch(/^\(Rehearsed\.\)/)
  expect(readFileSync(report, 'utf8')).toContain(summary.trim())
})

test('repo-review keeps its report when the agent cannot be reached', async () => {
  const env = { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', OPENAI_API_KEY: '' }
  const { status, output, ended } = await rehearse('repo-review', { path: folderOf(planted) }, env, false)
  expect(ended).toContain('executive.summary failed')
  expect({ status, summary: (output as { summary: null }).summary }).toEqual({ status: 'done', summary: null })
})

test('repo-review refuses a folder that is not there, and input it does not know', async () => {
  const { status, error } = await rehearse('repo-review', { path: '/nowhere/at/all' })
  expect(status).toBe('failed')
  expect(error?.message).toContain('there is no folder /nowhere/at/all')
  await expect(rehearse('repo-review', { folder: '.' })).rejects.toThrow(/folder/)
})

test('translation-vote: two of three agree, the judge polishes theirs', async () => {
  const { output, ended } = await rehearse('translation-vote', { text: 'Good morning' })
  expect(output).toEqual({ text: '[French] Good morning', remark: expect.any(String) })
  expect(ended.slice(0, 3).toSorted()).toEqual(['draft.formal completed', 'draft.idiomatic completed', 'draft.literal completed'])
})

test.each(['analysis-code', 'analysis-code-steps'])('%s: the coder works from what the analyst found', async (name) => {
  const { output } = await rehearse(name, { request: 'export orders' })
  expect(output).toContain('Asked for: export orders')
})

test('analysis-code: without leave to write code the analysis is the result', async () => {
  const { output, ended } = await rehearse('analysis-code', { request: 'export orders', code: false })
  expect(ended).toEqual(['analysis completed', 'code skipped'])
  expect(output).toMatchObject({ summary: 'Asked for: export orders', needsCode: true })
})

test('delivery-14: fourteen stages, research and test strategy at the same time', async () => {
  const { status, events, ended } = await rehearse('delivery-14', {})
  expect(status).toBe('done')
  expect(ended).toHaveLength(14)
  const order = events.flatMap(({ type, path }) => (path?.startsWith('RESEARCH_AND') && /^step\.(started|completed)$/.test(type) ? [type.slice(5)] : []))
  expect(order).toEqual(['started', 'started', 'completed', 'completed'])
  expect(ended.at(-1)).toBe('COMPLETE completed')
})
