import type {
  AskStep, Block, FailureReaction, GraphBlock, LoopBlock, MapBlock, ReviewBlock, StepBlock, SwitchBlock,
} from '../src/spec/ir.ts'
import { parallel, sequence, step, Story, workflowOf } from './tui-fixture.ts'

/** Workflows with every kind of group, to look at without anything that runs them. */

export function mapOf(path: string, body: Block, extra: Partial<MapBlock> = {}): MapBlock {
  return { kind: 'map', path, id: lastOf(path), over: [], as: 'item', do: body, onBranchFailure: 'settle', reduce: 'auto', ...extra }
}
export function graphOf(path: string, branches: Block[]): GraphBlock {
  return { kind: 'graph', path, id: lastOf(path), branches, onBranchFailure: 'settle', reduce: 'auto' }
}
export function loopOf(path: string, body: Block, max = 5): LoopBlock {
  return { kind: 'loop', path, id: lastOf(path), do: body, max }
}
export function reviewOf(path: string, work: Block, reviewer: Block, max = 4): ReviewBlock {
  return { kind: 'review', path, id: lastOf(path), work, reviewer, approved: 'prev.ok', max }
}
export function switchOf(path: string, cases: Block[]): SwitchBlock {
  return { kind: 'switch', path, id: lastOf(path), cases: cases.map((one) => ({ when: 'true', do: one })) }
}
export function waitOf(path: string): StepBlock {
  return { kind: 'wait', path, id: lastOf(path), until: '90s', retry: once }
}
const once = { attempts: 1, initialMs: 0, factor: 1, maxMs: 0, jitter: 0, totalMs: 0 }

export function askOf(path: string, extra: Partial<AskStep> = {}): AskStep {
  return { kind: 'ask', path, id: lastOf(path), message: 'Ship it?', retry: once, ...extra }
}
export function eventOf(path: string, event: string): StepBlock {
  return { kind: 'event', path, id: lastOf(path), event, retry: once }
}
export function childOf(path: string, workflow: string): StepBlock {
  return { kind: 'workflow', path, id: lastOf(path), workflow, with: '${{ prev }}', retry: once }
}
/** A person is asked what follows on its failure. */
export function asking<B extends Block>(block: B): B {
  return reacting(block, { ask: askOf(`${block.path}.ask`, { message: '${{ prev }}', options: ['retry', 'continue', 'fail'] }) })
}
export function reacting<B extends Block>(block: B, onFailure: FailureReaction): B {
  return { ...block, onFailure }
}
export function verified<B extends Block>(block: B): B {
  return { ...block, verify: step(`${block.path}.verify`) }
}

/** Half way through a map of 40 files: each is translated and checked, three at a time. */
export const translation = workflowOf([
  step('list'),
  mapOf('files', sequence('files.[].one', [step('files.[].one.translate'), step('files.[].one.check')], { group: 'files', branch: 'one' })),
  step('publish'),
], 'translation')

export function midTranslation(): Story {
  const story = new Story().begin().start('list').after(300).complete('list', '40 files')
  story.open('files', indexes(40))
  for (let index = 0; index < 12; index += 1) {
    story.start(`files.${index}.one.translate`).after(150).complete(`files.${index}.one.translate`, `page ${index}`)
    story.start(`files.${index}.one.check`).after(50)
    if (index === 7) story.fail(`files.${index}.one.check`, 'two sentences are missing')
    else story.complete(`files.${index}.one.check`, 'good')
  }
  return story
    .start('files.12.one.translate').start('files.13.one.translate')
    .after(200).complete('files.13.one.translate', 'page 13').start('files.13.one.check').start('files.14.one.translate')
    .after(1000)
}

/** A review whose first round was not approved: the second one is under way. */
export const reviewedDraft = workflowOf([
  reviewOf('draft', step('draft.write'), switchOf('draft.judge', [step('draft.judge.quick'), step('draft.judge.thorough')])),
  loopOf('polish', step('polish.once')),
  waitOf('cool-down'),
], 'reviewed-draft')

export function secondRound(): Story {
  return new Story().begin().round(1)
    .start('draft.write').after(2000).complete('draft.write', 'A first draft')
    .start('draft.judge.quick').after(700).complete('draft.judge.quick', 'too long')
    .round(2).start('draft.write').after(1500).complete('draft.write', 'A shorter draft')
    .start('draft.judge.thorough').after(800)
}

export function indexes(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index))
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}

/** A release that a person and an event must let pass. */
export const release = workflowOf([
  asking(step('build')),
  parallel('gates', [
    askOf('gates.approve', { group: 'gates', branch: 'approve' }),
    eventOf('gates.staged', 'staged'),
    step('gates.smoke', { group: 'gates', branch: 'smoke' }),
  ]),
  childOf('deploy', './deploy.yaml'),
], 'release')

/** Nothing goes on until the person and the event have come. */
export function asked(): Story {
  return new Story().begin().start('build').after(1000).complete('build', 'v1.2').open('gates', ['approve', 'staged', 'smoke'])
    .start('gates.approve').start('gates.staged').start('gates.smoke')
    .ask('gates.approve', 'Ship version 1.2 to production?', { options: ['yes', 'no'], expiresAt: '2026-11-22T12:00:00.000Z' })
    .ask('gates.staged', 'waits for the event staged', { event: 'staged' })
    .after(700).complete('gates.smoke', 'ok').wait('gates.approve', 'gates.staged')
}

export function askedAfterFailure(): Story {
  const message = '"build" failed: npm run build ended with code 2'
  return new Story().begin().start('build').after(900).fail('build', 'npm run build ended with code 2').start('build.ask')
    .ask('build.ask', message, { options: ['retry', 'continue', 'fail'] }).wait('build.ask')
}
