import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { nodeErrorCode } from '../../errors.ts'
import { probeAgents } from '../../executors/availability.ts'
import { findOnPath } from '../../executors/find-on-path.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { packageVersion } from '../package-version.ts'
import type { Terminal } from '../terminal.ts'
import { textTable } from '../text-table.ts'

interface Finding {
  readonly kind: 'runtime' | 'store' | 'agent' | 'program'
  readonly name: string
  readonly ok: boolean
  /** Without it nothing runs. */
  readonly required: boolean
  readonly detail: string
  /** What to do about it. */
  readonly missing?: string
}

/** Says what is here and what is not. Ends with 1 only when something is missing that every run needs. */
export async function doctorCommand(
  options: { readonly store: string; readonly json?: true }, terminal: Terminal,
): Promise<ExitCode> {
  const findings = [
    node(),
    await store(resolve(terminal.cwd, options.store)),
    ...(await agents(terminal.env)),
    ...programs(terminal.env),
  ]
  const ok = findings.every((finding) => finding.ok || !finding.required)
  const version = packageVersion()
  if (options.json === true) terminal.out(`${JSON.stringify({ ok, version, findings }, null, 2)}\n`)
  else {
    const rows = findings.map((finding) => [
      `${finding.ok ? '✓' : finding.required ? '✗' : '–'} ${finding.kind}`,
      finding.name,
      finding.missing === undefined ? finding.detail : `${finding.detail}: ${finding.missing}`,
    ])
    terminal.out(`forkchart ${version}\n${textTable(rows)}`)
  }
  return ok ? exitCode.done : exitCode.failed
}

function node(): Finding {
  const typescript = process.features.typescript !== false
  return {
    kind: 'runtime',
    name: 'node',
    ok: true,
    required: true,
    detail: `${process.versions.node} on ${process.platform} ${process.arch}${typescript ? '' : ', without TypeScript'}`,
    ...(typescript ? {} : { missing: 'for specs and functions in TypeScript use Node 22.18 or newer' }),
  }
}

async function store(dir: string): Promise<Finding> {
  const base = { kind: 'store', name: dir, required: true } as const
  try {
    const nearest = await nearestFolder(dir)
    await access(nearest, constants.W_OK)
    return { ...base, ok: true, detail: nearest === dir ? 'can be written' : 'will be made by the first run' }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { ...base, ok: false, detail: reason, missing: 'choose another folder with --store' }
  }
}

/** The folder itself or the nearest above it that exists; throws when something else stands there. */
async function nearestFolder(dir: string): Promise<string> {
  try {
    if ((await stat(dir)).isDirectory()) return dir
  } catch (error) {
    if (nodeErrorCode(error) === 'ENOENT' && dirname(dir) !== dir) return nearestFolder(dirname(dir))
    throw error
  }
  throw new Error(`${dir} is not a folder`)
}

async function agents(env: Terminal['env']): Promise<Finding[]> {
  const probed = await probeAgents({ ...env })
  return probed.map(({ name, available, detail, missing }) => ({
    kind: 'agent', name, ok: available, required: false, detail, ...(missing === undefined ? {} : { missing }),
  }))
}

/** What steps often call; nothing of our own needs more than a shell. */
function programs(env: Terminal['env']): Finding[] {
  return ['sh', 'git', 'npm'].map((name): Finding => {
    const path = findOnPath(name, { ...env })
    const base = { kind: 'program', name, ok: path !== undefined, required: false } as const
    if (path !== undefined) return { ...base, detail: path }
    return { ...base, detail: 'not on PATH', missing: 'steps that call it cannot run' }
  })
}
