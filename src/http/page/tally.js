// What one client has heard of another's numbers, which go up by one: those that never came, and those that came again.

/** Lost numbers that are remembered, in case they come after all. */
const LOST_MAX = 1_000;

export class Tally {
  received = 0;
  lost = 0;
  repeated = 0;
  #next = 1;
  #lost = new Set();
  /** Numbers that came with what was asked for of former times, while that comes; else null. */
  #again = null;

  /** What was said before is about to come: some of it was heard already, each number once at most. */
  beginAgain() {
    this.#again = new Set();
  }

  endAgain() {
    this.#again = null;
  }

  /** In a room all is heard in one order: what is left out will not come. */
  heard(number) {
    const isRepeated = this.#again?.has(number) ?? true;
    this.#again?.add(number);
    if (number >= this.#next) {
      for (let left = Math.max(this.#next, number - LOST_MAX); left < number; left += 1) {
        this.#lost.add(left);
      }
      this.lost += number - this.#next;
      this.#next = number + 1;
      this.received += 1;
      this.#forget();
    } else if (this.#lost.delete(number)) {
      this.lost -= 1;
      this.received += 1;
    } else if (isRepeated) {
      this.repeated += 1;
    }
  }

  #forget() {
    for (const number of this.#lost) {
      if (this.#lost.size <= LOST_MAX) {
        return;
      }
      this.#lost.delete(number);
    }
  }
}
