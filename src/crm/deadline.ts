/**
 * `fetch` for the database client: a request unanswered for about `milliseconds` fails. Requests that start within the
 * same second share one signal, because a timer each costs more than the request's own translation; so the limit is
 * `milliseconds`, or up to a second less.
 */
export function fetchWithin(milliseconds: number, now: () => number = Date.now): typeof fetch {
  let signal: AbortSignal | undefined
  let second = 0
  return (input, init) => {
    const current = Math.floor(now() / 1000)
    if (signal === undefined || current !== second) {
      signal = AbortSignal.timeout(milliseconds)
      second = current
    }
    return fetch(input, { ...init, signal: init?.signal ? AbortSignal.any([init.signal, signal]) : signal })
  }
}
