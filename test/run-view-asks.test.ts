import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyEvent, createRunView, markInterrupted, runElapsedMs, runReport, type RunView } from '../src/runtime/run-view.ts'
import type { Workflow } from '../src/spec/ir.ts'
import { parallel, sequence, startTime, step, Story, workflowOf } from './tui-fixture.ts'
import { asking, askOf, childOf, eventOf, loopOf, waitOf } from './tui-fixture-groups.ts'

const flow = workflowOf([
  step('build'),
  parallel('gates', [
    askOf('gates.approve', { group: 'gates', branch: 'approve' }),
    eventOf('gates.deployed', 'deployed'),
    step('gates.smoke', { group: 'gates', branch: 'smoke' }),
  ]),
  step('announce'),
])

function statuses(view: RunView): Record<string, string> {
  return Object.fromEntries(view.nodes.map((node) => [node.path, node.status]))
}
function lost(story: Story, path: string): Story {
  const error = { code: 'INTERRUPTED', kind: 'retryable', message: 'cut off' } as const
  return story.tell({ type: 'step.retrying', path, attempt: 1, data: { error, delayMs: 0 } })
}
/** Everything that an event can change. */
function everything({ nodes, byPath: _, active, workflow: _workflow, ...view }: RunView): unknown {
  const plain = nodes.map(({ parent: _parent, children: _children, block: _block, ...node }) => ({ ...node, repeater: null, returns: null, verify: null, fallback: null, ask: null }))
  return JSON.parse(JSON.stringify({ ...view, roots: null, suspended: null, nodes: plain, active: [...active].map(({ path }) => path) }))
}

const gates = (): Story => new Story().begin().start('build').complete('build', 'x').open('gates', ['approve', 'deployed', 'smoke'])
const opened = (): Story => gates().start('gates.approve').start('gates.deployed').start('gates.smoke')
  .ask('gates.approve', 'Ship it?', { options: ['yes', 'no'], expiresAt: '2026-11-22T12:00:00.000Z' })
  .ask('gates.deployed', 'waits for the event deployed', { event: 'deployed' })

describe('open questions', () => {
  test('are told in the order in which they were opened, with all that is needed to answer', () => {
    const { asks } = opened().view(flow)
    expect(asks).toEqual([
      {
        ask: 'gates.approve', path: 'gates.approve', message: 'Ship it?', options: ['yes', 'no'],
        expiresAt: '2026-11-22T12:00:00.000Z', openedAt: '2026-11-21T12:00:00.000Z',
      },
      { ask: 'gates.deployed', path: 'gates.deployed', message: 'waits for the event deployed', event: 'deployed', openedAt: '2026-11-21T12:00:00.000Z' },
    ])
  })

  test('are closed by an answer, at their time, and by the end of the step or the run', () => {
    const open = (story: Story): string[] => story.view(flow).asks.map(({ ask }) => ask)
    expect(open(opened().answer('gates.approve', 'yes'))).toEqual(['gates.deployed'])
    expect(open(opened().tell({ type: 'ask.expired', path: 'gates.approve', data: { ask: 'gates.approve' } }))).toEqual(['gates.deployed'])
    expect(open(opened().cancel('gates.deployed', 'no use'))).toEqual(['gates.approve'])
    expect(open(opened().fail('gates.approve', 'no'))).toEqual(['gates.deployed'])
    expect(open(opened().skip('gates.approve', 'no'))).toEqual(['gates.deployed'])
    expect(open(opened().complete('gates.approve', 'no'))).toEqual(['gates.deployed'])
    expect(open(opened().settle('cancelled'))).toEqual([])
  })

  test('outlive a restart of the process, and no other new attempt', () => {
    expect(lost(opened(), 'gates.approve').view(flow).asks).toHaveLength(2)
    expect(lost(opened(), 'gates.approve').start('gates.approve', 2).view(flow).asks).toHaveLength(1)
    const again = lost(opened(), 'gates.approve').tell({ type: 'step.queued', path: 'gates.approve', attempt: 1, data: {} })
    expect(again.view(flow).asks).toHaveLength(2)
    expect(opened().retry('gates.approve', 'busy').view(flow).asks.map(({ ask }) => ask)).toEqual(['gates.deployed'])
  })

  test('of a round that is over are gone with it', () => {
    const rounds = workflowOf([loopOf('try', sequence('try.do', [askOf('try.do.ask'), step('try.do.work')]))])
    const story = new Story().begin().round(1).start('try.do.ask').ask('try.do.ask', 'Go?').round(2).queue('try.do.ask')
    expect(story.view(rounds).asks).toEqual([])
  })
})

