import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'

/** A server for the peers that need one. */
export interface Postgres {
  readonly url: string
  readonly stop: () => Promise<void>
}

/**
 * The server that FORKCHART_BENCH_POSTGRES names, else a new one in a folder of its own below `folder`, of the installed
 * binaries and with their default settings. Throws an error that says what is missing.
 */
export async function startPostgres(folder: string): Promise<Postgres> {
  const given = process.env['FORKCHART_BENCH_POSTGRES']
  if (given !== undefined) return { url: given, stop: async () => {} }
  const binaries = findBinaries()
  if (binaries === undefined) {
    throw new Error('no Postgres found: apt-get install postgresql, or set FORKCHART_BENCH_POSTGRES to the URL of a server')
  }
  const dir = mkdtempSync(join(folder, 'forkchart-bench-postgres-'))
  const owner = ownerOf(dir)
  const data = join(dir, 'data')
  const made = spawnSync(join(binaries, 'initdb'), ['-D', data, '-U', 'bench', '--auth=trust', '-E', 'UTF8', '--no-sync'], {
    ...owner,
    cwd: dir,
    encoding: 'utf8',
  })
  if (made.status !== 0) {
    rmSync(dir, { recursive: true, force: true })
    throw new Error(`initdb failed: ${made.error?.message ?? made.stderr.trim()}`)
  }
  const port = await freePort()
  const settings = { listen_addresses: '127.0.0.1', port, unix_socket_directories: '' }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(join(binaries, 'postgres'), ['-D', data, ...flags], { ...owner, cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] })
  const stop = async (): Promise<void> => {
    await ended(server)
    rmSync(dir, { recursive: true, force: true })
  }
  try {
    await ready(server)
  } catch (error) {
    await stop()
    throw error
  }
  return { url: `postgresql://bench@127.0.0.1:${port}/postgres`, stop }
}

/** On PATH, or where Debian and Homebrew put them. */
function findBinaries(): string | undefined {
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...globSync('/usr/lib/postgresql/*/bin').toSorted().toReversed(),
    ...globSync('/opt/homebrew/opt/postgresql*/bin').toSorted().toReversed(),
  ]
  return folders.find((folder) => existsSync(join(folder, 'postgres')) && existsSync(join(folder, 'initdb')))
}

/** Postgres refuses to run as root: then the folder is given to another user, who runs it. */
function ownerOf(dir: string): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string, user: string): number => Number(spawnSync('id', [flag, user], { encoding: 'utf8' }).stdout || Number.NaN)
  const user = ['postgres', 'nobody'].find((name) => !Number.isNaN(id('-u', name)))
  if (user === undefined) return {}
  const owner = { uid: id('-u', user), gid: id('-g', user) }
  chownSync(dir, owner.uid, owner.gid)
  return owner
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('ready to accept connections')) resolve()
    })
    server.once('error', reject)
    server.once('exit', () => reject(new Error(`Postgres ended: ${said.trim()}`)))
  })
}

/** SIGINT is its fast shutdown. */
function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.pid === undefined) return Promise.resolve()
  return new Promise((resolve) => {
    server.once('exit', () => resolve())
    server.kill('SIGINT')
  })
}
