import { z } from 'zod'
import { endpoint } from '../../lib/base-url.ts'
import { orAborted } from '../../lib/clock.ts'
import type { Exchange } from '../../lib/exchange.ts'
import type { B2ChatCredentials } from './credentials.ts'
import { B2ChatError } from './errors.ts'
import { exchangeJson } from './http.ts'

/** A token is renewed this long before it ends, so that none ends on its way. Milliseconds. */
const SAFETY_MARGIN = 60_000
/** How long a token is used when the answer does not say. */
const ASSUMED_LIFE = 3600

const TokenAnswer = z.object({
  access_token: z.string().min(1),
  expires_in: z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]).default(ASSUMED_LIFE),
})

const WHERE = 'POST /oauth/token'

/** Statuses with which an OAuth server turns the client itself away (RFC 6749, 5.2). */
const REFUSED = new Set([400, 401, 403])

interface Token {
  text: string
  /** From this time on it is not used any more. */
  until: number
}

/** The account's access token: fetched when first needed, shared by all requests, renewed shortly before it ends. */
export class TokenSource {
  readonly #credentials: B2ChatCredentials
  readonly #exchange: Omit<Exchange, 'signal'>
  #token: Token | undefined
  #renewal: Promise<Token> | undefined

  constructor(credentials: B2ChatCredentials, exchange: Omit<Exchange, 'signal'>) {
    this.#credentials = credentials
    this.#exchange = exchange
  }

  /**
   * The token to use now. Callers that need a new one at the same time share one renewal, so a caller's signal and timeout
   * end its own waiting only. Throws B2ChatError: `bad_credentials` when the client was turned away, or a transient failure.
   */
  async get({ signal, timeout }: Pick<Exchange, 'signal' | 'timeout'>): Promise<string> {
    if (this.#token && this.#exchange.clock.now() < this.#token.until) return this.#token.text
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = undefined
    })
    const deadline = this.#exchange.clock.deadline(timeout)
    try {
      return (await orAborted(this.#renewal, AbortSignal.any([signal, deadline]))).text
    } catch (error) {
      if (!deadline.aborted || signal.aborted) throw error
      throw new B2ChatError('timeout', `B2Chat took too long to answer ${WHERE}.`)
    }
  }

  /** Forgets the token that was refused. A newer one, which another request fetched meanwhile, is kept. */
  forget(refused: string): void {
    if (this.#token?.text === refused) this.#token = undefined
  }

  async #renew(): Promise<Token> {
    const { clientId, clientSecret, baseUrl } = this.#credentials
    const asked = this.#exchange.clock.now()
    const init = {
      method: 'POST',
      headers: {
        accept: 'application/json',
        authorization: `Basic ${base64(`${clientId}:${clientSecret}`)}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'grant_type=client_credentials',
    }
    let answer: unknown
    try {
      const signal = new AbortController().signal
      answer = await exchangeJson(WHERE, endpoint(baseUrl, '/oauth/token'), init, { ...this.#exchange, signal })
    } catch (error) {
      if (error instanceof B2ChatError && error.status !== null && REFUSED.has(error.status)) {
        throw new B2ChatError('bad_credentials', `B2Chat answered ${error.status} to ${WHERE}.`, {
          status: error.status,
        })
      }
      throw error
    }
    const parsed = TokenAnswer.safeParse(answer)
    if (!parsed.success) throw new B2ChatError('unexpected_answer', `B2Chat answered ${WHERE} without a token.`)
    const life = parsed.data.expires_in * 1000
    // A token with a very short life is used for half of it.
    this.#token = { text: parsed.data.access_token, until: asked + life - Math.min(SAFETY_MARGIN, life / 2) }
    return this.#token
  }
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
