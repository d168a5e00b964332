import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { scriptedFaults } from '../../../simulators/graph/faults.ts'
import { ask, askList, failure, fieldsWith, page, start } from './graph-kit.ts'

const world = { conversations: 60, messages: 600, emptyThreads: 0 }
const MINUTE = 60_000
const AppUsage = z.object({ call_count: z.number(), total_time: z.number(), total_cputime: z.number() })
const BusinessUsage = z.record(
  z.string(),
  z.array(z.looseObject({ type: z.string(), call_count: z.number(), estimated_time_to_regain_access: z.number() })),
)

function usage(headers: Headers) {
  const entries = Object.values(BusinessUsage.parse(JSON.parse(headers.get('x-business-use-case-usage') ?? ''))).flat()
  return {
    app: AppUsage.parse(JSON.parse(headers.get('x-app-usage') ?? '')),
    worst: Math.max(...entries.map(({ call_count }) => call_count)),
    minutes: Math.max(...entries.map(({ estimated_time_to_regain_access }) => estimated_time_to_regain_access)),
    entries,
  }
}

describe('a rate limit', () => {
  it('shows in the headers of every answer, and announces its block', async () => {
    const simulator = await start({ world, throttle: { calls: 4, minutes: 19 } }, { now: () => 0 })
    const seen = []
    for (let i = 0; i < 4; i += 1) seen.push(usage((await page(askList(simulator))).headers))
    expect(seen.map(({ app }) => app.call_count)).toEqual([25, 50, 75, 100])
    expect(seen.map(({ minutes }) => minutes)).toEqual([0, 0, 0, 19])
    expect(seen[3]?.worst).toBe(100)
    expect(seen[3]?.entries.length).toBeGreaterThan(1)
    expect(simulator.counters().whileBlocked).toBe(0)
  })

  it('is longer with each call during it, counts those, and ends', async () => {
    const simulator = await start(
      { world, throttle: { calls: 1, minutes: 5, code: 4, extendMinutes: 2 } },
      { now: () => 0 },
    )
    await askList(simulator)
    simulator.advance(4 * MINUTE)
    const refused = await failure(askList(simulator))
    expect(refused).toMatchObject({ status: 403, code: 4 })
    expect(usage(refused.headers).minutes).toBe(3)
    simulator.advance(2 * MINUTE)
    expect(await failure(askList(simulator))).toMatchObject({ code: 4 })
    expect(simulator.counters()).toMatchObject({ whileBlocked: 2, errors: { 4: 2 } })
    simulator.advance(3 * MINUTE)
    expect((await askList(simulator)).status).toBe(200)
  })

  it('comes without a warning', async () => {
    const simulator = await start({ world, throttle: { calls: 2, minutes: 3, announce: false } }, { now: () => 0 })
    await askList(simulator)
    expect(usage((await page(askList(simulator))).headers).minutes).toBe(0)
    const refused = await failure(askList(simulator))
    expect(refused.code).toBe(80006)
    expect(usage(refused.headers).minutes).toBe(3)
    expect(simulator.counters().whileBlocked).toBe(0)
  })

  it.each([4, 17, 32, 341, 613, 80001, 80006])('is refused with code %i, once or for minutes', async (code) => {
    const once = scriptedFaults({
      conversations: { 1: { kind: 'throttle', code }, 3: { kind: 'throttle', code, minutes: 7 } },
    })
    const simulator = await start({ world }, { faults: once, now: () => 0 })
    expect(await failure(askList(simulator))).toMatchObject({ code })
    expect((await askList(simulator)).status).toBe(200)
    expect(usage((await failure(askList(simulator))).headers).minutes).toBe(7)
    expect(await failure(askList(simulator))).toMatchObject({ code })
  })

  it('can be begun by hand, and pressure can be pretended without one', async () => {
    const simulator = await start({ world }, { now: () => 0 })
    simulator.setUsage({ callCount: 20, cpuTime: 93 })
    expect(usage((await page(askList(simulator))).headers)).toMatchObject({
      app: { call_count: 20, total_cputime: 93, total_time: 0 },
      minutes: 0,
    })
    simulator.block(2, 32)
    expect(await failure(askList(simulator))).toMatchObject({ code: 32 })
  })
})

