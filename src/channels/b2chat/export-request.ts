/** The export endpoints: how a page is asked for, and how a token that ended meanwhile is replaced. */
import { endpoint } from '../../lib/base-url.ts'
import type { Exchange } from '../../lib/exchange.ts'
import type { DayWindow } from './day-windows.ts'
import { B2ChatError } from './errors.ts'
import { exchangeJson } from './http.ts'
import type { B2ChatEntity } from './schema.ts'
import type { TokenSource } from './token.ts'

export interface PageRequest {
  entity: B2ChatEntity
  window: DayWindow
  offset: number
  limit: number
}

/**
 * The parameters are those of the query string, because `fetch` sends no body with a GET. Tags and custom attributes are
 * left out unless asked for. Contacts are filtered by their last update, chats by their date; either way oldest first, in
 * the letters each page of the documentation uses.
 */
export function exportUrl(baseUrl: string, { entity, window, offset, limit }: PageRequest): URL {
  const url = endpoint(baseUrl, `/${entity}/export`)
  const range = entity === 'contacts' ? 'updated' : 'date_range'
  url.search = new URLSearchParams({
    limit: String(limit),
    offset: String(offset),
    [`${range}_from`]: window.day,
    [`${range}_to`]: window.to,
    order_dir: entity === 'contacts' ? 'ASC' : 'asc',
    skip_custom_attributes: 'false',
    skip_tags: 'false',
  }).toString()
  return url
}

export interface ExportRequester {
  baseUrl: string
  tokens: TokenSource
  exchange: Exchange
  /** Called for each failure that a smaller page may avoid. */
  onTooMuch: () => void
}

/**
 * The JSON of one page. A token that is refused is replaced once; if the new one is refused as well, that is the answer:
 * B2ChatError `unauthorized`.
 */
export async function requestPage(request: PageRequest, requester: ExportRequester): Promise<unknown> {
  const { tokens, exchange } = requester
  const url = exportUrl(requester.baseUrl, request)
  const send = async (token: string) => {
    const headers = { accept: 'application/json', authorization: `Bearer ${token}` }
    try {
      return await exchangeJson(`GET /${request.entity}/export`, url, { headers }, exchange)
    } catch (error) {
      if (error instanceof B2ChatError && error.asksForSmallerPage) requester.onTooMuch()
      throw error
    }
  }
  const token = await tokens.get(exchange)
  try {
    return await send(token)
  } catch (error) {
    if (!(error instanceof B2ChatError) || error.code !== 'unauthorized') throw error
    tokens.forget(token)
    return await send(await tokens.get(exchange))
  }
}
