import type { Outcome } from '../../spec/outcome.ts'
import type { RunSettlement } from '../host.ts'

/** How a run ended, from how its root did: what was skipped as a whole is done. */
export function settlementOf(outcome: Outcome): RunSettlement & { status: 'done' | 'failed' | 'cancelled' } {
  switch (outcome.status) {
    case 'completed':
    case 'skipped':
      return { status: 'done', output: outcome.output }
    case 'failed':
      return { status: 'failed', error: outcome.error }
    case 'cancelled':
      return { status: 'cancelled', error: { code: 'CANCELLED', kind: 'cancelled', message: outcome.reason } }
  }
}
