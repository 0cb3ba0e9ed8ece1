import type { Pace } from './pace.ts'

const BLOCK = 1024

/**
 * Sorts numbers by an order of them, letting the event loop have its turns: blocks first, which are then merged.
 *
 * @param items sorted in place
 */
export async function sortInTurns(
  items: Uint32Array,
  compare: (a: number, b: number) => number,
  pace: Pace,
): Promise<void> {
  for (let at = 0; at < items.length; at += BLOCK) {
    items.subarray(at, at + BLOCK).sort(compare)
    if (pace.due) await pace.take()
  }
  let from = items
  let to: Uint32Array = new Uint32Array(items.length)
  for (let width = BLOCK; width < items.length; width *= 2) {
    for (let at = 0; at < items.length; at += width * 2) {
      const middle = Math.min(at + width, items.length)
      const end = Math.min(middle + width, items.length)
      let [left, right] = [at, middle]
      for (let out = at; out < end; out++) {
        const takeLeft = left < middle && (right === end || compare(from[left]!, from[right]!) <= 0)
        to[out] = takeLeft ? from[left++]! : from[right++]!
        if (out % BLOCK === 0 && pace.due) await pace.take()
      }
    }
    ;[from, to] = [to, from]
  }
  if (from !== items) items.set(from)
}
