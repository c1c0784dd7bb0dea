/** Until `welcome` says another. */
const DEFAULT_MS = 25_000;

/** When a silent server is to be asked for a sign of life, and when it is to be given up. Local times in milliseconds. */
export class Heartbeat {
  /** How long the server may be silent. */
  everyMs = DEFAULT_MS;
  #heardAt = 0;
  /** @type {number | null} */
  #askedAt = null;

  /** When the silence has lasted too long: since the last message, or since it was asked. */
  get dueAt() {
    return (this.#askedAt ?? this.#heardAt) + this.everyMs;
  }

  /** Whether it was asked and has been silent since. */
  get asked() {
    return this.#askedAt !== null;
  }

  /** @param {number} now */
  heard(now) {
    this.#heardAt = now;
    this.#askedAt = null;
  }

  /** @param {number} now */
  ask(now) {
    this.#askedAt = now;
  }
}
