/** The modules that functions of a translation are to load: so that the checks can see whether they are there. */
const targets = new WeakMap<object, string>()

/** Says that a function calls `target`, `./module.ts#export` relative to the spec. */
export function noteHookTarget(made: object, target: string): void {
  targets.set(made, target)
}

/** What a function made for a hook calls; undefined when it is no such function. */
export function hookTarget(value: unknown): string | undefined {
  return typeof value === 'function' ? targets.get(value) : undefined
}
