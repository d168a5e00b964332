import { describe, expect, it } from 'vitest'
import { type DeliverOptions, deliver } from '../../../src/cli/import/deliver.ts'
import type { Sent } from '../../../src/cli/import/target.ts'
import type { RpcError } from '../../../src/crm/rpc-error.ts'
import { refusal } from './kit.ts'

const ITEMS = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

/** A database that takes what `refuse` has no error for. */
function database(refuse: (entries: readonly string[], call: number) => RpcError | null) {
  const calls: string[] = []
  const send = async (entries: readonly string[]): Promise<Sent> => {
    calls.push(entries.join(''))
    const error = refuse(entries, calls.length)
    if (error) throw error
    return { problems: new Map(), counts: { created: entries.length } }
  }
  return { calls, send }
}

function options(more: Partial<DeliverOptions> = {}): DeliverOptions & { repeats: string[] } {
  const repeats: string[] = []
  return {
    retry: { retries: 2, minTimeout: 0, maxTimeout: 0 },
    signal: new AbortController().signal,
    onRetry: (error) => repeats.push(String(error.code ?? error.status)),
    repeats,
    ...more,
  }
}

describe('a batch', () => {
  it.each([
    ['no answer', refusal(null, 0)],
    ['a gateway', refusal(null, 502)],
    ['too many connections', refusal('53300')],
    ['a deadlock', refusal('40P01')],
    ['a limit', refusal(null, 429)],
  ])('is sent again after %s', async (_, error) => {
    const { send, calls } = database((_entries, call) => (call < 3 ? error : null))
    const given = options()
    expect(await deliver(ITEMS, send, given)).toEqual({ problems: new Map(), counts: { created: 7 } })
    expect(calls).toEqual(['abcdefg', 'abcdefg', 'abcdefg'])
    expect(given.repeats).toHaveLength(2)
  })

  it('is given up after as many repeats as were asked for', async () => {
    const error = refusal(null, 0)
    const { send, calls } = database(() => error)
    await expect(deliver(ITEMS, send, options())).rejects.toBe(error)
    expect(calls).toHaveLength(3)
  })

  it.each([refusal('42501', 403), refusal('PT404', 404), refusal(null, 401), refusal('PGRST202', 404)])(
    'is given up at once when the database refuses the caller: %o',
    async (error) => {
      const { send, calls } = database(() => error)
      await expect(deliver(ITEMS, send, options())).rejects.toBe(error)
      expect(calls).toHaveLength(1)
    },
  )

  it.each([
    ['data', refusal('22P05', 400)],
    ['a key', refusal('23505', 409)],
    ['input', refusal('PT400', 400)],
    ['its size', refusal(null, 413)],
  ])('refused for %s costs only the entries at fault', async (_, error) => {
    const { send } = database((entries) => (entries.some((entry) => 'bf'.includes(entry)) ? error : null))
    const { problems, counts } = await deliver(ITEMS, send, options())
    expect([...problems.keys()].toSorted()).toEqual([1, 5])
    expect(problems.get(1)).toMatchObject({ path: '$', what: expect.stringMatching(/^refused_by_database \(/) })
    expect(counts).toEqual({ created: 5 })
  })

  it('that takes too long is cut in halves', async () => {
    const { send, calls } = database((entries) => (entries.length > 2 ? refusal('57014') : null))
    expect(await deliver(ITEMS, send, options())).toEqual({ problems: new Map(), counts: { created: 7 } })
    expect(calls).toEqual(['abcdefg', 'abcd', 'ab', 'cd', 'efg', 'ef', 'g'])
  })

  it('of one entry that takes too long is the database’s fault, and the entry is not rejected', async () => {
    const error = refusal('57014')
    const { send } = database(() => error)
    await expect(deliver(['a', 'b'], send, options())).rejects.toBe(error)
  })

  it('counts when somebody stops the run while it is under way', async () => {
    const interruption = new AbortController()
    const { send } = database(() => {
      interruption.abort(new Error('stop'))
      return null
    })
    expect(await deliver(ITEMS, send, options({ signal: interruption.signal }))).toMatchObject({
      counts: { created: 7 },
    })
  })

  it('is not waited for when somebody stops the run', async () => {
    const interruption = new AbortController()
    const stop = new Error('stop')
    const retry = { retries: 1, minTimeout: 3_600_000, maxTimeout: 3_600_000 }
    const { send, calls } = database(() => refusal(null, 0))
    const sent = deliver(
      ITEMS,
      send,
      options({ signal: interruption.signal, retry, onRetry: () => setImmediate(() => interruption.abort(stop)) }),
    )
    await expect(sent).rejects.toBe(stop)
    expect(calls).toHaveLength(1)
  })
})
