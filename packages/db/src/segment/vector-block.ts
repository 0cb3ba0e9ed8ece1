/**
 * Room for vectors on their way from one place to another, used again for those that come after: memory of their own would
 * wait for the garbage collector, megabytes of it.
 */
export class VectorBlock {
  readonly dimension: number
  #room: Float32Array = new Float32Array(0)

  constructor(dimension: number) {
    this.dimension = dimension
  }

  /** Room for so many vectors: borrowed until the next call. What is in it is from before. */
  of(count: number): Float32Array {
    const length = count * this.dimension
    if (this.#room.length < length) this.#room = new Float32Array(length)
    return this.#room.subarray(0, length)
  }
}
