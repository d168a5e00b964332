const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Credentials travel in every request, so they only travel encrypted, or not beyond this machine. */
export function isSafeBase(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname)))
}

/** An endpoint below the base, which may have a path of its own. */
export function endpoint(baseUrl: string, path: string): URL {
  return new URL(`${baseUrl.replace(/\/+$/, '')}${path}`)
}
