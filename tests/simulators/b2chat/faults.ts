/** What the simulator can do wrong, and when: by a script of request numbers, or by chance from a seed. */
import { faultsByChance } from '../faults.ts'
import type { Endpoint } from './export-query.ts'
import type { Dataset } from './people.ts'

export type Fault =
  /** Another status, with a Retry-After where one is given (seconds, or an HTTP date). */
  | { kind: 'status'; status: number; retryAfter?: string }
  /** Every token ends now; the request itself is answered 401. */
  | { kind: 'revoke' }
  /** The connection breaks in the middle of the answer. */
  | { kind: 'cut' }
  /** The answer ends well, but in the middle of its JSON. */
  | { kind: 'half' }
  /** Never answers; ends when the client goes. `onHang` is called once the request is there. */
  | { kind: 'hang'; onHang: () => void }
  /** Rows change before this request is answered. */
  | { kind: 'change'; change: (dataset: Dataset) => void }
  /** Answers 200 with this. */
  | { kind: 'answer'; body: unknown }

export interface SimulatedRequest {
  endpoint: Endpoint | 'token'
  /** The how many-th request of its endpoint this is, from 1. */
  number: number
  query: URLSearchParams
}

export type FaultPlan = (request: SimulatedRequest) => Fault | undefined

/** Faults by endpoint and request number: `{ contacts: { 2: … } }`. */
export function scriptedFaults(script: Partial<Record<Endpoint | 'token', Record<number, Fault>>>): FaultPlan {
  return ({ endpoint, number }) => script[endpoint]?.[number]
}

/** One of the faults for this part of all requests, never more than `mostInARow` together; the same for the same seed. */
export const randomFaults: (
  seed: number,
  part: number,
  faults: readonly [Fault, ...Fault[]],
  mostInARow?: number,
) => FaultPlan = faultsByChance
