/** The lock functions beside a bare update of one row that returns it, on one connection, in turns. */
import type pg from 'pg'
import type { Figure, Report } from './lib/report.ts'
import { connect, startBenchServer } from './lib/server.ts'
import { spreadOf, timed } from './lib/statistics.ts'

const ROUNDS = 15
const CALLS = 400
const RESOURCE = 'bench:locks'
const BARE = `update crm.sync_locks set expires_at = clock_timestamp() + interval '5 minutes' where resource = $1 returning token, expires_at`

/** Milliseconds for CALLS of each. */
interface Round {
  acquire: number
  extend: number
  release: number
  bare: number
}

export async function locks(): Promise<Report> {
  const server = await startBenchServer()
  try {
    const database = await server.addDatabase('locks')
    const client = await connect(database.url)
    try {
      const rounds: Round[] = []
      for (let round = 0; round <= ROUNDS; round++) {
        const measured = await measure(client)
        if (round > 0) rounds.push(measured)
      }
      return { ...reportOf(rounds), settings: server.settings }
    } finally {
      await client.end()
    }
  } finally {
    await server.drop()
  }
}

async function measure(client: pg.Client): Promise<Round> {
  const round: Round = { acquire: 0, extend: 0, release: 0, bare: 0 }
  let token = ''
  for (let call = 0; call < CALLS; call++) {
    round.acquire += await timed(async () => {
      const { rows } = await client.query<{ token: string }>({
        name: 'acquire',
        text: `select token from crm.acquire_sync_lock($1, 'bench')`,
        values: [RESOURCE],
      })
      token = rows[0]?.token ?? ''
    })
    const held = { values: [RESOURCE, token] }
    round.extend += await timed(() =>
      client.query({ name: 'extend', text: 'select crm.extend_sync_lock($1, $2)', ...held }),
    )
    round.bare += await timed(() => client.query({ name: 'bare', text: BARE, values: [RESOURCE] }))
    round.release += await timed(() =>
      client.query({ name: 'release', text: 'select crm.release_sync_lock($1, $2)', ...held }),
    )
  }
  return round
}

function reportOf(rounds: readonly Round[]): Omit<Report, 'settings'> {
  const calls = ['acquire', 'extend', 'release'] as const
  return {
    name: 'locks',
    title: `${ROUNDS} rounds of ${CALLS} calls of each lock function`,
    figures: calls.map(
      (call): Figure => ({
        name: `${call}_sync_lock: calls per second, ours / bare`,
        value: spreadOf(rounds.map((round) => round.bare / round[call])),
        unit: 'ratio',
        target: { atLeast: 0.5 },
      }),
    ),
    sections: [
      {
        title: 'Microseconds per call',
        head: ['', 'median', 'min', 'max'],
        rows: [...calls, 'bare' as const].map((call) => {
          const { median, min, max } = spreadOf(rounds.map((round) => (round[call] * 1000) / CALLS))
          return [call, median, min, max]
        }),
      },
    ],
  }
}
