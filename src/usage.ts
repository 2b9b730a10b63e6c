import type { UsageTotal } from './spec/outcome.ts'

/** The sum of two usages, where there are any; a part whose cost is unknown makes that of the whole unknown. */
export function addUsage(left: UsageTotal | null | undefined, right: UsageTotal | null | undefined): UsageTotal | undefined {
  if (left == null || right == null) return left ?? right ?? undefined
  const cachedTokens = addCounts(left.cachedTokens, right.cachedTokens)
  const reasoningTokens = addCounts(left.reasoningTokens, right.reasoningTokens)
  return {
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    ...(cachedTokens === undefined ? {} : { cachedTokens }),
    ...(reasoningTokens === undefined ? {} : { reasoningTokens }),
    costUsd: left.costUsd === null || right.costUsd === null ? null : left.costUsd + right.costUsd,
  }
}

/** What is left of a usage without a part of it. */
export function withoutUsage(all: UsageTotal | undefined, part: UsageTotal | null): UsageTotal | undefined {
  if (part === null || all === undefined) return all
  return addUsage(all, {
    inputTokens: -part.inputTokens,
    outputTokens: -part.outputTokens,
    ...(part.cachedTokens === undefined ? {} : { cachedTokens: -part.cachedTokens }),
    ...(part.reasoningTokens === undefined ? {} : { reasoningTokens: -part.reasoningTokens }),
    costUsd: part.costUsd === null ? null : -part.costUsd,
  })
}

function addCounts(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined && right === undefined ? undefined : (left ?? 0) + (right ?? 0)
}
