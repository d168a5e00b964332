import { z } from 'zod'
import { isStorableText } from '../lib/clean-text.ts'

/** An id that is needed. One that could not be stored as it is would become another id, so it is refused. */
export const requiredId = z.string().min(1).refine(isStorableText)

/** An id that may be missing, null or empty. */
export const optionalId = z.string().refine(isStorableText).nullish()

/** A provider's time, not judged here: the database decides what it means and which range is believable. */
export const providerTime = z.union([z.number(), z.string().min(1)])

export const optionalText = z.string().nullish()
