import { z } from 'zod'

const madeUser = z.object({ id: z.string() })
const session = z.object({ access_token: z.string(), user: z.object({ id: z.string() }) })

interface Access {
  url: string
  publishableKey: string
  secretKey: string
}

/**
 * Makes a user with this email and password if there is none, and signs in. It goes over `/auth/v1`, so it does the same on a
 * hosted stack. Throws with the API's answer when it refuses.
 */
export async function signIn(
  access: Access,
  email: string,
  password: string,
): Promise<{ id: string; accessToken: string }> {
  const made = await post(access, 'admin/users', access.secretKey, { email, password, email_confirm: true })
  if (made.status !== 422) madeUser.parse(await answer(made))
  const signedIn = await post(access, 'token?grant_type=password', access.publishableKey, { email, password })
  const { access_token, user } = session.parse(await answer(signedIn))
  return { id: user.id, accessToken: access_token }
}

function post(access: Access, path: string, apikey: string, body: unknown): Promise<Response> {
  return fetch(`${access.url}/auth/v1/${path}`, {
    method: 'POST',
    headers: { apikey, authorization: `Bearer ${apikey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function answer(response: Response): Promise<unknown> {
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${text}`)
  return JSON.parse(text)
}
