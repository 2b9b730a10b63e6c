/**
 * What matches a descriptor with a star: `*` all types, `a.b.*` those that are `a.b` or begin with `a.b.`; a star at any
 * other place matches nothing. Undefined for a descriptor without one, which is a type.
 */
export function wildcardMatcher(descriptor: string): ((type: string) => boolean) | undefined {
  if (descriptor === '*') return () => true
  if (!descriptor.endsWith('.*')) return undefined
  const prefix = descriptor.slice(0, -2)
  if (prefix.split('.').includes('*')) return () => false
  return (type) => type.startsWith(prefix) && (type.length === prefix.length || type[prefix.length] === '.')
}
