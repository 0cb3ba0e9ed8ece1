/** A float is told from all others by 9 digits. */
const MOST_DIGITS = 9
/** Steps of decimals that are tried first, from few digits to many: `toPrecision` takes five times as long. */
const STEPS = [1e6, 1e9, 1e11]

/** A vector as a JSON array, in few digits that give the same floats again, the sign of zero included. */
export function vectorText(vector: Float32Array): string {
  let text = '['
  for (let i = 0; i < vector.length; i++) text += (i === 0 ? '' : ',') + floatText(vector[i] as number)
  return `${text}]`
}

function floatText(x: number): string {
  if (Number.isInteger(x)) return Object.is(x, -0) ? '-0' : String(x)
  for (const step of STEPS) {
    // Twice rounded, to a double and then to a float, it is tried as whoever reads it will.
    const rounded = Math.round(x * step) / step
    if (Math.fround(rounded) === x) return String(rounded)
  }
  const rounded = Number(x.toPrecision(MOST_DIGITS))
  return String(Math.fround(rounded) === x ? rounded : x)
}
