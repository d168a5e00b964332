import type pg from 'pg'
import { z } from 'zod'
import { apiError } from './http-error.ts'

const routineSchema = z.object({
  kind: z.enum(['void', 'scalar', 'composite']),
  returns_set: z.boolean(),
  args: z.array(z.object({ name: z.string(), type: z.string() })),
  defaults: z.number(),
  timeout: z.string().nullable(),
})

/** A function as the catalog describes it: how it is called, and what its answer looks like. */
export type Routine = z.infer<typeof routineSchema>

const LOOK_UP = `
  select
    case
      when p.prorettype = 'void'::regtype then 'void'
      when t.typtype = 'c' or p.prorettype = 'record'::regtype or p.proargmodes::text[] && '{t,b,o}' then 'composite'
      else 'scalar'
    end as kind,
    p.proretset as returns_set,
    coalesce((
      select json_agg(json_build_object('name', a.name, 'type', format_type(a.type, null)) order by a.position)
      from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes, p.proargnames)
        with ordinality as a(type, mode, name, position)
      where coalesce(a.mode, 'i') in ('i', 'b', 'v') and a.name <> ''
    ), '[]') as args,
    p.pronargdefaults as defaults,
    (select split_part(c, '=', 2) from unnest(p.proconfig) as c where c like 'statement_timeout=%') as timeout
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  join pg_catalog.pg_type t on t.oid = p.prorettype
  where n.nspname = $1 and p.proname = $2 and p.prokind = 'f'`

/** The functions seen so far. A look-up that misses asks the catalog again, so a new migration needs no restart. */
export class RoutineCache {
  readonly #pool: pg.Pool
  readonly #known = new Map<string, Routine[]>()

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** The function that takes exactly these named arguments (the left-out ones have defaults). Throws 404 PGRST202, 300 PGRST203. */
  async find(schema: string, name: string, given: string[]): Promise<Routine> {
    const key = `${schema}.${name}`
    const remembered = pick(this.#known.get(key), given)
    if (remembered.length === 1 && remembered[0]) return remembered[0]
    const { rows } = await this.#pool.query(LOOK_UP, [schema, name])
    const routines = z.array(routineSchema).parse(rows)
    if (routines.length) this.#known.set(key, routines)
    else this.#known.delete(key)
    const [routine, other] = pick(routines, given)
    if (other)
      throw apiError(300, 'PGRST203', `Could not choose the best candidate function between overloads of ${key}`)
    if (routine) return routine
    const call = given.length ? `${key}(${[...given].sort().join(', ')})` : `${key} without parameters`
    throw apiError(
      404,
      'PGRST202',
      `Could not find the function ${call} in the schema cache`,
      `Searched for the function ${key} with ${given.length ? `parameters ${given.join(', ')}` : 'no parameters'}, but no matches were found in the schema cache.`,
    )
  }

  /** Forgets everything: what the cache says no longer fits the database. */
  clear(): void {
    this.#known.clear()
  }
}

function pick(routines: Routine[] | undefined, given: string[]): Routine[] {
  return (routines ?? []).filter(({ args, defaults }) => {
    const names = new Set(args.map((arg) => arg.name))
    const required = args.slice(0, args.length - defaults)
    return given.every((name) => names.has(name)) && required.every((arg) => given.includes(arg.name))
  })
}
