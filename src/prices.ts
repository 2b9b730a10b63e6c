import type { Price } from './config.ts'
import type { UsageTotal } from './spec/outcome.ts'

export type PriceTable = Readonly<Record<string, Price>>

/** Where the cost of an attempt is from. */
export type CostSource = 'reported' | 'priced'

export interface PricedUsage {
  readonly usage: UsageTotal
  /** Absent when the cost is unknown. */
  readonly costSource?: CostSource
}

/** The usage with its cost: as it was reported, else by the table when that has the model, else unknown. */
export function withCost(usage: UsageTotal, model: string | undefined, prices: PriceTable | undefined): PricedUsage {
  if (usage.costUsd !== null) return { usage, costSource: 'reported' }
  const price = model === undefined || prices === undefined ? undefined : priceOf(model, prices)
  return price === undefined ? { usage } : { usage: { ...usage, costUsd: costOf(usage, price) }, costSource: 'priced' }
}

/** The price of a model: that under its own name, else under the pattern that spells out most of it. */
export function priceOf(model: string, prices: PriceTable): Price | undefined {
  if (Object.hasOwn(prices, model)) return prices[model]
  let best: { readonly letters: number; readonly price: Price } | undefined
  for (const [name, price] of Object.entries(prices)) {
    const letters = name.replaceAll('*', '').length
    if (name.includes('*') && (best === undefined || letters > best.letters) && fits(model, name)) best = { letters, price }
  }
  return best?.price
}

/** In US dollars. Cached tokens are among the input, those spent on reasoning among the output. */
function costOf({ inputTokens, outputTokens, cachedTokens = 0 }: UsageTotal, price: Price): number {
  const fresh = Math.max(0, inputTokens - cachedTokens)
  return (fresh * price.input + cachedTokens * (price.cached ?? price.input) + outputTokens * price.output) / 1_000_000
}

/** `*` stands for any letters, or none. Part by part, so that no pattern takes long. */
function fits(model: string, pattern: string): boolean {
  const parts = pattern.split('*')
  const first = parts.shift() ?? ''
  const last = parts.pop() ?? ''
  if (!model.startsWith(first)) return false
  let at = first.length
  for (const part of parts) {
    const found = model.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return model.length - last.length >= at && model.endsWith(last)
}
