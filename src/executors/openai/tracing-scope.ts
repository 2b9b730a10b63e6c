import { AsyncLocalStorage } from 'node:async_hooks'
import type { TraceProvider, TracingProcessor } from '@openai/agents'
import type { Sdk } from './sdk.ts'

/** What we read of a span of the SDK. */
export interface SdkSpan {
  readonly spanId: string
  readonly parentId: string | null
  /** By its type; not whole before it ends. */
  readonly spanData: { readonly type: string; readonly [field: string]: unknown }
  readonly error: { readonly message: string; readonly data?: Readonly<Record<string, unknown>> } | null
}

/** Told of the spans of the SDK that begin and end in its scope. */
export interface SpanListener {
  readonly started: (span: SdkSpan) => void
  readonly ended: (span: SdkSpan) => void
}

/** Where every copy of the SDK in the process looks for what makes its spans. */
const place: unique symbol = Symbol.for('openai.agents.core.traceProvider')
const scope = new AsyncLocalStorage<SpanListener>()

/**
 * Loads a copy of the SDK, which puts its vendor's exporter in the place of all there were: not when there were some that
 * somebody in the process had chosen with another copy.
 */
export function withoutItsExporter<T>(load: () => T): T {
  const others = (globalThis as { [place]?: TraceProvider })[place]
  if (others === undefined) return load()
  others.setProcessors = () => undefined
  try {
    return load()
  } finally {
    Reflect.deleteProperty(others, 'setProcessors')
  }
}

/**
 * Keeps the spans of our agents apart. The SDK has one provider of traces for the whole process, whose exporters, the one to
 * its vendor among them, get every span. In the scope of a listener, and nowhere else, there is another one, which tells the
 * listener and nobody else: nothing of our agents, nor of agents that their tools run, is sent anywhere, and whoever uses the
 * SDK beside us keeps their traces as they were.
 *
 * Gives false when that cannot be: then the SDK must be told to make no spans.
 */
export function installTracingScope(sdk: Sdk): boolean {
  let others = sdk.getGlobalTraceProvider()
  const ours = scopedProvider(sdk, () => others)
  try {
    Object.defineProperty(globalThis, place, {
      configurable: true,
      get: () => (scope.getStore() === undefined ? others : ours),
      set: (provider: TraceProvider) => {
        others = provider
      },
    })
  } catch {
    return false
  }
  const nobody: SpanListener = { started: () => undefined, ended: () => undefined }
  return sdk.getGlobalTraceProvider() === others && scope.run(nobody, () => sdk.getGlobalTraceProvider()) === ours
}

/** Does this in the scope of the listener, apart from any trace around. */
export function inTracingScope<T>(sdk: Sdk, listener: SpanListener, work: () => T): T {
  return scope.run(listener, () => sdk.withTraceContext(null, work))
}

function scopedProvider(sdk: Sdk, others: () => TraceProvider): TraceProvider {
  class ScopedTraceProvider extends sdk.TraceProvider {
    constructor() {
      super()
      super.registerProcessor(relay)
      // The variables that turn the SDK's tracing off are about sending it away.
      super.setDisabled(false)
    }

    // A module that is loaded by one of our steps means its whole process; so does another copy of the SDK when it is loaded.
    override registerProcessor(processor: TracingProcessor): void {
      others().registerProcessor(processor)
    }

    override setProcessors(processors: TracingProcessor[]): void {
      others().setProcessors(processors)
    }

    override setDisabled(disabled: boolean): void {
      others().setDisabled(disabled)
    }

    override startExportLoop(): void {
      others().startExportLoop()
    }
  }
  return new ScopedTraceProvider()
}

const relay: TracingProcessor = {
  onSpanStart: (span: SdkSpan) => Promise.resolve(scope.getStore()?.started(span)),
  onSpanEnd: (span: SdkSpan) => Promise.resolve(scope.getStore()?.ended(span)),
  onTraceStart: () => Promise.resolve(),
  onTraceEnd: () => Promise.resolve(),
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
}
