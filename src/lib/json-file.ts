import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { jsonPath } from './json.ts'

/** What a JSON file holds. Throws an Error that names the file and what is wrong with it. */
export async function readJsonFile<T extends z.ZodType>(path: string, schema: T): Promise<z.infer<T>> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new Error(`${path} cannot be read: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Error(`${path} is damaged: ${issue?.message} at ${jsonPath('$', issue?.path ?? [])}`)
}

/** The same; undefined where there is no such file. */
export async function readJsonFileIfAny<T extends z.ZodType>(path: string, schema: T): Promise<z.infer<T> | undefined> {
  return readJsonFile(path, schema).catch((error: unknown) => {
    if (isNotThere(error)) return undefined
    throw error
  })
}

function isNotThere(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
}
