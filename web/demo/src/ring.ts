/**
 * The last `capacity` numbers, readable as one array without a copy. Each number is written twice, `capacity` apart, so
 * that the last ones always form one range.
 */
export class Ring {
  readonly #values: Float64Array;
  readonly #capacity: number;
  #written = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#values = new Float64Array(capacity * 2);
  }

  push(value: number): void {
    const at = this.#written % this.#capacity;
    this.#values[at] = value;
    this.#values[at + this.#capacity] = value;
    this.#written++;
  }

  /** Returns a view of the numbers, oldest first. The next push may change it. */
  view(): Float64Array {
    const length = Math.min(this.#written, this.#capacity);
    const end = this.#written <= this.#capacity ? this.#written : (this.#written % this.#capacity) + this.#capacity;
    return this.#values.subarray(end - length, end);
  }
}
