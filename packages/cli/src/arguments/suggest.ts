/**
 * The name that somebody may have meant.
 *
 * @returns undefined when none is close: more than a third of its characters would have to change
 */
export function suggestion(given: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Infinity
  for (const name of names) {
    // A beginning is closer than its distance says: `--coll` means `--collection`.
    const edits = name.startsWith(given) && given.length > 1 ? 1 : distance(given, name)
    if (edits < least && edits <= Math.max(1, Math.floor(name.length / 3))) {
      best = name
      least = edits
    }
  }
  return best
}

/** `; did you mean …?`, or nothing. */
export function didYouMean(given: string, names: readonly string[]): string {
  const name = suggestion(given, names)
  return name === undefined ? '' : `; did you mean ${name}?`
}

/**
 * Characters to insert, delete, replace or swap with their neighbour: the optimal string alignment distance (Damerau, 1964;
 * each part is changed at most once).
 */
function distance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const at = (cells: readonly number[], index: number): number => cells[index] ?? 0
      const same = a[i - 1] === b[j - 1]
      let edits = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, at(beforeLast, j - 2) + 1)
      }
      row.push(edits)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
