import { parseArgs } from 'node:util'
import { simulateNode } from './node-modules.ts'

// npm run sim [-- --seed N [--verbose] | --seeds N --from N]: exit 1, and the seed, when a promise was broken.
// --plant NAME puts a bug between host and store (planted.ts); --verbose tells all that happened.
const { values } = parseArgs({
  options: { seed: { type: 'string' }, seeds: { type: 'string' }, from: { type: 'string' }, plant: { type: 'string' }, verbose: { type: 'boolean' } },
})

// Before any of `src` is loaded.
simulateNode()
const { runSeeds } = await import('./run-seeds.ts')
process.exitCode = await runSeeds({
  first: Number(values.seed ?? values.from ?? 1),
  count: values.seed === undefined ? Number(values.seeds ?? 1000) : 1,
  plant: values.plant,
  isVerbose: values.verbose ?? false,
  print: (line) => process.stdout.write(`${line}\n`),
})
