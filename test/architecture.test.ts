import { spawnSync } from 'node:child_process'
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'

/** The linter's configuration holds the table of imports; here it is shown to refuse what it should. */

const root = fileURLToPath(new URL('..', import.meta.url))
const scratch: string[] = []
afterAll(() => {
  for (const folder of scratch) rmSync(folder, { recursive: true, force: true })
})

/** Findings of the repository's own configuration on these files, as "file: rule", sorted. */
function lint(files: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'forkchart-lint-'))
  scratch.push(folder)
  copyFileSync(path.join(root, '.oxlintrc.json'), path.join(folder, '.oxlintrc.json'))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    writeFileSync(path.join(folder, file), text)
  }
  const oxlint = path.join(root, 'node_modules/oxlint/bin/oxlint')
  const child = spawnSync(process.execPath, [oxlint, '--format', 'json'], { cwd: folder, encoding: 'utf8' })
  const { diagnostics } = JSON.parse(child.stdout) as { diagnostics: { filename: string; code: string }[] }
  return [...new Set(diagnostics.map((finding) => `${finding.filename}: ${finding.code}`))].toSorted()
}

const refused: Readonly<Record<string, readonly string[]>> = {
  'machines/planted.ts': ['../src/runtime/program.ts', '../src/index.ts', '../src/spec/ir.ts', 'node:fs'],
  'src/planted.ts': ['./index.ts', './spec/ir.ts', './store/store.ts', 'xstate', 'node:fs', '../machines/step.ts'],
  'src/index.ts': ['./tui/lines.ts', './cli/main.ts', './testing/index.ts', 'ink', '../test/planted.ts'],
  'src/spec/planted.ts': ['../compiler/compile.ts', '../index.ts', 'xstate', '../executors/call.ts'],
  'src/spec/checks/planted.ts': ['../../compiler/compile.ts', '../../index.ts', 'xstate'],
  'src/compiler/planted.ts': ['../runtime/program.ts', '../executors/call.ts', 'node:fs', 'node:timers/promises', 'yaml'],
  'src/executors/planted.ts': ['../spec/ir.ts', '../store/store.ts', '../runtime/program.ts', 'xstate', 'ink'],
  'src/runtime/planted.ts': ['../store/file-store.ts', '../hosts/embedded/embedded-host.ts', '../executors/call.ts', 'node:fs', 'react'],
  'src/store/planted.ts': ['../runtime/program.ts', '../spec/load.ts', '../compiler/compile.ts', 'xstate'],
  'src/hosts/planted.ts': ['../store/store.ts', './embedded/embedded-host.ts', 'node:fs'],
  'src/hosts/embedded/planted.ts': ['../../store/file-store.ts', '../../tui/lines.ts', '../../cli/main.ts', '../../index.ts', 'ink', 'xstate'],
  'src/old-state/planted.ts': ['../store/file-store.ts', '../hosts/embedded/embedded-host.ts', '../tui/lines.ts', 'node:fs'],
  'src/diagram/planted.ts': ['../runtime/program.ts', '../store/store.ts', 'node:fs'],
  'src/tui/planted.ts': ['../store/store.ts', '../runtime/program.ts', '../hosts/host.ts', '../spec/ir.ts', 'xstate'],
  'src/cli/commands/planted.ts': ['ink', 'react', '../../testing/index.ts'],
  'src/testing/planted.ts': ['../store/file-store.ts', '../hosts/embedded/embedded-host.ts', '../tui/lines.ts', 'vitest'],
  'src/unlisted/planted.ts': ['../tui/lines.ts', '../cli/main.ts', '../index.ts', 'ink', 'react', 'hono', '@restatedev/restate-sdk'],
  'specs/planted/planted.ts': ['../../src/index.ts', 'zod'],
}

const refusedTypes: Readonly<Record<string, readonly string[]>> = {
  'machines/planted.ts': ['../src/compiler/chart.ts', '../src/index.ts'],
  'src/planted.ts': ['./store/store.ts', './index.ts', '../machines/step.ts'],
  'src/executors/planted.ts': ['../runtime/program.ts', '../hosts/host.ts', 'ink'],
  'src/store/planted.ts': ['../compiler/chart.ts', '../index.ts', '../../machines/step.ts'],
  'src/hosts/embedded/planted.ts': ['../../store/stored-json.ts', '../../store/journal.ts', '../../tui/lines.ts', 'react'],
  'src/tui/planted.ts': ['../runtime/program.ts', '../runtime/replay.ts', '../store/store.ts', '../compiler/chart.ts'],
}

