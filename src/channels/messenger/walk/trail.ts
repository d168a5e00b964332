/** Notices a list of Graph's that leads nowhere: to the place just asked for, or round in a circle. */
import { z } from 'zod'

/** What is remembered of the places that a list led to since its beginning. */
export const Trail = z.object({
  /** How many they are. */
  seen: z.int().positive(),
  /** One of them: the newest one when their number last doubled. */
  place: z.string().min(1),
  /** True when the last one was the place just asked for. */
  is_still: z.boolean().optional(),
})
export type Trail = z.infer<typeof Trail>

/**
 * The trail with the next place, which the page at `asked` names; undefined when the list is to be begun again: the place
 * named itself twice in a row, or was passed before. A circle is found by Brent's method, after at most three times as many
 * pages as lead into it and around it.
 */
export function follow(trail: Trail | undefined, next: string, asked: string | null): Trail | undefined {
  if (next === asked) return trail?.is_still ? undefined : { seen: 1, place: next, ...trail, is_still: true }
  if (next === trail?.place) return undefined
  const seen = (trail?.seen ?? 0) + 1
  const isDoubled = Number.isInteger(Math.log2(seen))
  return { seen, place: trail && !isDoubled ? trail.place : next }
}
