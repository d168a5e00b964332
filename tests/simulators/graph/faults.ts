/** What the simulator can do wrong, and when: by a script of request numbers, or by chance from a seed. */
import { faultsByChance } from '../faults.ts'
import type { GraphErrorBody, GraphErrorName } from './errors.ts'
import type { Twist } from './lists.ts'
import type { World } from './world.ts'

export type Edge = 'conversations' | 'messages'

export type Fault =
  /** One of Graph's errors by name. */
  | { kind: 'error'; name: GraphErrorName }
  /** Any other: `body` as Graph's `error` object. */
  | { kind: 'other error'; status: number; body: GraphErrorBody }
  /** A rate limit's code, once; `minutes` blocks from then on. */
  | { kind: 'throttle'; code: number; minutes?: number }
  /** A status with a body that is no JSON, as a gateway in between answers. */
  | { kind: 'gateway'; status: number }
  /** The connection breaks before any answer. */
  | { kind: 'refuse' }
  /** It breaks in the middle of the answer. */
  | { kind: 'cut' }
  /** The answer ends well, but in the middle of its JSON. */
  | { kind: 'half' }
  /** Never answers; ends when the client goes. `onHang` is called once the request is there. */
  | { kind: 'hang'; onHang: () => void }
  /** The rows of the page before once more; an empty page that has a next; the cursor just used as the next one. */
  | { kind: Twist }
  /** Something happens before this request is answered. */
  | { kind: 'change'; change: (world: World) => void }
  /** All cursors so far expire, this request's too. */
  | { kind: 'expire cursors' }
  /** The token expires, for this request and all after it. */
  | { kind: 'expire token' }
  /** Answers 200 with this. */
  | { kind: 'answer'; body: unknown }

export interface SimulatedRequest {
  edge: Edge
  /** The how many-th request of its edge this is, from 1. */
  number: number
  /** The page or the conversation. */
  id: string
  query: URLSearchParams
}

export type FaultPlan = (request: SimulatedRequest) => Fault | undefined

/** Faults by edge and request number: `{ conversations: { 2: … } }`. */
export function scriptedFaults(script: Partial<Record<Edge, Record<number, Fault>>>): FaultPlan {
  return ({ edge, number }) => script[edge]?.[number]
}

/** What passes when the request is repeated, or does no harm. */
export const PASSING_FAULTS: readonly [Fault, ...Fault[]] = [
  { kind: 'error', name: 'unknown' },
  { kind: 'error', name: 'service' },
  { kind: 'gateway', status: 502 },
  { kind: 'refuse' },
  { kind: 'cut' },
  { kind: 'half' },
  { kind: 'repeat' },
  { kind: 'empty' },
  { kind: 'empty nested' },
]

/** One of the faults for this part of all requests, never more than `mostInARow` together; the same for the same seed. */
export const randomFaults: (
  seed: number,
  part: number,
  faults?: readonly [Fault, ...Fault[]],
  mostInARow?: number,
) => FaultPlan = (seed, part, faults = PASSING_FAULTS, mostInARow = 3) => faultsByChance(seed, part, faults, mostInARow)
