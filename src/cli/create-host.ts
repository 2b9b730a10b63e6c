import { createEmbeddedHost } from '../hosts/embedded/embedded-host.ts'
import type { Host, StartOptions } from '../hosts/host.ts'
import type { StepFunction } from '../step-function.ts'
import type { Store } from '../store/store.ts'
import { parseTraceparent } from '../trace-id.ts'
import { readConfig } from './config-file.ts'
import type { Terminal } from './terminal.ts'

/** The host of a command: with the config of the caller's folder. Throws UsageError CONFIG_INVALID. */
export function createHost(store: Store, terminal: Terminal, functions: Readonly<Record<string, StepFunction>> = {}): Host {
  return createEmbeddedHost({
    store,
    functions,
    env: terminal.env,
    config: readConfig(terminal.cwd),
    onWarning: (message) => terminal.err(`warning: ${message}\n`),
  })
}

/** The span that the caller left in TRACEPARENT; as the standard asks, one that is none counts for nothing. */
export function callersSpan({ env }: Terminal): Pick<StartOptions, 'traceparent'> {
  const traceparent = env['TRACEPARENT']
  return traceparent === undefined || parseTraceparent(traceparent) === undefined ? {} : { traceparent }
}
