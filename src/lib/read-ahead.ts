/**
 * The same pages in the same order, asked for before they are wanted: up to `most` are on their way or waiting while the
 * consumer works. An error comes after the pages before it. Who leaves early stops the source by a signal of its own.
 */
export async function* readAhead<Page, End>(
  source: AsyncIterator<Page, End, void>,
  most: number,
): AsyncGenerator<Page, End, void> {
  const ask = (): Promise<IteratorResult<Page, End>> => {
    const asked = source.next()
    // It is awaited below, perhaps only after another one has failed.
    asked.catch(() => undefined)
    return asked
  }
  const asked = Array.from({ length: most }, ask)
  for (;;) {
    // A source answers in the order in which it was asked.
    const step = await (asked.shift() ?? ask())
    if (step.done) return step.value
    asked.push(ask())
    yield step.value
  }
}
