/**
 * The proof of this holder's locks, and the debt of a new epoch to an old one.
 *
 * The newest receipt replaces all before it. When the history changes, the last one of the old history is owed a
 * `restore` until that has an answer, be it a refusal.
 */
export class Receipt {
  /** @type {{value: string, epoch: string} | null} */
  #newest = null;
  /** @type {string | null} */
  #owed = null;

  /** What is to be restored; null for nothing. */
  get owed() {
    return this.#owed;
  }

  /** @param {string} value @param {string} epoch in which it was issued */
  keep(value, epoch) {
    this.#newest = { value, epoch };
  }

  /**
   * The server counts in this history now. Who holds nothing is owed nothing.
   *
   * @param {string} epoch
   * @param {boolean} holding
   */
  enter(epoch, holding) {
    if (holding && this.#newest && this.#newest.epoch !== epoch) this.#owed ??= this.#newest.value;
  }

  /** The restore was answered. */
  settle() {
    if (this.#newest?.value === this.#owed) this.#newest = null;
    this.#owed = null;
  }
}
