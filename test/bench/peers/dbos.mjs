import { DBOS } from '@dbos-inc/dbos-sdk'
import { syncSettings } from './postgres.mjs'

/** Both give the ms from the workflow's first line, when its row exists, to the end of its last step. */
const chain = DBOS.registerWorkflow(async (length) => {
  const begun = performance.now()
  for (let index = 0; index < length; index += 1) await DBOS.runStep(async () => `s${index}`, { name: `s${index}` })
  return performance.now() - begun
}, { name: 'chain' })

const fan = DBOS.registerWorkflow(async (width) => {
  const begun = performance.now()
  await Promise.all(Array.from({ length: width }, (_, index) => DBOS.runStep(async () => index, { name: `b${index}` })))
  return performance.now() - begun
}, { name: 'fan' })

/** DBOS has no mode without a database. */
export async function open({ postgres }) {
  if (postgres === undefined) return { about: 'skipped: it needs Postgres', cases: {}, close: async () => {} }
  DBOS.setConfig({ name: 'forkchart-bench', systemDatabaseUrl: postgres, logLevel: 'error' })
  await DBOS.launch()
  return {
    about: `as it comes; ${await syncSettings(postgres)}`,
    cases: {
      'chain-100/durable': async () => ((await chain(100)) * 1000) / 100,
      'fan-20/durable': async () => ((await fan(20)) * 1000) / 20,
      'fan-1000/durable': async () => ((await fan(1000)) * 1000) / 1000,
    },
    close: () => DBOS.shutdown(),
  }
}
