/** Test doubles and contract suites for those who embed Forkchart or write an adapter for it: `forkchart/testing`. */

export { playFakeAgent } from './fake-agent-program.ts'
export type { FakeCall, FakeProgram, FakeTurn } from './fake-agent-turn.ts'
export { createFakeAgents, type FakeAgents } from './fake-agents.ts'
export {
  type LoopbackAnswer, type LoopbackOpenAI, type LoopbackOptions, type LoopbackReply, type LoopbackRequest, type LoopbackUsage,
  startLoopbackOpenAI,
} from './loopback-openai.ts'
export { type StoreCheck, storeContract } from './store-contract.ts'
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts'
