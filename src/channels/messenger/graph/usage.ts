/**
 * How much of its limits a page has used, from the headers of every answer.
 * https://developers.facebook.com/docs/graph-api/overview/rate-limiting/
 */
import { z } from 'zod'
import { isRecord } from '../../../lib/json.ts'
import { DEFAULT_REGAIN_MINUTES } from './errors.ts'

export interface GraphUsage {
  /** The longest time to regain access that was given, in minutes; 0 where none was. */
  regainMinutes: number
  /** `blocked`: a call now would make it longer. `pressure`: a pause would avoid that. */
  state: 'ok' | 'pressure' | 'blocked'
  /** For how many minutes nothing should be asked: 0 unless blocked. */
  blockMinutes: number
}

const BLOCKED_AT = 100
const PRESSURE_AT = 90

const number = z.number().nonnegative().catch(0)
const Entry = z.object({
  call_count: number,
  total_time: number,
  total_cputime: number,
  estimated_time_to_regain_access: number,
})

/** The worst of `X-App-Usage` and of every entry of `X-Business-Use-Case-Usage`. What cannot be read counts as nothing. */
export function readUsage(headers: Headers): GraphUsage {
  const businesses = Object.values(parse(headers.get('x-business-use-case-usage')))
  const entries = [parse(headers.get('x-app-usage')), ...businesses.flat()].map((raw) =>
    Entry.parse(isRecord(raw) ? raw : {}),
  )
  const percent = Math.max(...entries.flatMap((entry) => [entry.call_count, entry.total_time, entry.total_cputime]))
  const regainMinutes = Math.max(...entries.map((entry) => entry.estimated_time_to_regain_access))
  const isBlocked = percent >= BLOCKED_AT || regainMinutes > 0
  return {
    regainMinutes,
    state: isBlocked ? 'blocked' : percent >= PRESSURE_AT ? 'pressure' : 'ok',
    blockMinutes: isBlocked ? regainMinutes || DEFAULT_REGAIN_MINUTES : 0,
  }
}

function parse(header: string | null): Record<string, unknown> {
  if (header === null) return {}
  try {
    const value: unknown = JSON.parse(header)
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}
