/**
 * The proof of this holder's locks, and the debt of a new epoch to an old one.
 *
 * The newest receipt replaces all before it. When the history changes, the last one of the old history is owed a
 * `restore` until that has an answer, be it a refusal.
 */
export class Receipt {
  /** @type {{value: string, epoch: string} | null} */
  #newest = null;
  /** @type {{value: string, seats: number[]} | null} */
  #owed = null;
  /** Of a restore that was refused; whether they are held is not known yet. @type {number[]} */
  #inDoubt = [];

  /** What is to be restored; null for nothing. */
  get owed() {
    return this.#owed?.value ?? null;
  }

  /** @param {string} value @param {string} epoch in which it was issued */
  keep(value, epoch) {
    this.#newest = { value, epoch };
  }

  /**
   * The server counts in this history now. Who holds nothing is owed nothing.
   *
   * @param {string} epoch
   * @param {{seat: number}[]} holds of the history before
   */
  enter(epoch, holds) {
    if (!holds.length || !this.#newest || this.#newest.epoch === epoch) return;
    this.#owed ??= { value: this.#newest.value, seats: holds.map(({ seat }) => seat) };
  }

  /** The restore was answered. */
  settle() {
    if (this.#newest?.value === this.#owed?.value) this.#newest = null;
    this.#owed = null;
  }

  /** The restore was refused, for good. */
  refuse() {
    this.#inDoubt = this.#owed?.seats ?? [];
    this.settle();
  }

  /** To be asked once it is known what is held now. @returns {number[]} seats to speak of if they are gone */
  takeDoubts() {
    return this.#inDoubt.splice(0);
  }
}
