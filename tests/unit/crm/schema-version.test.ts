import { describe, expect, it } from 'vitest'
import { readVersions, schemaMismatch } from '../../../src/crm/schema-version.ts'
import { rpcError } from '../../functions/fake-crm.ts'
import { client, failure, itCalls } from './kit.ts'

itCalls([['schema_version', (crm) => crm.schemaVersion(), {}, '"0.3.12"', '0.3.12']])

it.each(['""', '"v1"', '"0.1"', '"0.1.0-rc.1"', 'null', '{}'])(
  'an answer that is no version names the command that shows both: %s',
  async (body) => {
    const { crm } = await client({ status: 200, body })
    const error = await failure(crm.schemaVersion())
    expect(error).toMatchObject({ stableCode: 'unexpected_result', hint: expect.stringContaining('onefold -- status') })
  },
)

const versions = (database: string, version: string) =>
  readVersions({ schemaVersion: async () => database }, version).then(({ fit }) => fit)

describe('a client', () => {
  it.each([
    ['0.1.0', '0.1.0', 'same'],
    ['0.1.9', '0.1.0', 'same'],
    ['0.1.0', '0.1.9', 'same'],
    ['0.2.0', '0.1.9', 'newer'],
    ['0.10.0', '0.9.0', 'newer'],
    ['1.2.0', '1.1.5', 'newer'],
    ['0.1.9', '0.2.0', 'too_old'],
    ['0.9.0', '0.10.0', 'too_old'],
    ['0.9.0', '1.0.0', 'too_old'],
    ['1.0.0', '0.9.0', 'too_new'],
    ['10.0.0', '9.9.9', 'too_new'],
  ])('finds a schema %s, being %s itself, %s', async (database, version, fit) => {
    expect(await versions(database, version)).toBe(fit)
  })

  it('finds a schema without a version too old', async () => {
    const schemaVersion = () => Promise.reject(rpcError({ code: 'PGRST202', status: 404 }))
    expect(await readVersions({ schemaVersion }, '0.1.0')).toEqual({ database: null, client: '0.1.0', fit: 'too_old' })
  })

  it.each([{ status: 0 }, { code: '42501', status: 403 }, { code: 'PGRST106', status: 406 }])(
    'finds nothing where the call fails otherwise: %o',
    async (problem) => {
      const error = rpcError(problem)
      await expect(readVersions({ schemaVersion: () => Promise.reject(error) })).rejects.toBe(error)
    },
  )
})

describe('the refusal', () => {
  it.each(['same', 'newer'] as const)('is not for a schema that is %s', (fit) => {
    expect(schemaMismatch({ database: '0.2.0', client: '0.1.0', fit })).toBeNull()
  })

  it.each([
    ['0.1.0', '0.2.0', 'too_old', /schema is 0\.1\.0, and this client is 0\.2\.0\.$/, /db push/],
    [null, '0.2.0', 'too_old', /has no schema_version, and this client is 0\.2\.0\.$/, /db push/],
    ['1.0.0', '0.2.0', 'too_new', /schema is 1\.0\.0, and this client is 0\.2\.0\.$/, /Check out release 1\.0\.0/],
  ] as const)('of %s by a client %s says which, and what to do', (database, version, fit, message, hint) => {
    expect(schemaMismatch({ database, client: version, fit })).toMatchObject({
      stableCode: 'schema_mismatch',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
      detail: { database, client: version },
    })
  })
})