const accepted: Readonly<Record<string, readonly string[]>> = {
  'machines/planted.ts': ["import type { Block } from '../src/spec/ir.ts'", "import { toErrorData } from '../src/errors.ts'"],
  'src/planted.ts': ["import type { Block } from './spec/ir.ts'", "import { z } from 'zod'"],
  'src/compiler/planted.ts': ["import type { StepRequest } from '../executors/executor.ts'", "import { stepMachine } from '../../machines/step.ts'"],
  'src/runtime/planted.ts': ["import type { Store } from '../store/store.ts'", "import { compileWorkflow } from '../compiler/compile.ts'"],
  'src/store/planted.ts': ["import { workflowSchema } from '../spec/ir.ts'", "import { open } from 'node:fs/promises'", "import { Low } from 'lowdb'"],
  'src/hosts/embedded/planted.ts': ["import type { Store } from '../../store/store.ts'", "import { replay } from '../../runtime/replay.ts'"],
  'src/tui/planted.ts': ["import { createRunView } from '../runtime/run-view.ts'", "import { Box } from 'ink'"],
  'src/cli/commands/planted.ts': ["import { createFileStore } from '../../store/file-store.ts'", "import { Command } from 'commander'"],
}

/** A name that a planted import brings in must be used, or another rule would speak up. */
const used = (statement: string) => `${statement}\n${statement.replace(/^import (?:type )?(.*) from .*/, 'export $1')}\n`

test('an import against the table is refused, in whichever form', () => {
  const planted: Record<string, string> = {}
  for (const [file, imports] of Object.entries(refused)) {
    for (const [index, specifier] of imports.entries()) {
      const copy = file.endsWith('planted.ts') ? file.replace('planted', `planted-${index}`) : file
      const text = index % 2 === 0 ? `import { x } from '${specifier}'\n\nexport { x }\n` : `export { x } from '${specifier}'\n`
      planted[copy] = (planted[copy] ?? '') + text.replaceAll('x }', `x${index} }`)
    }
  }
  expect(lint(planted)).toEqual(Object.keys(planted).map((file) => `${file}: eslint(no-restricted-imports)`).toSorted())
})

test('a type from where not even types may come is refused', () => {
  const planted = Object.entries(refusedTypes).flatMap(([file, imports]) =>
    imports.map((from, index) => [file.replace('planted', `planted-${index}`), `export type { X } from '${from}'\n`] as const),
  )
  expect(lint(Object.fromEntries(planted))).toEqual(
    planted.map(([file]) => `${file}: eslint(no-restricted-imports)`).toSorted(),
  )
})

test('what the table allows passes', () => {
  const planted = Object.entries(accepted).map(([file, imports]) => [file, imports.map(used).join('')])
  expect(lint(Object.fromEntries(planted))).toEqual([])
})

test('cycles, default exports, any, non-null assertions and console are refused', () => {
  const findings = lint({
    'src/store/one.ts': "import { two } from './two.ts'\n\nexport const one = () => two\n",
    'src/store/two.ts': "import { one } from './one.ts'\n\nexport const two = () => one\n",
    'src/store/three.ts': 'export default 3\n',
    'src/store/four.ts': 'export const four = (x: any) => x\n',
    'src/store/five.ts': 'export const five = (x?: string) => x!.length\n',
    'src/store/six.ts': "export const six = () => console.log('x')\n",
    'src/cli/seven.ts': "export const seven = () => console.log('x')\n",
  })
  expect(findings).toEqual([
    'src/store/five.ts: typescript(no-non-null-assertion)',
    'src/store/four.ts: typescript(no-explicit-any)',
    'src/store/one.ts: import(no-cycle)',
    'src/store/six.ts: eslint(no-console)',
    'src/store/three.ts: import(no-default-export)',
    'src/store/two.ts: import(no-cycle)',
  ])
})

test('imports made while running keep to the table as well, which the linter does not see', () => {
  const rewritten: Record<string, string> = {}
  for (const file of globSync(['src/**/*.{ts,tsx}', 'machines/**/*.ts'], { cwd: root })) {
    const specifiers = readFileSync(path.join(root, file), 'utf8').matchAll(/(?<!typeof )\bimport\('([^']+)'\)/g)
    const from = new Set([...specifiers].map((match) => match[1]))
    if (from.size > 0) rewritten[file] = [...from].map((name, index) => `export { x${index} } from '${name}'\n`).join('')
  }
  expect(Object.keys(rewritten)).toContain('src/executors/executors.ts')
  expect(lint(rewritten)).toEqual([])
  expect(lint({ 'src/executors/planted.ts': "export { x } from '../store/file-store.ts'\n" })).not.toEqual([])
})

test('importing forkchart loads no terminal UI, server or SDK', () => {
  const index = pathToFileURL(path.join(root, 'src/index.ts')).href
  const program = `
    import { registerHooks } from 'node:module'
    const loaded = new Set()
    registerHooks({ load(url, context, next) { loaded.add(/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1]); return next(url, context) } })
    await import(${JSON.stringify(index)})
    process.stdout.write(JSON.stringify([...loaded].filter(Boolean)))`
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })
  expect(child.stderr).toBe('')
  const packages = JSON.parse(child.stdout) as string[]
  expect(packages).toContain('xstate')
  for (const heavy of ['ink', 'react', 'hono', 'commander', '@openai/agents', '@restatedev/restate-sdk']) {
    expect(packages).not.toContain(heavy)
  }
})
