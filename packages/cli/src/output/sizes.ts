const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** Bytes for people: `1.5 MiB`. */
export function sizeText(sizeBytes: number): string {
  let size = sizeBytes
  let unit = 0
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024
    unit++
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${UNITS[unit]}`
}
