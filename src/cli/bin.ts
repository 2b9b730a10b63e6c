#!/usr/bin/env node
// The rest needs a current Node; this file has to parse and speak on old ones too, so it stays plain.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 12)) {
  process.stderr.write(
    `error: forkchart needs Node 22.12 or newer; this is Node ${process.versions.node}.\n` +
      'Install a newer one (https://nodejs.org), or in a clone use `npm run -s forkchart -- <command>`: it brings its own.\n',
  )
  process.exitCode = 2
} else {
  import('./main.ts').then(
    ({ main }) => main(),
    (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error)
      process.stderr.write(`error: forkchart could not start: ${reason}\n`)
      process.exitCode = 1
    },
  )
}
