import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { barTable } from './bars.ts'
import { benchCases } from './cases.ts'
import { diskFolder } from './disk-folder.ts'
import { measure } from './measure.ts'
import { openPeers, type Peers } from './peer-cases.ts'
import { figureTable, peerTable } from './report.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
})

const { folder, onDisk } = diskFolder()
const dir = mkdtempSync(join(folder, 'forkchart-bench-'))
let peers: Peers = { cases: [], notes: [], close: async () => {} }
try {
  // What npm and the peers have to say goes to stderr: with --json, stdout holds figures only.
  if (values.peers) peers = await openPeers(dir, folder)
  for (const note of peers.notes) console.error(note)
  const pattern = new RegExp(values.only ?? '')
  const cases = [...benchCases(dir, values), ...peers.cases].filter(({ name }) => pattern.test(name))
  if (cases.length === 0) throw new Error(`no case matches ${pattern}`)
  const runs = values.smoke ? 1 : values.quick ? 3 : 50
  const figures = await measure(cases, { warmUpMs: values.smoke || values.quick ? 0 : 1000, runs })
  if (values.json) {
    console.log(JSON.stringify(figures, null, 2))
  } else {
    console.log(`Node ${process.version}, durable runs in ${dir}${onDisk ? '' : ', which is in MEMORY, not on a disk'}\n`)
    const tables = values.smoke ? [figureTable(figures)] : [figureTable(figures), peerTable(figures), barTable(figures)]
    console.log(tables.filter((table) => table !== '').join('\n\n'))
  }
} finally {
  await peers.close()
  rmSync(dir, { recursive: true, force: true })
}