describe('a step with an open question', () => {
  test('waits, and works on once it is answered', () => {
    const story = new Story().begin().start('build').ask('build', 'Which branch?')
    expect(statuses(story.view(flow))).toMatchObject({ build: 'waiting' })
    expect(story.view(flow).steps.waiting).toBe(1)
    expect(statuses(story.answer('build', 'main').view(flow))).toMatchObject({ build: 'running' })
  })

  test('waits on while another of its questions is open', () => {
    const story = new Story().begin().start('build').ask('build', 'A?').ask('build', 'B?', { ask: 'build~2' }).answer('build', 'a')
    expect(statuses(story.view(flow))).toMatchObject({ build: 'waiting' })
  })

  test('that can only wait waits as soon as it starts; a group waits when nothing else in it is at work', () => {
    const story = gates().start('gates.approve').start('gates.deployed')
    expect(statuses(story.view(flow))).toMatchObject({ 'gates.approve': 'waiting', 'gates.deployed': 'waiting', gates: 'waiting' })
    expect(statuses(story.start('gates.smoke').view(flow))).toMatchObject({ gates: 'running', 'gates.smoke': 'running' })
  })
})

describe('a run', () => {
  const quiet = (): Story => opened().complete('gates.smoke', 'ok').wait('gates.approve', 'gates.deployed')

  test('waits from its event on until something happens in a block', () => {
    expect(quiet().view(flow).status).toBe('waiting')
    expect(runReport(quiet().view(flow), 1)).toMatchObject({ status: 'waiting', asks: [{ ask: 'gates.approve' }, { ask: 'gates.deployed' }] })
    const answered = quiet().answer('gates.approve', 'yes')
    expect(answered.view(flow).status).toBe('waiting')
    expect(answered.complete('gates.approve', 'yes').view(flow)).toMatchObject({ status: 'running', asks: [{ ask: 'gates.deployed' }] })
    expect(quiet().tell({ type: 'event.received', data: { event: 'other', payload: 1 } }).view(flow).status).toBe('waiting')
  })

  test('goes on at once when what was answered is part of a step’s work', () => {
    const story = new Story().begin().start('build').ask('build', 'Which branch?').wait('build').answer('build', 'main')
    expect(story.view(flow).status).toBe('running')
  })

  test('that no process works on still waits when nothing else was at work, else it is interrupted', () => {
    const left = quiet().after(500).view(flow)
    markInterrupted(left)
    expect(left).toMatchObject({ status: 'waiting', activeSince: null, steps: { waiting: 2 } })
    expect(runElapsedMs(left, startTime + 99_000)).toBe(0)
    const answered = quiet().after(5000).answer('gates.approve', 'yes').after(5000).resume().after(300).view(flow)
    expect(runElapsedMs(answered, startTime + 10_300)).toBe(300)
    const killed = opened().view(flow)
    markInterrupted(killed)
    expect(killed.status).toBe('interrupted')
    expect(statuses(killed)).toMatchObject({ 'gates.approve': 'waiting', 'gates.smoke': 'pending' })
    expect(killed.asks).toHaveLength(2)
    const unsaid = opened().complete('gates.smoke', 'ok').view(flow)
    markInterrupted(unsaid)
    expect(unsaid.status).toBe('waiting')
    const timed = workflowOf([parallel('p', [askOf('p.a'), waitOf('p.b')])])
    const clock = new Story().begin().open('p').start('p.a').start('p.b').ask('p.a', 'Go?').view(timed)
    markInterrupted(clock)
    expect(clock.status).toBe('interrupted')
  })

  test('of a child that waits waits with it, and knows what for', () => {
    const parent = workflowOf([childOf('deploy', './deploy.yaml'), step('tell')])
    const story = new Story().begin().start('deploy').wait('deploy/approve')
    const view = story.view(parent)
    expect(view).toMatchObject({ status: 'waiting', childAsks: ['deploy/approve'], steps: { waiting: 1 } })
    markInterrupted(view)
    expect(view.status).toBe('waiting')
    expect(story.resume().view(parent)).toMatchObject({ status: 'running', childAsks: [], steps: { running: 1 } })
    expect(story.complete('deploy', 'ok').view(parent)).toMatchObject({ status: 'running', steps: { completed: 1 } })
  })
})

