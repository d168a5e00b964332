/** True when both are the same bytes. Takes the same time wherever they differ; only the length of `given` shows. */
export function equalInConstantTime(given: Uint8Array, expected: Uint8Array): boolean {
  let difference = given.length ^ expected.length
  for (let i = 0; i < given.length; i++) difference |= (given[i] ?? 0) ^ (expected[i] ?? 0)
  return difference === 0
}
