import type { Doctor } from '@omen/core'

/** What the addon exports: numbers and typed arrays only, checked for length by C++ and for meaning by its callers here. */
export interface Addon {
  allocate(sizeBytes: number, huge: boolean): ArrayBuffer
  /** XXH3 of more than 240 bytes. */
  readonly Checksum: new () => AddonChecksum
  copy(source: Uint8Array, target: Uint8Array): Promise<void>
  readonly Codes: new (
    dimension: number,
    metric: number,
    kind: string,
    parameters: Float32Array,
    bytesPerRow: number,
  ) => AddonCodes
  readonly Graph: new (
    m: number,
    beam: number,
    alpha: number,
    off: number,
    codes: AddonCodes,
    exact: AddonCodes | undefined,
    linking: AddonCodes,
    rescoring: AddonCodes | undefined,
    head: Uint32Array,
    levels: Uint32Array,
  ) => AddonGraph
  distance(element: number, metric: number, a: Uint8Array, b: Uint8Array, dimension: number): number
  detach(buffer: ArrayBuffer): void
  doctor(): Doctor
  lockFile(descriptor: number): boolean | undefined
  mapFile(descriptor: number, sizeBytes: number): ArrayBuffer | undefined
  readonly Texts: new (bytes: Uint8Array, ends: Uint32Array, sound: Uint32Array | undefined) => AddonTexts
  yieldThread(): void
}

export interface AddonTexts {
  join(rows: Uint32Array, count: number): string | undefined
}

export interface AddonChecksum {
  update(bytes: Uint8Array, background?: boolean): Promise<void>
  value(): bigint
}

/** Calls that answer a number name a refused vector by it: −1 for none, else index · 4 + reason. */
export interface AddonCodes {
  attach(chunk: Uint8Array): void
  encode(vectors: ArrayBufferView, rows: Uint32Array, threads: number, background: boolean): Promise<number>
  scoreSync(query: ArrayBufferView, rows: Uint32Array, distances: Float32Array): number
  scan(
    queries: ArrayBufferView,
    k: number,
    rowCount: number,
    accept: Uint32Array | undefined,
    threads: number,
    rows: Uint32Array,
    distances: Float32Array,
    counts: Uint32Array,
  ): Promise<number>
  scanSync(
    queries: ArrayBufferView,
    k: number,
    rowCount: number,
    accept: Uint32Array | undefined,
    rows: Uint32Array,
    distances: Float32Array,
    counts: Uint32Array,
  ): number
}

export interface AddonGraph {
  attach(slab: string, chunk: Uint8Array): void
  check(what: string, from: number, to: number): Promise<boolean>
  insert(rows: Uint32Array, threads: number, background: boolean, control: Int32Array): Promise<number>
  relink(rows: Uint32Array, threads: number, background: boolean): Promise<void>
  searchSync(
    query: ArrayBufferView,
    k: number,
    beam: number,
    rescore: number,
    radius: number,
    accept: Uint32Array | undefined,
    rows: Uint32Array,
    distances: Float32Array,
    counts: Uint32Array,
    work: Uint32Array | undefined,
    strategy: number,
    share: number,
    widening: number,
    sparseWidening: number,
    patience: number,
    settles: boolean,
    epsilon: number,
  ): number
  searchMany(
    queries: ArrayBufferView,
    k: number,
    beam: number,
    rescore: number,
    radius: number,
    accept: Uint32Array | undefined,
    rows: Uint32Array,
    distances: Float32Array,
    counts: Uint32Array,
    work: Uint32Array | undefined,
    threads: number,
    strategy: number,
    share: number,
    widening: number,
    sparseWidening: number,
    patience: number,
    settles: boolean,
    epsilon: number,
  ): Promise<number>
}