describe('too much data', () => {
  it.each([
    [{ conversations: 10 }, { limit: 11 }, { limit: 10 }],
    [{ nested: 20 }, { fields: fieldsWith(21) }, { fields: fieldsWith(20) }],
    [{ rows: 100 }, { limit: 10, fields: fieldsWith(11) }, { limit: 10, fields: fieldsWith(10) }],
  ])('is more than %o', async (most, over, within) => {
    const simulator = await start({ world, most })
    expect(await failure(askList(simulator, over))).toMatchObject({
      status: 500,
      code: 1,
      message: /reduce the amount/,
    })
    expect((await askList(simulator, within)).status).toBe(200)
  })

  it('is more than so many messages of a conversation', async () => {
    const simulator = await start({ world, most: { messages: 5 } })
    const path = `${simulator.world.list[0]?.id}/messages`
    expect(await failure(ask(simulator, path, { limit: 6 }))).toMatchObject({ code: 1 })
    expect((await ask(simulator, path, { limit: 5 })).status).toBe(200)
  })

  it('binds the cursor of the page that failed to its limit', async () => {
    const tooMuch = scriptedFaults({ conversations: { 2: { kind: 'error', name: 'too_much_data' } } })
    const simulator = await start({ world }, { faults: tooMuch })
    const { after = '' } = await page(askList(simulator, { limit: 20 }))
    expect(await failure(askList(simulator, { limit: 20, after }))).toMatchObject({ code: 1 })
    expect(await failure(askList(simulator, { limit: 10, after }))).toMatchObject({ code: 100 })
    expect((await askList(simulator, { limit: 20, after })).status).toBe(200)
  })

  it('binds the cursor too where the amount was the reason', async () => {
    const simulator = await start({ world, most: { rows: 100 } })
    const { after = '' } = await page(askList(simulator, { limit: 20 }))
    expect((await askList(simulator, { limit: 10, after })).status).toBe(200)
    expect(await failure(askList(simulator, { limit: 20, fields: fieldsWith(20), after }))).toMatchObject({ code: 1 })
    expect(await failure(askList(simulator, { limit: 10, after }))).toMatchObject({ code: 100 })
  })
})

describe('a cursor', () => {
  it('expires after so many requests', async () => {
    const simulator = await start({ world, cursorLife: 2 })
    const { after = '' } = await page(askList(simulator, { limit: 5 }))
    expect((await askList(simulator, { limit: 5, after })).status).toBe(200)
    expect((await askList(simulator, { limit: 5, after })).status).toBe(200)
    expect(await failure(askList(simulator, { limit: 5, after }))).toMatchObject({ status: 400, code: 100 })
  })

  it('expires with all others, by hand or before a request', async () => {
    const simulator = await start({ world })
    const old = await page(askList(simulator, { limit: 5 }))
    simulator.expireCursors()
    expect(await failure(askList(simulator, { limit: 5, after: old.after ?? '' }))).toMatchObject({ code: 100 })
    const { after = '' } = await page(askList(simulator, { limit: 5 }))
    simulator.setFaults(() => ({ kind: 'expire cursors' }))
    expect(await failure(askList(simulator, { limit: 5, after }))).toMatchObject({ code: 100 })
  })

  it('is bound to its limit always or never', async () => {
    for (const [cursorsKeepLimit, status] of [
      ['always', 400],
      ['never', 200],
    ] as const) {
      const simulator = await start({ world, cursorsKeepLimit })
      const { after = '' } = await page(askList(simulator, { limit: 5 }))
      expect((await askList(simulator, { limit: 4, after })).status).toBe(status)
    }
  })

  it('is of one list, and never anything else', async () => {
    const simulator = await start({ world })
    const { after = '' } = await page(askList(simulator, { limit: 5 }))
    const { id } = simulator.world.list[0] ?? {}
    expect(await failure(ask(simulator, `${id}/messages`, { limit: 5, after }))).toMatchObject({ code: 100 })
    expect(await failure(askList(simulator, { after: 'QVFI' }))).toMatchObject({ code: 100 })
  })
})
