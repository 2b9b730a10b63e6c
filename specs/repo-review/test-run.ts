import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from './command.ts'
import { findLocalTool } from './local-tool.ts'
import type { StepContext } from './step.ts'
import { recordOf } from './step.ts'
import { readJson } from './text.ts'
import type { Tree } from './tree.ts'

const timeoutMs = 540_000
/** Set for the tests that a review runs: a review that such a test starts does not run the tests again. */
const guard = 'FORKCHART_REPO_REVIEW'

export interface TestRun {
  readonly command: string
  /** Undefined when the tests were not run, or did not end. */
  readonly passed?: boolean
  readonly detail: string
  readonly seconds: number
}

/** Runs the repository's own test command once, with a limit of nine minutes. */
export async function runTests(tree: Tree, context: StepContext): Promise<TestRun> {
  const not = (detail: string): TestRun => ({ command: '', detail, seconds: 0 })
  if (process.env[guard] !== undefined) return not('this review was itself started by a test')
  const chosen = await testCommand(tree)
  if (typeof chosen === 'string') return not(chosen)
  const command = chosen.join(' ')
  context.log(`running ${command}`)
  const start = performance.now()
  const result = await runCommand(chosen, {
    cwd: tree.root,
    signal: context.signal,
    timeoutMs,
    env: { CI: '1', PYTHONDONTWRITEBYTECODE: '1', [guard]: '1' },
  })
  const seconds = Math.round((performance.now() - start) / 1000)
  if (!result.found) return not(`${chosen[0]} is not installed`)
  if (result.timedOut) return { command, detail: `did not end within ${timeoutMs / 60_000} minutes`, seconds }
  if (result.truncated) return { command, detail: 'printed too much', seconds }
  const last = (result.stdout + result.stderr).trimEnd().split('\n').slice(-12)
  for (const line of last) context.log(line)
  return { command, passed: result.code === 0, detail: `ended with code ${result.code} after ${seconds} s`, seconds }
}

/** The argv that runs the tests, or why there is none. */
async function testCommand(tree: Tree): Promise<readonly string[] | string> {
  const names = new Set(tree.files.map((file) => file.path))
  const manifest = recordOf(await readJson(tree.root, 'package.json'))
  const script = recordOf(manifest.scripts).test
  if (typeof script === 'string' && !script.includes('no test specified')) {
    const manager = names.has('pnpm-lock.yaml') ? 'pnpm' : names.has('yarn.lock') ? 'yarn' : 'npm'
    const needsInstall =
      Object.keys({ ...recordOf(manifest.dependencies), ...recordOf(manifest.devDependencies) }).length > 0
    const installed = await access(join(tree.root, 'node_modules')).then(
      () => true,
      () => false,
    )
    if (needsInstall && !installed) return 'its dependencies are not installed'
    return [manager, 'test']
  }
  if (names.has('Cargo.toml')) return ['cargo', 'test', '--offline', '--quiet']
  if (names.has('go.mod')) return ['go', 'test', './...']
  if (names.has('pyproject.toml') || names.has('setup.py') || names.has('pytest.ini') || names.has('tox.ini')) {
    return [(await findLocalTool(tree, 'python3')) ?? 'python3', '-m', 'pytest', '-q', '-x', '-p', 'no:cacheprovider']
  }
  return 'no test command was recognised'
}
