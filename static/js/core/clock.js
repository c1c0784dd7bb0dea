/** The server's clock as this page knows it: its own, corrected by an offset that messages teach it. */
export class ServerClock {
  #offset = 0;

  /** Milliseconds to add to the local clock. */
  get offset() {
    return this.#offset;
  }

  /**
   * Learns from a message that left the server at `serverAt` and was read here at `receivedAt`.
   *
   * With `sentAt`, when the question left, the journey is taken as equally long both ways; without, as no time at all.
   *
   * @param {number} serverAt
   * @param {number} receivedAt
   * @param {number} [sentAt]
   */
  learn(serverAt, receivedAt, sentAt = receivedAt) {
    this.#offset = Math.round(serverAt - (sentAt + receivedAt) / 2);
  }

  /**
   * The server's time at local time `now`.
   *
   * @param {number} now
   * @returns {number}
   */
  at(now) {
    return now + this.#offset;
  }
}
