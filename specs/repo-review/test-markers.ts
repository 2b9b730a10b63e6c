import { languageOf } from './classify.ts'

export interface TestMarks {
  /** Test cases, by the way the language's usual frameworks write them. */
  readonly cases: number
  /** Lines of tests that keep all others from running. */
  readonly only: readonly number[]
  /** Lines of tests that are switched off or only planned. */
  readonly skipped: readonly number[]
}

interface MarkerRules {
  readonly cases: RegExp
  readonly only?: RegExp
  readonly skipped: RegExp
}

const script: MarkerRules = {
  cases: /^\s*(?:export\s+)?(?:it|test|specify|Deno\.test|t\.test)(?:\.\w+)*\s*(?:\(|`)/gm,
  only: /^\s*(?:(?:describe|it|test|suite|context|specify)(?:\.\w+)*\.only|fit|fdescribe)\s*[(.`]/gm,
  skipped:
    /^\s*(?:(?:describe|it|test|suite|context|specify)(?:\.\w+)*\.(?:skip|todo|fixme)|xit|xtest|xdescribe)\s*[(.`]/gm,
}
const python: MarkerRules = {
  cases: /^\s*(?:async\s+)?def test\w*\s*\(/gm,
  skipped: /^\s*@(?:pytest\.mark\.(?:skip|xfail)\b|(?:unittest\.)?skip\s*\()/gm,
}
const rulesByLanguage: Readonly<Record<string, MarkerRules>> = {
  TypeScript: script,
  JavaScript: script,
  Python: python,
  Go: { cases: /^func (?:Test|Fuzz|Benchmark|Example)\w*\s*\(/gm, skipped: /^\s*\w+\.Skip(?:f|Now)?\(/gm },
  Rust: { cases: /^\s*#\[(?:\w+::)*test\b/gm, skipped: /^\s*#\[ignore\b/gm },
  Java: { cases: /^\s*@(?:Test|ParameterizedTest)\b/gm, skipped: /^\s*@(?:Disabled|Ignore)\b/gm },
  Kotlin: { cases: /^\s*@(?:Test|ParameterizedTest)\b/gm, skipped: /^\s*@(?:Disabled|Ignore)\b/gm },
  'C#': { cases: /^\s*\[(?:Fact|Theory|Test|TestMethod)\b/gm, skipped: /^\s*\[(?:Ignore\b|Fact\(Skip)/gm },
  Shell: { cases: /^@test\b/gm, skipped: /^\s*skip\b/gm },
  Ruby: {
    cases: /^\s*(?:it|test|specify)\s+['"]|^\s*def test_/gm,
    only: /^\s*fit\s+['"]/gm,
    skipped: /^\s*(?:xit|xdescribe|pending)\b/gm,
  },
  PHP: { cases: /function test\w*\s*\(|#\[Test\]/gm, skipped: /markTestSkipped\(|markTestIncomplete\(/gm },
}

/** Counts the tests in a file's text and finds those that hide others or are switched off. */
export function testMarks(path: string, text: string): TestMarks {
  const rules = rulesByLanguage[languageOf(path) ?? '']
  if (rules === undefined) return { cases: 0, only: [], skipped: [] }
  // The text of a template literal is no code: runs of lines inside one are what a test of a test tool is made of.
  const code = languageOf(path) === 'TypeScript' || languageOf(path) === 'JavaScript' ? blankTemplates(text) : text
  return { cases: lines(code, rules.cases).length, only: lines(code, rules.only), skipped: lines(code, rules.skipped) }
}

function lines(text: string, pattern: RegExp | undefined): number[] {
  if (pattern === undefined) return []
  const found: number[] = []
  let line = 1
  let from = 0
  for (const match of text.matchAll(pattern)) {
    const at = match.index + (/^\s*/.exec(match[0])?.[0].length ?? 0)
    for (let next = text.indexOf('\n', from); next !== -1 && next < at; next = text.indexOf('\n', next + 1)) {
      line += 1
      from = next + 1
    }
    found.push(line)
  }
  return found
}

/** Template literals of several lines emptied, their newlines kept. */
function blankTemplates(text: string): string {
  return text.replace(/([=(,:\s]|^)`[^`\\]*(?:\\.[^`\\]*)*`/gm, (part) =>
    part.includes('\n') ? part.replace(/[^\n]/g, ' ') : part,
  )
}
