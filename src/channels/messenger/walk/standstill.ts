/** Notices a list of Graph's that leads nowhere: twice in a row the next place is the one just asked for. */
export class Standstill {
  /** The place that named itself the last time. */
  #place: string | null = null

  /** Takes the next place that the page at `asked` names; says whether the list is to be begun again. */
  isAt(next: string, asked: string | null): boolean {
    const isStill = next === asked
    const isAgain = isStill && next === this.#place
    this.#place = isStill ? next : null
    return isAgain
  }
}
