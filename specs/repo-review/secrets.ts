import { basename } from 'node:path/posix'
import { isDocumentation, isGenerated, isIllustration, isLockFile } from './classify.ts'
import { anyOf } from './name-pattern.ts'
import {
  bareAssignment,
  isPlaceholder,
  looksSecret,
  privateKey,
  quotedAssignment,
  tokenRules,
  urlCredentials,
} from './secret-rules.ts'
import type { Deductions } from './score.ts'
import { bySeverity, countBySeverity, scoreOf } from './score.ts'
import type { CheckResult, Finding, Severity, StepContext } from './step.ts'
import { count, readInput } from './step.ts'
import { lineAt, readTexts, sample } from './text.ts'
import { listTree } from './tree.ts'

const mostFiles = 20_000
const mostFindings = 60
/** One published credential is enough to fail. */
const deductions: Deductions = {
  high: { each: 50, atMost: 100 },
  medium: { each: 15, atMost: 45 },
  low: { each: 1, atMost: 5 },
  info: { each: 0, atMost: 0 },
}
const settingsFile = /(^|\/)\.env(\.[\w.-]+)?$|\.(ini|cfg|conf|properties|toml|ya?ml|tfvars)$/
const allowed = /gitleaks:allow|pragma: allowlist|nosecret|noqa: S10/i
const publicHost = anyOf('^', [
  'localhost', '127\\.', '0\\.0\\.0\\.0', '10\\.', '192\\.168\\.', '172\\.(1[6-9]|2\\d|3[01])\\.',
  'host\\.docker', 'example\\.', '.*\\.(example|test|invalid|local|localhost)$', '.*example\\.(com|org|net)$',
  '[^.]+$',
], '', 'i')

interface Sighting {
  readonly kind: string
  readonly line: number
  readonly what: string
  readonly severity: Severity
}

/** Credentials in the files, with place and kind; no part of a secret is ever shown but the prefix all such tokens share. */
export async function secretsScan(input: unknown, context: StepContext): Promise<CheckResult> {
  const { path } = readInput(input)
  const tree = await listTree(path, context)
  const candidates = tree.files.filter(
    (file) => !isLockFile(file.path) && !/\.(map|svg|snap|lock|sum)$/.test(file.path),
  )
  const findings: Finding[] = []
  const alike = new Map<string, Finding[]>()
  let scanned = 0
  for await (const { file, text } of readTexts(tree, sample(candidates, mostFiles), context.signal)) {
    scanned += 1
    for (const sighting of [...secretsIn(file.path, text), ...trackedSettings(file.path, text, file.tracked)]) {
      const finding = { severity: sighting.severity, file: file.path, line: sighting.line, message: sighting.what }
      const key = `${sighting.severity} ${sighting.kind}`
      const group = alike.get(key)
      if (group === undefined) alike.set(key, [finding])
      else group.push(finding)
    }
  }
  for (const [key, group] of alike) findings.push(...summed(key.startsWith('low ') ? 1 : 3, group))
  const { high, medium } = countBySeverity(findings)
  const grave = high + medium
  return {
    check: 'secrets',
    title: 'Secrets',
    score: scoreOf(findings, deductions),
    summary:
      grave === 0
        ? `nothing that looks like a credential in ${count(scanned, 'text file')}`
        : `${count(grave, 'likely credential')} in ${count(scanned, 'text file')}`,
    findings: bySeverity(findings).slice(0, mostFindings),
    facts: { filesScanned: scanned, filesListed: tree.files.length, likely: grave },
  }
}

/** Tests are full of made-up keys, and tables of data of look-alikes: beyond `most` of a kind, one line says enough. */
function summed(most: number, group: readonly Finding[]): readonly Finding[] {
  const [first] = group
  if (first === undefined || first.severity === 'high' || group.length <= most) return group
  return [{ ...first, message: `${first.message}, and ${count(group.length - 1, 'place')} more like it` }]
}

/** Every credential in one file. */
function secretsIn(path: string, text: string): Sighting[] {
  const found = new Map<number, Sighting>()
  const illustration = isIllustration(path)
  const add = (offset: number, kind: string, shown: string, severity: Severity): void => {
    const line = lineAt(text, offset)
    if (found.has(line) || allowed.test(lineText(text, offset))) return
    const inProse = severity === 'high' ? 'medium' : 'low'
    found.set(line, {
      kind,
      line,
      what: `${kind} ${shown}`,
      severity: illustration ? 'low' : isDocumentation(path) ? inProse : severity,
    })
  }
  for (const { name, pattern, prefix, mild } of tokenRules) {
    for (const match of text.matchAll(pattern)) {
      if (isPlaceholder(match[0].slice(prefix.length))) continue
      add(
        match.index,
        name,
        `(${prefix === '' ? '' : `${prefix}…, `}${match[0].length} characters)`,
        mild ? 'medium' : 'high',
      )
    }
  }
  for (const match of text.matchAll(privateKey)) {
    const kind = match[1]?.includes('ENCRYPTED') ? 'Encrypted private key' : 'Private key'
    add(match.index, kind, '(PEM block)', kind === 'Private key' ? 'high' : 'medium')
  }
  for (const match of text.matchAll(urlCredentials)) {
    const [, user = '', password = '', host = ''] = match
    if (user === password || isPlaceholder(password) || publicHost.test(host) || /^(user(name)?|[a-z]+:)$/i.test(user))
      continue
    add(match.index, 'Password in a URL', `(for ${host})`, 'high')
  }
  if (!illustration && !isGenerated(path) && !isDocumentation(path)) {
    for (const [offset, name, value] of assignments(path, text)) {
      if (looksSecret(name, value))
        add(
          offset,
          `Hard-coded value given to \`${name}\``,
          `looks like a secret (${value.length} characters)`,
          'medium',
        )
    }
  }
  return [...found.values()]
}

function* assignments(path: string, text: string): Generator<[offset: number, name: string, value: string]> {
  for (const { index, 1: name = '', 3: value = '' } of text.matchAll(quotedAssignment)) yield [index, name, value]
  if (!settingsFile.test(path)) return
  for (const match of text.matchAll(bareAssignment)) {
    const { 1: name = '', 2: value = '' } = match
    yield [match.index + match[0].indexOf(name), name, value]
  }
}

/** A file of settings that git keeps, with values in it for names that sound secret. */
function trackedSettings(path: string, text: string, tracked: boolean): Sighting[] {
  if (
    !tracked ||
    !/^\.env(\.(local|production|prod|staging|development|dev))?$/.test(basename(path)) ||
    isIllustration(path)
  )
    return []
  const named = text.match(/^\s*(?:export\s+)?\w*(KEY|SECRET|TOKEN|PASSWORD|PASSWD)\w*\s*=\s*[^\s#'"]{4,}/gm) ?? []
  const real = named.filter((line) => !isPlaceholder(line.slice(line.indexOf('=') + 1)))
  if (real.length === 0) return []
  return [
    {
      kind: 'Tracked .env file',
      line: 1,
      what: `git tracks this file, which sets ${count(real.length, 'secret')}`,
      severity: 'medium',
    },
  ]
}

function lineText(text: string, offset: number): string {
  const stop = text.indexOf('\n', offset)
  return text.slice(text.lastIndexOf('\n', offset) + 1, Math.min(stop === -1 ? text.length : stop, offset + 1000))
}
