import type { StoreCheck } from './store-check.ts'
import { contentsContract } from './store-contract-contents.ts'
import { followContract } from './store-contract-follow.ts'
import { lockContract } from './store-contract-lock.ts'
import { messagesContract } from './store-contract-messages.ts'

export type { StoreCheck } from './store-check.ts'

/**
 * What every store must do, for whoever writes an adapter: run each check on an empty store of its own,
 * `for (const { name, run } of storeContract) test(name, () => run(createMyStore()))`.
 */
export const storeContract: readonly StoreCheck[] = [...contentsContract, ...lockContract, ...followContract, ...messagesContract]
