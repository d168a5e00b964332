import fc from 'fast-check'
import { buildStream, type Delivery } from './stream.ts'

export type Mode = 'one by one' | 'in batches' | 'over several connections'

/** A delivery and when it arrives: at each of these ranks once. */
interface Arrival {
  delivery: Delivery
  ranks: number[]
}

/** A stream in its own order, and another order of arrival of the same, with repeats. */
export class Schedule {
  readonly arrivals: readonly Arrival[]
  readonly mode: Mode
  /** Drives what is random besides the order, such as the batches' sizes. */
  readonly seed: number

  constructor(arrivals: readonly Arrival[], mode: Mode, seed: number) {
    this.arrivals = arrivals
    this.mode = mode
    this.seed = seed
  }

  inOrder(): Delivery[] {
    return this.arrivals.map(({ delivery }) => delivery)
  }

  asArrived(): Delivery[] {
    return this.arrivals
      .flatMap(({ delivery, ranks }) => ranks.map((rank) => ({ delivery, rank })))
      .sort((a, b) => a.rank - b.rank)
      .map(({ delivery }) => delivery)
  }

  /** For the report of a counterexample: what arrived, in that order, and each one's place in the stream. */
  [fc.toStringMethod](): string {
    const places = new Map(this.inOrder().map((delivery, place) => [delivery, place + 1]))
    const lines = this.asArrived().map(
      (delivery) => `  ${places.get(delivery)}. ${delivery.kind} to ${delivery.to}: ${JSON.stringify(delivery.item)}`,
    )
    return `${this.mode} (the number is the place in the stream)\n${lines.join('\n')}\n`
  }
}

/** Schedules of whole streams. They shrink to fewer deliveries, fewer repeats and one call at a time. */
export class Schedules extends fc.Arbitrary<Schedule> {
  readonly #length: number
  readonly #modes: readonly Mode[]

  constructor(length: number, modes: readonly Mode[]) {
    super()
    this.#length = length
    this.#modes = modes
  }

  override generate(random: fc.Random): fc.Value<Schedule> {
    const draw = (count: number) => random.nextInt(0, count - 1)
    const arrivals = buildStream(draw, this.#length).map((delivery) => ({
      delivery,
      ranks: Array.from({ length: 1 + Math.max(0, draw(4) - 1) }, () => draw(1_000_000)),
    }))
    const mode = this.#modes[draw(this.#modes.length)] ?? 'one by one'
    return new fc.Value(new Schedule(arrivals, mode, draw(1_000_000)), undefined)
  }

  override canShrinkWithoutContext(value: unknown): value is Schedule {
    return value instanceof Schedule
  }

  override shrink(schedule: Schedule): fc.Stream<fc.Value<Schedule>> {
    return fc.stream(simpler(schedule)).map((value) => new fc.Value(value, undefined))
  }
}

function* simpler({ arrivals, mode, seed }: Schedule): IterableIterator<Schedule> {
  if (mode === 'in batches') yield new Schedule(arrivals, 'one by one', seed)
  const people = [...new Set(arrivals.map(({ delivery }) => delivery.person))]
  for (const person of people) {
    if (people.length > 1) yield without(arrivals, ({ delivery }) => delivery.person === person)
  }
  for (let size = arrivals.length >> 1; size >= 1; size >>= 1) {
    for (let from = 0; from < arrivals.length; from += size) {
      const fewer = without(arrivals, (_, place) => place >= from && place < from + size)
      if (fewer.arrivals.length < arrivals.length) yield fewer
    }
  }
  const repeats = arrivals.some(({ ranks }) => ranks.length > 1)
  if (repeats) {
    for (const keep of [0, -1]) {
      yield new Schedule(
        arrivals.map(({ delivery, ranks }) => ({ delivery, ranks: ranks.slice().sort(ascending).splice(keep, 1) })),
        mode,
        seed,
      )
    }
  }

  function without(list: readonly Arrival[], drop: (arrival: Arrival, place: number) => boolean): Schedule {
    const kept = list.filter((arrival, place) => !drop(arrival, place))
    const names = new Set(kept.filter(({ delivery }) => !delivery.isBridge).map(({ delivery }) => delivery.person))
    // Without its bridges a person may rightly be two: they go only when everything else of the person has gone.
    const bridged = list.filter(
      (arrival) => kept.includes(arrival) || (arrival.delivery.isBridge && names.has(arrival.delivery.person)),
    )
    return new Schedule(bridged, mode, seed)
  }
}

function ascending(a: number, b: number): number {
  return a - b
}