describe('a person asked about a failure', () => {
  const flow = workflowOf([sequence('row', [asking(sequence('row.a', [step('row.a.x'), step('row.a.y')])), step('row.b')])])
  const asked = (): Story => new Story().begin().start('row.a.x').complete('row.a.x', 'x').start('row.a.y').fail('row.a.y', 'no')
    .start('row.a.ask').ask('row.a.ask', '"row.a" failed: no', { options: ['retry', 'continue', 'fail'] })
  const answered = (value: string): Story => asked().answer('row.a.ask', value).complete('row.a.ask', value)
  const counts = ({ steps, total }: RunView): string => `${steps.completed}/${total}`

  test('shows as a step only once there is something to ask', () => {
    expect(createRunView(flow).byPath.has('row.a.ask')).toBe(false)
    expect(createRunView(flow).total).toBe(3)
    const view = asked().view(flow)
    expect(statuses(view)).toMatchObject({ row: 'waiting', 'row.a': 'waiting', 'row.a.y': 'failed', 'row.a.ask': 'waiting', 'row.b': 'pending' })
    expect(view.total).toBe(4)
  })

  test('until then the block is not done with', () => {
    const story = new Story().begin().start('row.a.x').fail('row.a.x', 'no')
    expect(statuses(story.view(flow))).toMatchObject({ row: 'running', 'row.a': 'running' })
  })

  test('has it run again, and nothing of the first time is left', () => {
    const story = answered('retry')
    expect(statuses(story.view(flow))).toMatchObject({ row: 'running', 'row.a': 'running' })
    const view = story.start('row.a.x').view(flow)
    expect(statuses(view)).toEqual({ row: 'running', 'row.a': 'running', 'row.a.x': 'running', 'row.a.y': 'pending', 'row.b': 'pending' })
    expect(counts(view)).toBe('0/3')
  })

  test('goes on after it, or lets it fail', () => {
    expect(statuses(answered('continue').view(flow))).toMatchObject({ row: 'running', 'row.a': 'failed', 'row.b': 'pending' })
    expect(statuses(answered('continue').start('row.b').complete('row.b', 'x').view(flow))).toMatchObject({ row: 'completed', 'row.a': 'failed' })
    expect(statuses(answered('fail').view(flow))).toMatchObject({ row: 'failed', 'row.a': 'failed', 'row.b': 'pending' })
    expect(statuses(asked().fail('row.a.ask', 'too late').view(flow))).toMatchObject({ row: 'failed', 'row.a': 'failed' })
    expect(statuses(asked().cancel('row.a.ask', 'stop').view(flow))).toMatchObject({ row: 'cancelled' })
  })
})

test('a journal in pieces, some of it seen as left behind, comes to the same as in one go', () => {
  const flowOf: Workflow = flow
  const story = opened().complete('gates.smoke', 'ok').wait('gates.approve').resume().answer('gates.approve', 'yes')
    .complete('gates.approve', 'yes').wait('gates.deployed').resume()
    .tell({ type: 'event.received', data: { event: 'deployed', payload: null } }).answer('gates.deployed', 'x').complete('gates.deployed', 'x')
    .join('gates', 'completed').start('announce').fail('announce', 'no').settle('failed')
    .resume({ again: ['gates.smoke'], undone: ['announce'] }).retry('gates.smoke', 'asked for').start('gates.smoke', 2)
    .complete('gates.smoke', 'ok', 2).join('gates', 'completed').start('announce').complete('announce', 'x').settle('done')
  const whole = everything(story.view(flowOf))
  fc.assert(
    fc.property(fc.array(fc.nat(story.events.length), { maxLength: 5 }), fc.boolean(), (cuts, isMarked) => {
      const view = createRunView(flowOf)
      let from = 0
      for (const to of [...cuts.sort((a, b) => a - b), story.events.length]) {
        for (const event of story.events.slice(Math.max(0, from - 2), to)) applyEvent(view, event)
        // Only a resume goes on after a process that was gone.
        if (isMarked && story.events[to]?.type === 'run.resumed') markInterrupted(view)
        from = to
      }
      const comparable = (one: unknown): unknown => JSON.parse(JSON.stringify(one, (key, value: unknown) => (key === 'version' || key === 'workedMs' ? 0 : value)))
      expect(comparable(everything(view))).toEqual(comparable(whole))
    }),
  )
})
