import { fileURLToPath } from 'node:url'

/** The repository's root folder, with a closing slash. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/** The schema's source of truth. */
export const sqlFolder = `${root}sql`

/** The migrations that `supabase db push` applies. */
export const migrationsFolder = `${root}supabase/migrations`

/** The Supabase CLI's view of the project. */
export const configFile = `${root}supabase/config.toml`

/** The generated TypeScript types of schema crm. */
export const typesFile = `${root}src/crm/generated/database.types.ts`
