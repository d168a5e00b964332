import { Hono } from 'hono'
import type pg from 'pg'
import { z } from 'zod'
import { type Authenticate, createVerify } from './caller.ts'
import { HttpError } from './http-error.ts'
import { publicJwks, type StackKeys, signUserToken } from './keys.ts'

const SESSION_SECONDS = 3600
const REFRESH_SECONDS = 30 * 24 * 3600

const passwordGrant = z.object({ email: z.string(), password: z.string() })
const refreshGrant = z.object({ refresh_token: z.string() })
const newUser = z.object({
  email: z.string().min(3),
  password: z.string().min(6).optional(),
  user_metadata: z.record(z.string(), z.unknown()).default({}),
  app_metadata: z.record(z.string(), z.unknown()).default({}),
})
const userRow = z.object({
  id: z.string(),
  aud: z.string(),
  role: z.string(),
  email: z.string(),
  phone: z.string(),
  app_metadata: z.record(z.string(), z.unknown()),
  user_metadata: z.record(z.string(), z.unknown()),
  email_confirmed_at: z.string().nullable(),
  last_sign_in_at: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  is_anonymous: z.boolean(),
})
type User = z.infer<typeof userRow>

const COLUMNS = `json_build_object(
  'id', id, 'aud', coalesce(aud, 'authenticated'), 'role', coalesce(role, 'authenticated'), 'email', coalesce(email, ''),
  'phone', coalesce(phone, ''), 'app_metadata', coalesce(raw_app_meta_data, '{}'), 'user_metadata', coalesce(raw_user_meta_data, '{}'),
  'email_confirmed_at', email_confirmed_at, 'last_sign_in_at', last_sign_in_at, 'created_at', created_at, 'updated_at', updated_at,
  'is_anonymous', is_anonymous) as user`

function authError(status: number, code: string, message: string): HttpError {
  return new HttpError(status, { code: status, error_code: code, msg: message })
}

/**
 * `/auth/v1`: password sign-in, refresh, the signed-in user, the public keys, and the admin calls that make and remove
 * users. Nothing is mailed, confirmed or revoked: it is for people of a local stack.
 */
export function createAuthApi(options: {
  pool: pg.Pool
  keys: StackKeys
  authenticate: Authenticate
  issuer: () => string
}): Hono {
  const { pool, keys } = options
  const verify = createVerify(keys)
  const api = new Hono()

  async function one(sql: string, values: unknown[]): Promise<User | undefined> {
    const { rows } = await pool.query<{ user: unknown }>(sql, values)
    return rows[0] && userRow.parse(rows[0].user)
  }

  async function session(user: User): Promise<Record<string, unknown>> {
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: options.issuer(),
      sub: user.id,
      role: user.role,
      email: user.email,
      phone: user.phone,
      app_metadata: user.app_metadata,
      user_metadata: user.user_metadata,
      aal: 'aal1',
      amr: [{ method: 'password', timestamp: now }],
      session_id: crypto.randomUUID(),
      is_anonymous: user.is_anonymous,
    }
    return {
      access_token: await signUserToken(keys, claims, SESSION_SECONDS),
      token_type: 'bearer',
      expires_in: SESSION_SECONDS,
      expires_at: now + SESSION_SECONDS,
      refresh_token: await signUserToken(keys, { sub: user.id, aud: 'refresh' }, REFRESH_SECONDS),
      user,
    }
  }

  api.use('*', async (c, next) => {
    if (!c.req.path.endsWith('/jwks.json')) await options.authenticate((name) => c.req.header(name), new URL(c.req.url))
    await next()
  })

  api.get('/.well-known/jwks.json', (c) => c.json(publicJwks(keys)))
  api.get('/health', (c) => c.json({ name: 'local gateway' }))

  api.post('/token', async (c) => {
    const body: unknown = await c.req.json().catch(() => ({}))
    if (c.req.query('grant_type') === 'refresh_token') {
      const { aud, sub } = await verify(refreshGrant.parse(body).refresh_token)
      const user = aud === 'refresh' ? await one(`select ${COLUMNS} from auth.users where id = $1`, [sub]) : undefined
      if (!user) throw authError(400, 'refresh_token_not_found', 'Invalid Refresh Token: Refresh Token Not Found')
      return c.json(await session(user))
    }
    const { email, password } = passwordGrant.parse(body)
    const user = await one(
      `update auth.users set last_sign_in_at = now()
       where email = lower($1) and deleted_at is null and encrypted_password = extensions.crypt($2, encrypted_password)
       returning ${COLUMNS}`,
      [email, password],
    )
    if (!user) throw authError(400, 'invalid_credentials', 'Invalid login credentials')
    return c.json(await session(user))
  })

  api.get('/user', async (c) => {
    const caller = await options.authenticate((name) => c.req.header(name), new URL(c.req.url))
    const { sub } = z.object({ sub: z.string().optional() }).parse(JSON.parse(caller.claims))
    const user = sub && (await one(`select ${COLUMNS} from auth.users where id = $1`, [sub]))
    if (!user) throw authError(403, 'bad_jwt', 'invalid claim: missing sub claim')
    return c.json(user)
  })

  api.post('/logout', (c) => c.body(null, 204))

  api.use('/admin/*', async (c, next) => {
    const { role } = await options.authenticate((name) => c.req.header(name), new URL(c.req.url))
    if (role !== 'service_role') throw authError(403, 'not_admin', 'User not allowed')
    await next()
  })
  api.get('/admin/users', async (c) => {
    const { rows } = await pool.query<{ user: unknown }>(
      `select ${COLUMNS} from auth.users order by created_at, id limit 1000`,
    )
    return c.json({ users: rows.map((row) => row.user), aud: 'authenticated' })
  })
  api.post('/admin/users', async (c) => {
    const { email, password, user_metadata, app_metadata } = newUser.parse(await c.req.json().catch(() => ({})))
    const user = await one(
      `insert into auth.users (email, encrypted_password, email_confirmed_at, raw_user_meta_data, raw_app_meta_data)
       values (lower($1), extensions.crypt($2, extensions.gen_salt('bf', 6)), now(), $3,
         jsonb_build_object('provider', 'email', 'providers', jsonb_build_array('email')) || $4)
       on conflict (email) where is_sso_user = false do nothing returning ${COLUMNS}`,
      [email, password ?? null, JSON.stringify(user_metadata), JSON.stringify(app_metadata)],
    )
    if (!user) throw authError(422, 'email_exists', 'A user with this email address has already been registered')
    return c.json(user)
  })
  api.delete('/admin/users/:id', async (c) => {
    await pool.query('delete from auth.users where id = $1', [c.req.param('id')])
    return c.json({})
  })
  return api
}
