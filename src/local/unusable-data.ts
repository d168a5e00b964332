/** What the data folder holds cannot be used by this version of Onefold: only an empty database helps. */
export class UnusableData extends Error {
  override readonly name = 'UnusableData'
}
