// Forgetting a kind somewhere joins strangers: what is registered as one of which a person has a single one is seen on
// every way by which two contacts could become one. Registered are the real kinds and two that are made up.
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { externalStack } from '../../../src/local/stack.ts'
import type { TestDatabase } from '../../harness/database.ts'
import { interleaved } from '../concurrency/interleave.ts'
import { given } from '../ingest/sandbox.ts'
import { expectInvariants } from '../invariants.ts'
import { createExtendedDatabase, type Id, type Kind, PROVIDER_KIND, readKinds, TYPED_KIND, Workspace } from './kit.ts'

// The registries of a stack that was there before are not a test's to change.
describe.skipIf(externalStack())('kinds of which a person has one', () => {
  let database: TestDatabase
  let one: pg.Client
  let other: pg.Client
  let exclusive: Kind[]
  let workspace: Workspace
  beforeAll(async () => {
    database = await createExtendedDatabase()
    one = await database.client()
    other = await database.client()
    exclusive = (await readKinds(database.pool)).filter((kind) => kind.is_exclusive)
  })
  beforeEach(async () => {
    workspace = await Workspace.create(database.pool)
  })
  afterAll(async () => {
    await expectInvariants(database.pool)
    await database.drop()
  })

  /** Kinds whose values have a form. */
  const TYPED_VALUES = new Map([
    ['phone', '+573001112233'],
    ['email', 'ana@example.com'],
  ])

  const mail: Id = { kind: 'email', value: 'casa@example.com' }
  const phone: Id = { kind: 'phone', value: '+573001112233' }
  const apart = [
    { current: ['B'], previous: [] },
    { current: ['A'], previous: [] },
  ]

  /** Does the same with each kind of which a person has one, in a workspace of its own. */
  async function withEach(work: (a: Id, b: Id, kind: Kind) => Promise<void>): Promise<void> {
    expect(exclusive.map(({ kind }) => kind)).toEqual(expect.arrayContaining([PROVIDER_KIND, TYPED_KIND]))
    for (const kind of exclusive) {
      workspace = await Workspace.create(database.pool)
      const scope = kind.scope_from === null ? {} : { scope: 'one' }
      await work({ kind: kind.kind, ...scope, value: 'A' }, { kind: kind.kind, ...scope, value: 'B' }, kind)
    }
  }

  const openPairs = () => workspace.count(`from crm.merge_candidates where workspace_id = $1 and status = 'open'`)

  describe.each(['chat_embedded', 'contacts_api'])('%s', (source) => {
    test('who has another id is somebody else, whatever the two share', async () => {
      await withEach(async (a, b, { kind }) => {
        await workspace.says([a, mail], { source })
        await workspace.says([b, mail], { source })
        expect(await workspace.people(kind), kind).toEqual(apart)
        expect(await openPairs(), kind).toBe(1)
      })
    })

    test('and so it is when the shared value came first', async () => {
      await withEach(async (a, b, { kind }) => {
        await workspace.says([mail], { source })
        await workspace.says([a, mail], { source })
        await workspace.says([b, mail], { source })
        expect(await workspace.people(kind), kind).toEqual(apart)
      })
    })
  })

  test('two ids in one call are not given to one owner', async () => {
    await withEach(async (a, b, { kind }) => {
      await workspace.says([mail])
      await workspace.sayTogether([
        [a, mail],
        [b, mail],
      ])
      expect(await workspace.people(kind), kind).toEqual(apart)
    })
  })

  test('two ids from two connections at once are not given to one owner', async () => {
    await withEach(async (a, b, { kind }) => {
      await workspace.says([mail])
      await interleaved(
        database.pool,
        one,
        other,
        (by) => workspace.says([a, mail], { by }),
        (by) => workspace.says([b, mail], { by }),
      )
      expect(await workspace.people(kind), kind).toEqual(apart)
    })
  })

  test('a delivery that names values of both bridges nothing', async () => {
    await withEach(async (a, b, { kind }) => {
      await workspace.says([a, mail])
      await workspace.says([b, phone])
      await workspace.says([mail, phone])
      expect(await workspace.people(kind), kind).toEqual(apart)
      expect(await openPairs(), kind).toBe(1)
    })
  })

  test('reconciliation and the backfill of phones leave the pair two', async () => {
    await withEach(async (a, b, { kind }) => {
      await workspace.says([a], { fields: { mobile: phone.value } })
      await workspace.says([b], { fields: { mobile: phone.value } })
      await workspace.says([b, mail])
      await workspace.says([a, mail])
      await workspace.reconcile()
      await workspace.backfillPhones()
      expect(await workspace.people(kind), kind).toEqual(apart)
      expect(await openPairs(), kind).toBe(1)
    })
  })

  test('the backfill merges no contacts that it finds to share a number', async () => {
    await withEach(async (a, b, { kind }) => {
      await workspace.says([a], { fields: { mobile: phone.value } })
      await workspace.says([b], { fields: { mobile: '+573009998877' } })
      // As contacts were before their numbers were identities.
      await database.pool.query(`delete from crm.contact_identities where workspace_id = $1 and kind = 'phone'`, [
        workspace.id,
      ])
      await database.pool.query('update crm.contacts set mobile = $2 where workspace_id = $1', [
        workspace.id,
        phone.value,
      ])
      await workspace.backfillPhones()
      expect(await workspace.people(kind), kind).toEqual(apart)
      expect(await openPairs(), kind).toBe(1)
    })
  })

  test("after a person's merge one id is current; after the undo each has its own again, and they stay two", async () => {
    await withEach(async (a, b, { kind }) => {
      const first = given((await workspace.says([a, mail])).contact_id)
      const second = given((await workspace.says([b, phone])).contact_id)
      const merge = await workspace.merge(first, second)
      const [person, ...others] = await workspace.people(kind)
      expect(others, kind).toEqual([])
      expect(given(person).current, kind).toHaveLength(1)
      expect([...given(person).current, ...given(person).previous].sort(), kind).toEqual(['A', 'B'])
      await workspace.says([b, mail])
      await workspace.unmerge(merge)
      expect(await workspace.people(kind), kind).toEqual(apart)
      await workspace.says([mail, phone])
      await workspace.reconcile()
      expect(await workspace.people(kind), kind).toEqual(apart)
    })
  })

  test('an id that its delivery calls changed sets nobody apart', async () => {
    await withEach(async (a, b, { kind }) => {
      await workspace.says([a, mail])
      await workspace.says([b, mail], { fields: { previous_identities: [a] } })
      expect(await workspace.people(kind), kind).toEqual([{ current: ['B'], previous: ['A'] }])
    })
  })

  test("ids of two scopes are one person's", async () => {
    await withEach(async (a, b, { kind, scope_from }) => {
      if (scope_from === null) return
      await workspace.says([a, mail])
      await workspace.says([{ ...b, scope: 'another' }, mail])
      expect(await workspace.people(kind), kind).toEqual([{ current: ['A', 'B'], previous: [] }])
    })
  })

  test('an id that a provider gave names the person in spite of what was typed, and never the other way round', async () => {
    const given = exclusive.filter((kind) => kind.is_provider_given)
    const typed = exclusive.filter((kind) => !kind.is_provider_given)
    for (const provider of given) {
      for (const paper of typed) {
        workspace = await Workspace.create(database.pool)
        const id = { kind: provider.kind, scope: 'one', value: 'P' }
        await workspace.says([id, { kind: paper.kind, value: 'A' }])
        await workspace.says([id, { kind: paper.kind, value: 'B' }])
        expect(await workspace.people(provider.kind), paper.kind).toEqual([{ current: ['P'], previous: [] }])

        workspace = await Workspace.create(database.pool)
        const document = { kind: paper.kind, value: 'D' }
        await workspace.says([{ ...id, value: 'A' }, document])
        await workspace.says([{ ...id, value: 'B' }, document])
        expect(await workspace.people(provider.kind), paper.kind).toEqual(apart)
      }
    }
  })

  test('a value of any kind can be blocked', async () => {
    for (const { kind } of await readKinds(database.pool)) {
      workspace = await Workspace.create(database.pool)
      const value = TYPED_VALUES.get(kind) ?? '5551234'
      await database.pool.query(
        'insert into crm.blocked_identity_values (workspace_id, kind, pattern) values ($1, $2, $3)',
        [workspace.id, kind, value.replaceAll('+', '[+]').replaceAll('.', '[.]')],
      )
      const outcome = await workspace.says([{ kind, value }])
      expect(outcome.outcome, kind).toBe('ignored')
      expect(
        await workspace.count(`from crm.contact_identities where workspace_id = $1 and kind = '${kind}'`),
        kind,
      ).toBe(0)
    }
  })

  test('of several ids the stronger one decides, in the order that is registered', async () => {
    const kinds = await readKinds(database.pool)
    for (const [place, stronger] of kinds.entries()) {
      const weaker = kinds[place + 1]
      if (!weaker) continue
      workspace = await Workspace.create(database.pool)
      const id = ({ kind, scope_from }: Kind) => ({
        kind,
        ...(scope_from === null ? {} : { scope: 'one' }),
        value: TYPED_VALUES.get(kind) ?? 'X1',
      })
      const first = await workspace.says([id(stronger)], { source: 'contacts_api' })
      await workspace.says([id(weaker)], { source: 'contacts_api' })
      const both = await workspace.says([id(weaker), id(stronger)])
      expect(both.contact_id, `${stronger.kind} before ${weaker.kind}`).toBe(first.contact_id)
    }
  })
})
