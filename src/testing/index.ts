/** Test doubles and contract suites for those who embed Forkchart or write an adapter for it: `forkchart/testing`. */

export { type LoopbackOpenAI, startLoopbackOpenAI } from './loopback-openai.ts'
export { type StoreCheck, storeContract } from './store-contract.ts'
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts'
