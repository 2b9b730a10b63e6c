// A process of its own for each peer, so that no one's garbage weighs on another: runs the cases it is asked for.
const [peer, dir, postgres] = process.argv.slice(2)

try {
  const { open } = await import(`./${peer}.mjs`)
  const { about, cases, close } = await open({ dir, postgres: postgres === '' ? undefined : postgres })
  process.on('message', async (name) => {
    try {
      process.send({ sample: await cases[name]() })
    } catch (error) {
      process.send({ error: String(error) })
    }
  })
  process.once('disconnect', async () => {
    await close().catch(() => {})
    process.exit(0)
  })
  process.send({ about, names: Object.keys(cases) })
} catch (error) {
  process.send({ error: String(error) }, () => process.exit(1))
}
