/** A command that was called wrongly: its message says how it is called. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}
