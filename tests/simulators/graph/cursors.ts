/** Opaque cursors: what they mark, when they expire, and which limit they are bound to. */
import { z } from 'zod'
import { graphFault } from './errors.ts'
import type { Behaviour } from './options.ts'

const cursorSchema = z.tuple([
  /** The list: the page's id or a conversation's. */
  z.string(),
  /** What is marked; its meaning is the list's. */
  z.union([z.number(), z.string()]),
  z.number(),
  /** The limit it was issued with, then generation and request. */
  z.int(),
  z.int(),
  z.int(),
])

export type Mark = number | string

export class Cursors {
  readonly #rules: Pick<Behaviour, 'cursorLife' | 'cursorsKeepLimit'>
  readonly #failed = new Set<string>()
  #generation = 0
  #requests = 0

  constructor(rules: Pick<Behaviour, 'cursorLife' | 'cursorsKeepLimit'>) {
    this.#rules = rules
  }

  /** A request comes: all cursors grow older. */
  tick(): void {
    this.#requests += 1
  }

  /** Another text in each answer, even for the same place. `rank` goes with a mark that is a time. */
  issue(list: string, mark: Mark, rank: number, limit: number): string {
    const cursor = [list, mark, rank, limit, this.#generation, this.#requests]
    return Buffer.from(JSON.stringify(cursor)).toString('base64url')
  }

  /** Throws code 100 for a cursor that no longer holds, or never did. */
  read(text: string, list: string, limit: number): { mark: Mark; rank: number } {
    const [ofList, mark, rank, ofLimit, generation, issuedAt] = decode(text)
    const { cursorLife, cursorsKeepLimit } = this.#rules
    const isOld =
      generation !== this.#generation || (cursorLife !== undefined && this.#requests - issuedAt > cursorLife)
    const isBound = cursorsKeepLimit === 'always' || (cursorsKeepLimit === 'after failure' && this.#failed.has(text))
    if (ofList !== list || isOld || (isBound && limit !== ofLimit)) throw graphFault('cursor')
    return { mark, rank }
  }

  /** A page that was too large: its cursor is bound to its limit from now on. */
  fail(text: string): void {
    this.#failed.add(text)
  }

  /** All cursors so far no longer hold. */
  expire(): void {
    this.#generation += 1
  }
}

/** Whatever cannot be read is a cursor that never was one. */
function decode(text: string): z.infer<typeof cursorSchema> {
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
  } catch {
    throw graphFault('cursor')
  }
}
