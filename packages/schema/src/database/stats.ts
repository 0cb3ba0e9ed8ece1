/** One segment of a collection. */
export interface SegmentInfo {
  readonly id: number
  /** `active`: takes new rows; `full`: is about to go to disk; `sealed`: is on disk. */
  readonly state: 'active' | 'full' | 'sealed'
  /** Rows that there are. */
  readonly rows: number
  /** Rows that were deleted or overwritten, and take space until a merge. */
  readonly deleted: number
  /** Its files that are damaged: searches do without a graph or an index; without the rows they refuse. */
  readonly damaged: readonly string[]
  /** Rows by vector field: how many have a vector, and how many of these a graph finds; the others are scanned. */
  readonly fields: Readonly<Record<string, { readonly vectors: number; readonly linked: number }>>
  /** Bytes held, by part, those that are mapped included. */
  readonly bytes: { readonly total: number; readonly [part: string]: number }
}

export interface CollectionStats {
  readonly name: string
  readonly rows: number
  readonly deleted: number
  /** From the oldest to the newest. */
  readonly segments: readonly SegmentInfo[]
  /** Bytes held by all segments, by part; every byte is in exactly one. */
  readonly bytes: { readonly total: number; readonly [part: string]: number }
}

export interface DatabaseStats {
  readonly collections: readonly CollectionStats[]
  readonly log: {
    /** The version before which changes can not be watched any more. */
    readonly firstVersion: number
    /** The version of the last change. */
    readonly lastVersion: number
    /** Changes that would be made again if the database were opened now. */
    readonly toReplay: number
  }
  /** Bytes of all files. */
  readonly diskBytes: number
  /** What keeps background work from going on, if something does: errors. */
  readonly troubles: readonly unknown[]
}

/** Something that is not as it was written. */
export interface Problem {
  /** A file, or the log, or a collection. */
  readonly where: string
  readonly what: string
}

export interface Verification {
  /** Empty for a database that is whole. */
  readonly problems: readonly Problem[]
  /** Rows that were looked at. */
  readonly rows: number
}
