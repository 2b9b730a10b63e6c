import { createEmbeddedHost } from '../../src/hosts/embedded/embedded-host.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { draftWorkflow } from '../../src/testing/draft-workflow.ts'
import { startLoopbackOpenAI } from '../../src/testing/loopback-openai.ts'

const agents = 20
const many = 200

const workflow = draftWorkflow(
  [{ id: 'all', parallel: Array.from({ length: agents }, (_, index) => ({ id: `a${index}`, agent: 'writer', prompt: 'Count.' })) }],
  { agents: { writer: { uses: 'openai', model: 'double' } } },
)

/** What a streamed openai agent costs beyond a plain request whose events are read and parsed. 20 of them run at once. */
export interface AgentFigures {
  /** With an answer of one token, in ms. */
  readonly perAgent: number
  /** Each further token, in µs: the same with answers of 200. */
  readonly perEvent: number
}

export async function streamedAgents(): Promise<AgentFigures> {
  const [short, long] = [await overhead(1), await overhead(many)]
  return { perAgent: short, perEvent: ((long - short) * 1000) / (many - 1) }
}

/** Per agent, in ms. */
async function overhead(length: number): Promise<number> {
  const tokens = Array.from({ length }, (_, index) => ` ${index}`)
  const text = tokens.join('')
  const service = await startLoopbackOpenAI(() => ({ text, tokens }))
  try {
    const floor = await timed(() => Promise.all(Array.from({ length: agents }, () => plainRequest(service.baseUrl))))
    const host = createEmbeddedHost({ store: createMemoryStore(), env: { OPENAI_BASE_URL: service.baseUrl } })
    let heard = 0
    const spent = await timed(async () => {
      const run = await host.start({ workflow, input: null, specDir: '/', workingDir: '/', source: { file: null, text: '' } })
      run.subscribe((event) => {
        if ('ephemeral' in event && event.type === 'agent.message') heard += event.data.text.length
      })
      await run.settled
    })
    if (heard !== agents * text.length) throw new Error(`${heard} characters came of ${agents * text.length}`)
    return (spent - floor) / agents
  } finally {
    await service.close()
  }
}

async function plainRequest(baseUrl: string): Promise<void> {
  const body = JSON.stringify({ model: 'double', stream: true, messages: [{ role: 'user', content: 'Count.' }] })
  const response = await fetch(`${baseUrl}/chat/completions`, { method: 'POST', body })
  for (const line of (await response.text()).split('\n')) if (line.startsWith('data: {')) JSON.parse(line.slice(6))
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}
