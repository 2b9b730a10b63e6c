import { saysGenerated, isCode, isIllustration, isTestCode } from './classify.ts'
import type { Duplicate } from './duplication.ts'
import { DuplicateFinder } from './duplication.ts'
import { bySeverity, clampScore } from './score.ts'
import type { CheckResult, Finding, StepContext } from './step.ts'
import { count, readInput } from './step.ts'
import { lineCount, readTexts, sample } from './text.ts'
import { listTree } from './tree.ts'

/** Files beyond this many, and lines beyond this, are left out of the comparison: memory stays under about 60 MB. */
const mostFiles = 10_000
const mostLines = 600_000
const longFile = 500
const veryLongFile = 1_500
const noteworthyCopy = 15
const grossCopy = 60

/**
 * Size of files and copied code, of hand-written code that ships (not of tests, examples or generated files).
 * Score: 100, less 3 points per percent of copied lines above 2, less the share of code in files over 500 lines times 40.
 */
export async function size(input: unknown, context: StepContext): Promise<CheckResult> {
  const { path } = readInput(input)
  const tree = await listTree(path, context)
  const own = tree.files.filter((file) => isCode(file.path) && !file.generated)
  const shipped = own.filter((file) => !isTestCode(file.path) && !isIllustration(file.path))
  if (own.length === 0) context.skip('no hand-written code to measure')
  const finder = new DuplicateFinder()
  const files: { file: string; lines: number }[] = []
  let compared = 0
  for await (const { file, text } of readTexts(tree, sample(shipped, mostFiles), context.signal)) {
    if (saysGenerated(text)) continue
    files.push({ file: file.path, lines: lineCount(text) })
    if (finder.lines >= mostLines) continue
    finder.add(file.path, text)
    compared += 1
  }
  files.sort((a, b) => b.lines - a.lines)
  const total = files.reduce((sum, { lines }) => sum + lines, 0)
  const inLongFiles = files.filter(({ lines }) => lines > longFile).reduce((sum, { lines }) => sum + lines, 0)
  const copied = finder.lines === 0 ? 0 : (100 * finder.duplicatedLines) / finder.lines
  const copies = byPair(finder.duplicates.filter((copy) => copy.lines >= noteworthyCopy))
  const findings: Finding[] = [
    ...files
      .filter(({ lines }) => lines > longFile)
      .slice(0, 8)
      .map(
        ({ file, lines }): Finding => ({
          severity: lines > veryLongFile ? 'medium' : 'low',
          file,
          message: `${count(lines, 'line')} in one file`,
        }),
      ),
    ...copies.slice(0, 10).map(
      (copy): Finding => ({
        severity: copy.lines >= grossCopy ? 'medium' : 'low',
        file: copy.second.file,
        line: copy.second.from,
        message: [
          `${count(copy.lines, 'line')} of code are the same as in ${copy.first.file}:${copy.first.from}`,
          copy.blocks > 1 ? ` (${copy.blocks} blocks)` : '',
        ].join(''),
      }),
    ),
  ]
  const longShare = total === 0 ? 0 : inLongFiles / total
  return {
    check: 'size',
    title: 'Size and duplication',
    score: clampScore(100 - Math.min(60, 3 * Math.max(0, copied - 2)) - 40 * longShare),
    summary: [
      `${count(total, 'line')} of code in ${count(files.length, 'file')}`,
      `${copied.toFixed(1)} % copied`,
      `${Math.round(100 * longShare)} % in files over ${longFile} lines`,
    ].join(', '),
    findings: bySeverity(findings),
    facts: {
      files: files.length,
      lines: total,
      medianLines: files[Math.floor(files.length / 2)]?.lines ?? 0,
      longest: files.slice(0, 10),
      copiedPercent: Math.round(copied * 10) / 10,
      copies: finder.duplicates.length,
      filesCompared: compared,
    },
  }
}

/** The copies between the same two files as one, the longest first. */
function byPair(duplicates: readonly Duplicate[]): (Duplicate & { readonly blocks: number })[] {
  const pairs = new Map<string, Duplicate & { readonly blocks: number }>()
  for (const copy of duplicates) {
    const key = `${copy.first.file}\0${copy.second.file}`
    const known = pairs.get(key)
    pairs.set(
      key,
      known === undefined
        ? { ...copy, blocks: 1 }
        : { ...known, lines: known.lines + copy.lines, blocks: known.blocks + 1 },
    )
  }
  return [...pairs.values()].sort((a, b) => b.lines - a.lines)
}
