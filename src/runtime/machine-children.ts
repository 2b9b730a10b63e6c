import type { MachineContext } from 'xstate'
import type { CrewState } from '../compiler/chart-context.ts'

export type Children = Readonly<Record<string, unknown>>

/**
 * The children of a machine that has any number of them: whatever it names is there. The tree knows which actors live;
 * keeping them here as well would copy them all at each change of one.
 */
const anyChildren = new Proxy<Record<string, unknown>>({}, { get: (_, id) => (typeof id === 'string' ? { id } : undefined) })

/** The children as a list that may be changed. Of a machine that has any number of them no one is named there. */
export function copyOf(children: Children): Record<string, unknown> {
  return children === anyChildren ? {} : { ...children }
}

/** What a machine in this context sees of its children between two events. */
export function settledChildren<C extends Children>(context: MachineContext, children: C): C {
  const { crew } = context as { readonly crew?: CrewState | null }
  return crew === undefined || crew === null ? children : (anyChildren as C)
}
