import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { benchCases } from './cases.ts'
import { diskFolder } from './disk-folder.ts'
import { measure } from './measure.ts'
import { barTable, figureTable } from './report.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
})

const { folder, onDisk } = diskFolder()
const dir = mkdtempSync(join(folder, 'forkchart-bench-'))
try {
  const pattern = new RegExp(values.only ?? '')
  const cases = benchCases(dir).filter(({ name }) => pattern.test(name))
  if (cases.length === 0) throw new Error(`no case matches ${pattern}`)
  const figures = await measure(cases, values.quick ? { warmUpMs: 0, runs: 3 } : { warmUpMs: 1000, runs: 50 })
  if (values.json) {
    console.log(JSON.stringify(figures, null, 2))
  } else {
    console.log(`Node ${process.version}, durable runs in ${dir}${onDisk ? '' : ', which is in MEMORY, not on a disk'}\n`)
    console.log(figureTable(figures))
    console.log(`\n${barTable(figures)}`.trimEnd())
  }
} finally {
  rmSync(dir, { recursive: true, force: true })
}
