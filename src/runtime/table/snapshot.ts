import type { Children } from '../machine-children.ts'
import type { PureSnapshot } from '../pure-machine.ts'
import type { Configuration } from './configuration.ts'

/** A machine of tables between two events. */
export class TableSnapshot implements PureSnapshot {
  readonly configuration: Configuration
  readonly context: PureSnapshot['context']
  readonly status: 'active' | 'done'
  readonly output: unknown
  readonly children: Children

  constructor(
    configuration: Configuration,
    context: PureSnapshot['context'],
    status: 'active' | 'done',
    output: unknown,
    children: Children,
  ) {
    this.configuration = configuration
    this.context = context
    this.status = status
    this.output = output
    this.children = children
  }

  get value(): PureSnapshot['value'] {
    return this.configuration.value
  }
}
