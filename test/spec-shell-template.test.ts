import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resolveShell, unreachableShellValues } from '../src/spec/shell-template.ts'
import { resolveArgv } from '../src/spec/template.ts'
import type { EvaluationScope } from '../src/spec/expression.ts'

function scopeOf(input: unknown): EvaluationScope {
  return { input: input as EvaluationScope['input'], run: { id: 'r', workflow: 'w' }, stages: {}, prev: null }
}

function sh(line: string): string {
  const { stdout, stderr } = spawnSync('sh', ['-c', line], { encoding: 'buffer' })
  return stdout.toString('utf8') + stderr.toString('utf8')
}

const nasty = `$(echo owned) \`echo owned\`; echo owned' "; echo owned # \\ * ~ \${HOME}\n!! | & > x\n`

const places: readonly (readonly [string, string, (value: string) => string])[] = [
  ['bare', 'printf %s ${{ input }}', (value) => value],
  ['as part of a word', 'printf %s --name=${{ input }}', (value) => `--name=${value}`],
  ['in double quotes', 'printf %s "a ${{ input }} b"', (value) => `a ${value} b`],
  ['in single quotes', "printf %s 'a ${{ input }} b'", (value) => `a ${value} b`],
  ['in a substitution', 'printf %s "$(printf %s ${{ input }}; echo .)"', (value) => `${value}.`],
  ['quoted in a substitution in quotes', 'printf %s "<$(printf %s "${{ input }}"; echo .)>"', (value) => `<${value}.>`],
  ['in backticks', 'printf %s "`printf %s ${{ input }}; echo .`"', (value) => `${value}.`],
  ['in a default', 'printf %s "${nothing:-${{ input }}}"', (value) => value],
  ['in a bare default', 'printf %s ${nothing:-${{ input }}}', (value) => value],
  ['in a here-document', "cat <<EOF\nit's ${{ input }}\nEOF\n", (value) => `it's ${value}\n`],
  ['in an indented here-document', 'cat <<-END | cat\n\t${{ input }}\n\tEND\necho after', (value) => `${value}\nafter\n`],
  ['after a comment with a quote', "# it's fine\nprintf %s ${{ input }}", (value) => value],
  ['in a comment', 'echo ok # ${{ input }}', () => 'ok\n'],
  ['after an escaped quote', 'printf %s \\"${{ input }}', (value) => `"${value}`],
  ['after a subshell', '(true); printf %s ${{ input }}', (value) => value],
  ['twice', 'printf %s ${{ input }} "${{ input }}"', (value) => value + value],
]

describe('a value in a shell line', () => {
  it.each(places)('is one word, %s', (_name, template, expected) => {
    expect(sh(resolveShell(template, scopeOf(nasty)))).toBe(expected(nasty))
    expect(sh(resolveShell(template, scopeOf('EOF')))).toBe(expected('EOF'))
  })

  it('comes back byte for byte from a real shell', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((value) => !value.includes('\0'))
    const shellish = fc.array(fc.constantFrom("'", '"', '$', '`', '\\', '(', ')', '\n', ';', ' ', '*', '!', '#', 'a')).map((list) => list.join(''))
    // Many values to one shell: starting it is what takes the time.
    fc.assert(
      fc.property(fc.array(fc.oneof(text, shellish), { minLength: 1, maxLength: 30 }), (values) => {
        const template = values
          .map((_value, index) => `printf '%s\\1' ${[`\${{ input[${index}] }}`, `"\${{ input[${index}] }}"`, `'\${{ input[${index}] }}'`][index % 3]}`)
          .join('\n')
        expect(sh(resolveShell(template, scopeOf(values)))).toBe(values.map((value) => `${value}\u0001`).join(''))
      }),
      { numRuns: 25 },
    )
  })

  it('never is a command, whatever stands around it', () => {
    const around = fc.constantFrom<readonly [string, string]>(
      ['"', '"'], ["'", "'"], ['$(printf %s ', ')'], ['`printf %s ', '`'], ['${x:-', '}'], ['cat <<E\n', '\nE\n'],
      ['cat <<-E\n\t', '\n\tE\n'], ["# it's ", '\n'], ['\\"', '\\"'], ['(echo ', ')'], ['{ echo ', '; }'], ["it\\'s ", ''],
      ['"$(echo "', '")"'], ['a && ', ''], ['x=', '; echo $x'], ['case a in ', ') ;; esac'], ['$"', '"'], ["$'", "'"],
    )
    const value = fc.constantFrom(
      '$(echo own""ed)', '`echo own""ed`', '; echo own""ed;', '\necho own""ed\n', `'; echo own""ed; '`, `"; echo own""ed; "`,
      'E\necho own""ed\n', ') ; echo own""ed; (', '} ; echo own""ed; {', `'$(echo own""ed)'`, `"'$(echo own""ed)'"`,
    )
    fc.assert(
      fc.property(fc.array(around, { maxLength: 4 }), value, (wraps, input) => {
        const template = wraps.reduceRight((inside, [before, after]) => `${before}${inside}${after}`, '${{ input }}')
        expect(sh(resolveShell(`echo ${template}`, scopeOf(input)))).not.toContain('owned')
        expect(sh(resolveShell(`:\n${template}`, scopeOf(input)))).not.toContain('owned')
      }),
      { numRuns: 150 },
    )
  })

  it('is text as everywhere: numbers, lists as JSON, null as nothing', () => {
    const scope = scopeOf({ n: 3, list: [1, 'a b'], none: null })
    expect(sh(resolveShell('printf "%s|" ${{ input.n + 1 }} ${{ input.list }} ${{ input.none }}', scope))).toBe('4|[1,"a b"]||')
  })

  it('must be a whole number in arithmetic, where shells may run commands', () => {
    expect(sh(resolveShell('echo $((${{ input }} + 1))', scopeOf(41)))).toBe('42\n')
    expect(() => resolveShell('echo $((${{ input }} + 1))', scopeOf('a[$(id)]'))).toThrow(/whole number/)
  })

  it('cannot stand in a here-document with a quoted word', () => {
    const template = "cat <<'EOF'\n${{ input }}\nEOF\necho ${{ input }}"
    expect(() => resolveShell(template, scopeOf('x'))).toThrow(/here-document/)
    expect(unreachableShellValues(template)).toEqual(['input'])
  })

  it('cannot hold a NUL character', () => {
    expect(() => resolveShell('echo ${{ input }}', scopeOf('a\0b'))).toThrow(/NUL/)
    expect(() => resolveArgv(['echo', '${{ input }}'], scopeOf('a\0b'))).toThrow(/NUL/)
  })

  it('leaves a line without expressions alone, but for the escape', () => {
    expect(resolveShell('echo "$HOME" ${x}', scopeOf(null))).toBe('echo "$HOME" ${x}')
    expect(resolveShell("echo '$${{ x }}'", scopeOf(null))).toBe("echo '${{ x }}'")
  })
})

describe('a value in an argv', () => {
  it('is one argument or part of one', () => {
    expect(resolveArgv(['ls', '-l', '${{ input }}', '--x=${{ input }}'], scopeOf("a b'; $(c)"))).toEqual([
      'ls', '-l', "a b'; $(c)", "--x=a b'; $(c)",
    ])
  })
})
