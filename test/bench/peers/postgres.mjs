import pg from 'pg'

/** What the server says of its syncs. */
export async function syncSettings(connectionString) {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    const shown = []
    for (const name of ['server_version', 'fsync', 'synchronous_commit', 'wal_sync_method']) {
      const { rows } = await client.query(`SHOW ${name}`)
      shown.push(`${name}=${rows[0][name]}`)
    }
    return `Postgres: ${shown.join(' ')}`
  } finally {
    await client.end()
  }
}
