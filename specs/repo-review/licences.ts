import { anyOf } from './name-pattern.ts'

/** What a licence asks of those who ship the code; `unknown` when it says nothing a program can read. */
export type LicenceKind = 'permissive' | 'weak copyleft' | 'strong copyleft' | 'restricted' | 'unknown'

const kinds: readonly (readonly [LicenceKind, RegExp])[] = [
  [
    'restricted',
    /^(UNLICENSED|BUSL|BSL-?1\.1|Elastic|SSPL|CC-BY-NC|CC-BY-ND|PolyForm|Commons-Clause|Proprietary|Commercial)/i,
  ],
  ['weak copyleft', /^(LGPL|MPL|EPL|CDDL|CPL|OSL|EUPL|CC-BY-SA|MS-RL)/i],
  ['strong copyleft', /^(AGPL|GPL)/i],
  [
    'permissive',
    anyOf('^', [
      'MIT', 'ISC', 'BSD', '0BSD', 'Apache', 'Unlicense', 'Zlib', 'CC0', 'CC-BY', 'WTFPL', 'BlueOak', 'Python',
      'PSF', 'Artistic', 'AFL', 'BSL-1\\.0', 'Unicode', 'OFL', 'X11', 'NCSA', 'PostgreSQL', 'HPND', 'W3C',
      'MS-PL', 'Ruby', 'libpng', 'curl', 'Public Domain', 'FSFAP', 'TCL', 'ICU', 'OpenSSL', 'UPL',
    ], '', 'i'),
  ],
]
const order: readonly LicenceKind[] = ['permissive', 'weak copyleft', 'strong copyleft', 'restricted', 'unknown']

/**
 * Kind of an SPDX expression: of alternatives (OR) the most lenient one counts, since the user may choose it; of a
 * conjunction (AND) the strictest. GPL with an exception for linking counts as weak.
 */
export function licenceKind(expression: string): LicenceKind {
  const alternatives = expression.replace(/[()]/g, ' ').split(/\s+OR\s+|\s*\/\s*|\s*\|\|?\s*/i)
  const judged = alternatives.map((part) => strictest(part.split(/\s+AND\s+/i).map((name) => kindOf(name.trim()))))
  return judged.reduce((best, kind) => (order.indexOf(kind) < order.indexOf(best) ? kind : best), 'unknown')
}

function kindOf(name: string): LicenceKind {
  if (/^A?GPL.*\bWITH\b/i.test(name)) return 'weak copyleft'
  if (/^BSL-1\.0$/i.test(name)) return 'permissive' // Boost; BSL-1.1 is the Business Source Licence
  return kinds.find(([, pattern]) => pattern.test(name))?.[0] ?? 'unknown'
}

function strictest(parts: readonly LicenceKind[]): LicenceKind {
  return parts.reduce((worst, kind) => (order.indexOf(kind) > order.indexOf(worst) ? kind : worst), 'permissive')
}

/** The licence a package.json declares, in any of the forms that were ever in use. */
export function declaredLicence(manifest: Readonly<Record<string, unknown>>): string | undefined {
  const one = (value: unknown): string | undefined => {
    if (typeof value === 'string' && value.trim() !== '') return value.trim()
    return typeof value === 'object' && value !== null && 'type' in value ? one(value.type) : undefined
  }
  const several = Array.isArray(manifest.licenses)
    ? manifest.licenses.map(one).filter((name) => name !== undefined)
    : []
  return one(manifest.license) ?? (several.length > 0 ? several.join(' OR ') : one(manifest.licenses))
}
