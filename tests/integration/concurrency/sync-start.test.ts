import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../harness/database.ts'
import { given } from '../ingest/sandbox.ts'
import { commit, createPage, expireLease, finish, refusal, type Started, start } from './sync-kit.ts'

const ROUNDS = 12

let database: TestDatabase
let connections: pg.Client[]
beforeAll(async () => {
  database = await createTestDatabase()
  connections = await Promise.all(Array.from({ length: 10 }, () => database.client()))
})
afterAll(() => database?.drop())

test('I13: of ten syncs that start at once one runs and nine get PT409 lock_held, whatever was before', async () => {
  const page = await createPage(database)
  const runs = new Set<string>()
  for (let round = 1; round <= ROUNDS; round += 1) {
    const started: Started[] = []
    const refused = await Promise.all(
      connections.map((connection, lane) =>
        refusal(start(connection, page, `worker ${lane}`).then((run) => started.push(run))),
      ),
    )
    expect(started).toHaveLength(1)
    expect(refused.filter((code) => code === 'lock_held')).toHaveLength(9)
    const winner = given(started[0])
    expect(winner).toMatchObject({ fencing: round })
    runs.add(winner.run_id)
    // A lease that is over, a pause and an end by turns: two of three rounds go on with a run.
    if (round % 3 === 1) await expireLease(database.pool, page)
    else await finish(database.pool, winner, round % 3 === 2 ? 'paused' : 'completed')
  }
  expect(runs.size).toBe(ROUNDS / 3)
})

test('I14: whatever way a run changes hands in the middle, every page is committed once and in order', async () => {
  const page = await createPage(database)
  const takeovers = { count: 0, refused: 0 }
  for (let round = 0; round < ROUNDS; round += 1) {
    const accepted: string[] = []
    const [one, other, third] = [given(connections[0]), given(connections[1]), given(connections[2])]
    /** Commits pages from the cursor to page 5 and ends the run; stops where it is refused. */
    const work = async (connection: pg.Client, run: Started) => {
      for (let number = run.cursor.page ?? 0; number < 6; number += 1) {
        const code = await refusal(commit(connection, run, number))
        if (code !== undefined) {
          expect(code).toBe('lock_lost')
          takeovers.refused += 1
          return
        }
        accepted.push(`${run.run_id} ${number}`)
      }
      await refusal(finish(connection, run, 'completed'))
    }
    const first = await start(one, page, 'first')
    const takeover = async (connection: pg.Client, holder: string) => {
      await expireLease(connection, page)
      const run: Started[] = []
      const code = await refusal(start(connection, page, holder).then((started) => run.push(started)))
      if (code !== undefined) {
        // The other one was quicker.
        expect(code).toBe('lock_held')
        return
      }
      takeovers.count += 1
      await work(connection, given(run[0]))
    }
    await Promise.all([work(one, first), takeover(other, 'second'), takeover(third, 'third')])
    // Whatever is left unfinished goes on to its end.
    await expireLease(database.pool, page)
    await work(one, await start(one, page, 'last'))

    expect(new Set(accepted).size, 'no page is accepted twice').toBe(accepted.length)
    const runs = new Set(accepted.map((entry) => entry.split(' ')[0]))
    for (const run of runs)
      expect(accepted.filter((entry) => entry.startsWith(`${run} `)).sort()).toEqual(
        [0, 1, 2, 3, 4, 5].map((number) => `${run} ${number}`),
      )
    const { rows } = await database.pool.query(
      `select r.id, r.status, r.items, (select count(*)::int from crm.messages m
          where m.workspace_id = r.workspace_id and m.provider_message_id like 'm-' || r.id || '-%') as messages
        from crm.sync_runs r where r.workspace_id = $1 and r.id = any ($2)`,
      [page.workspaceId, [...runs]],
    )
    expect(rows).toHaveLength(runs.size)
    for (const row of rows) expect(row).toMatchObject({ status: 'completed', items: 6, messages: 6 })
  }
  console.info(`Runs that changed hands: ${takeovers.count} takeovers, ${takeovers.refused} holders refused`)
  expect(takeovers.refused).toBeGreaterThan(0)
})
