/** What the program ends with: scripts may rely on it, so that a number never gets another meaning. */
export const EXIT = {
  ok: 0,
  /** Something failed, or what was checked is not as it should be. */
  failed: 1,
  /** The command was called wrongly: nothing was done. */
  usage: 2,
  /** It is done, but some rows were rejected and set aside. */
  rejected: 3,
  /** Ctrl-C: what was acknowledged is durable. */
  interrupted: 130,
  /** As `interrupted`, by SIGTERM. */
  terminated: 143,
} as const
