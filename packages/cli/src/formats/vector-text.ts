/** Digits after which two floats cannot be mistaken for each other. */
const MOST_DIGITS = 9
const LEAST_DIGITS = 6

/** A vector as a JSON array, in the fewest digits that give the same floats again, the sign of zero included. */
export function vectorText(vector: Float32Array): string {
  let text = '['
  for (let i = 0; i < vector.length; i++) text += (i === 0 ? '' : ',') + floatText(vector[i] as number)
  return `${text}]`
}

function floatText(x: number): string {
  if (Number.isInteger(x)) return Object.is(x, -0) ? '-0' : String(x)
  for (let digits = LEAST_DIGITS; digits < MOST_DIGITS; digits++) {
    // Twice rounded, to a double and then to a float, it is tried as whoever reads it will.
    const rounded = Number(x.toPrecision(digits))
    if (Math.fround(rounded) === x) return String(rounded)
  }
  return String(x)
}
