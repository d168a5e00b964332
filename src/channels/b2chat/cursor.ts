import { z } from 'zod'
import { Day } from './day-windows.ts'

/**
 * Where an export resumes: everything before it was yielded. It is plain JSON, stored between runs. `window` and
 * `offset` are enough, the rest lets the next run notice that rows moved while nobody read.
 */
export const ExportCursor = z.object({
  entity: z.enum(['contacts', 'chats']),
  /** The day being read. */
  window: Day,
  /** Records of the window that are read already. */
  offset: z.int().nonnegative(),
  /** Which reading of the window this is, from 1. */
  reading: z.int().positive().optional(),
  /** The id of the record before `offset`. */
  lastId: z.string().optional(),
  /** How many records the window had. */
  total: z.int().nonnegative().optional(),
  /** True once rows were seen to move: the window will be read once more. */
  moved: z.boolean().optional(),
})

export type ExportCursor = z.infer<typeof ExportCursor>
