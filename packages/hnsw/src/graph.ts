import {
  type Accelerator,
  CHUNK_MASK,
  CHUNK_SHIFT,
  type NativeGraph,
  NO_ROW,
  OmenError,
  Slab,
  Turns,
  unreachable,
} from '@omen/core'
import { levelOf, levelThresholds } from './levels.ts'

/** Rows that are added between two looks at the clock. */
const ROWS_PER_GROWTH = 4096

/** What a row's byte in the `state` slab says. A removed row is walked through until it is compacted away. */
export const FREE = 0
export const ALIVE = 1
export const REMOVED = 2

/** What the words of a graph's `head` say; the rest of its 16 are zero. The accelerator writes ENTRY, ROOT and CHAINED_ROWS. */
export const HEAD_WORDS = 16
/** Rows ever given out: a high-water mark. */
export const ROWS = 0
/** Row that searches start from, on the highest layer there is; NO_ROW when no row is linked. */
export const ENTRY = 1
/** Root of the anchor tree; NO_ROW when no row is linked. */
export const ROOT = 2
/** Blocks given out in `upper`. */
export const UPPER_BLOCKS = 3
export const ALIVE_ROWS = 4
export const REMOVED_ROWS = 5
/** Rows that are chained to their twin, and not linked. The accelerator counts them, too. */
export const CHAINED_ROWS = 6

export type SlabName = 'links' | 'state' | 'anchors' | 'upperAt' | 'upper' | 'twins'
/** Bytes of each part of a graph. */
export type GraphBytes = Readonly<Record<SlabName | 'head', number>>
/** Slabs that lie somewhere already, to be read there. */
export type GivenSlabs = Readonly<Partial<Record<SlabName, Slab>>>
export const SLABS: readonly SlabName[] = ['links', 'state', 'anchors', 'upperAt', 'upper', 'twins']

/** Bytes of a row of a slab; of a block, in `upper`. */
export function bytesOfSlabRow(name: SlabName, m: number): number {
  switch (name) {
    case 'links':
      return m * 8
    case 'upper':
      return m * 4
    case 'upperAt':
    case 'twins':
      return 4
    case 'state':
    case 'anchors':
      return 1
    default:
      return unreachable(name)
  }
}

/**
 * The slabs of a graph, which TypeScript and C++ read alike, and who lies where in them.
 *
 * - `links`: 2m neighbours of each row on the base layer; a list that is shorter ends at its first NO_ROW
 * - `state`: FREE, ALIVE or REMOVED
 * - `anchors`: how many entries at the front of a base list are protected (see anchors.ts)
 * - `upperAt`: the row's first block in `upper`; NO_ROW for a row on the base layer only
 * - `upper`: blocks of m neighbours; layer l ≥ 1 of a row is block upperAt + l − 1
 * - `twins`: the next row of the same codes (see twins.ts); NO_ROW where there is none
 */
export class Graph {
  /** Neighbours that fit on an upper layer; the base layer holds twice as many. */
  readonly m: number
  /** How much farther a neighbour may be than others that lead to it: see `HnswOptions.alpha`. */
  readonly alpha: number
  readonly head: Uint32Array
  readonly levels: Uint32Array
  readonly links: Slab
  readonly state: Slab
  readonly anchors: Slab
  readonly upperAt: Slab
  readonly upper: Slab
  readonly twins: Slab
  /** Row numbers to use again, the lowest last. */
  #free: number[] = []

  constructor(m: number, alpha = 1, accelerator?: Accelerator, given: GivenSlabs = {}) {
    this.m = m
    // A number that C++ has too.
    this.alpha = Math.fround(alpha)
    this.levels = levelThresholds(m)
    this.head = new Uint32Array(HEAD_WORDS)
    this.head[ENTRY] = NO_ROW
    this.head[ROOT] = NO_ROW
    const slab = (name: SlabName, fill: number): Slab =>
      given[name] ?? new Slab(bytesOfSlabRow(name, m), { accelerator, fill })
    this.links = slab('links', 0xff)
    this.state = slab('state', FREE)
    this.anchors = slab('anchors', 0)
    this.upperAt = slab('upperAt', 0xff)
    this.upper = slab('upper', 0xff)
    this.twins = slab('twins', 0xff)
  }

  /** Lets the accelerator's graph read these slabs, now and as they grow. */
  share(native: NativeGraph): void {
    for (const name of SLABS) this[name].follow((chunk) => native.attach(name, chunk))
  }

  get rows(): number {
    return this.head[ROWS]!
  }

  get entry(): number {
    return this.head[ENTRY]!
  }

  get root(): number {
    return this.head[ROOT]!
  }

  /** Rows that a search can return. */
  get alive(): number {
    return this.head[ALIVE_ROWS]!
  }

  get removed(): number {
    return this.head[REMOVED_ROWS]!
  }

  /** Rows, alive or removed, that are chained to a twin. */
  get chained(): number {
    return this.head[CHAINED_ROWS]!
  }

  get freeRows(): number {
    return this.#free.length
  }

  /** The highest layer of a row. */
  level(row: number): number {
    return levelOf(row, this.levels)
  }

  stateOf(row: number): number {
    return this.state.chunks[row >>> CHUNK_SHIFT]![row & CHUNK_MASK]!
  }

  /** Whether this is a row that a search can return. */
  isAlive(row: number): boolean {
    return Number.isInteger(row) && row >= 0 && row < this.rows && this.stateOf(row) === ALIVE
  }

  setState(row: number, state: number): void {
    this.state.chunks[row >>> CHUNK_SHIFT]![row & CHUNK_MASK] = state
  }

  /** Protected entries at the front of the row's base list. */
  anchorsOf(row: number): number {
    return this.anchors.chunks[row >>> CHUNK_SHIFT]![row & CHUNK_MASK]!
  }

  setAnchors(row: number, count: number): void {
    this.anchors.chunks[row >>> CHUNK_SHIFT]![row & CHUNK_MASK] = count
  }

  /** Whether a row in use is part of the graph: every one but the root holds on to a parent. The others are chained. */
  isLinked(row: number): boolean {
    return row === this.root || this.anchorsOf(row) > 0
  }

  /** The next row of a chain of twins; NO_ROW at its end. */
  twinOf(row: number): number {
    return this.twins.words[row >>> CHUNK_SHIFT]![row & CHUNK_MASK]!
  }

  setTwin(row: number, next: number): void {
    this.twins.words[row >>> CHUNK_SHIFT]![row & CHUNK_MASK] = next
  }

  /** Entries that a list on this layer has room for. */
  capacity(layer: number): number {
    return layer === 0 ? this.m * 2 : this.m
  }

  /** The words in which a row's list on a layer lies, from `start` on: two calls, so that no view is made for each list. */
  words(row: number, layer: number): Uint32Array {
    if (layer === 0) return this.links.words[row >>> CHUNK_SHIFT]!
    return this.upper.words[this.#block(row, layer) >>> CHUNK_SHIFT]!
  }

  start(row: number, layer: number): number {
    if (layer === 0) return (row & CHUNK_MASK) * this.m * 2
    return (this.#block(row, layer) & CHUNK_MASK) * this.m
  }

  #block(row: number, layer: number): number {
    return this.upperAt.words[row >>> CHUNK_SHIFT]![row & CHUNK_MASK]! + layer - 1
  }

  /** How many neighbours a row has on a layer. */
  degree(row: number, layer: number): number {
    const words = this.words(row, layer)
    const start = this.start(row, layer)
    const capacity = this.capacity(layer)
    let count = 0
    while (count < capacity && words[start + count] !== NO_ROW) count++
    return count
  }

  /** Writes a row's whole list on a layer. */
  write(row: number, layer: number, list: Uint32Array, count: number): void {
    const words = this.words(row, layer)
    const start = this.start(row, layer)
    const capacity = this.capacity(layer)
    for (let i = 0; i < count; i++) words[start + i] = list[i]!
    for (let i = count; i < capacity; i++) words[start + i] = NO_ROW
  }

  /**
   * Rows that codes must have room for before `count` more are taken.
   *
   * @throws OmenError `full`
   */
  rowsWith(count: number): number {
    const total = this.rows + Math.max(0, count - this.#free.length)
    if (total > NO_ROW) {
      throw new OmenError(
        'full',
        `an index holds at most ${NO_ROW} rows, and ${this.rows} were given out already`,
      )
    }
    return total
  }

  /**
   * Takes row numbers to use: those given back, the lowest first, then new ones. Their lists are empty, their state FREE.
   *
   * @throws OmenError `full`: then none was taken
   */
  async allocate(count: number): Promise<Uint32Array> {
    const reused = Math.min(count, this.#free.length)
    const first = this.rows
    await this.#grow(this.rowsWith(count))
    const rows = new Uint32Array(count)
    for (let i = 0; i < reused; i++) rows[i] = this.#free.pop()!
    for (let i = reused; i < count; i++) rows[i] = first + i - reused
    return rows
  }

  /**
   * Makes it a graph of so many rows: free ones come at its end, or go there.
   *
   * @param total where there are more rows now, all from there on are free
   */
  async resize(total: number): Promise<void> {
    if (total >= this.rows) return this.#grow(total)
    let blocks = this.head[UPPER_BLOCKS]!
    for (let row = total; row < this.rows; row++) blocks -= this.level(row)
    this.head[UPPER_BLOCKS] = blocks
    this.head[ROWS] = total
    this.findFreeRows()
  }

  /** The event loop has its turns: new pages are taken from the system here, hundreds of megabytes for a million rows. */
  async #grow(total: number): Promise<void> {
    const turns = new Turns()
    // All at once, so that large slabs lie on huge pages from their first row on; nothing is touched yet.
    for (const slab of [this.links, this.state, this.anchors, this.upperAt, this.twins]) slab.ensure(total)
    for (let first = this.rows; first < total; first = this.rows) {
      this.#growTo(first, Math.min(total, first + ROWS_PER_GROWTH))
      if (turns.due) await turns.take()
    }
  }

  #growTo(first: number, total: number): void {
    for (const slab of [this.links, this.state, this.anchors, this.upperAt, this.twins]) {
      slab.clear(first, total)
    }
    const firstBlock = this.head[UPPER_BLOCKS]!
    let blocks = firstBlock
    for (let row = first; row < total; row++) {
      const level = this.level(row)
      if (level === 0) continue
      this.upperAt.words[row >>> CHUNK_SHIFT]![row & CHUNK_MASK] = blocks
      blocks += level
    }
    this.upper.ensure(blocks)
    this.upper.clear(firstBlock, blocks)
    this.head[UPPER_BLOCKS] = blocks
    // Last: whoever sees a row number below this finds everything about it in place.
    // Atomic, so that a scan on another thread sees the new chunks no later than the rows that lie in them.
    Atomics.store(this.head, ROWS, total)
  }

  /** Makes rows alive whose codes are in place. */
  enliven(rows: Uint32Array): void {
    for (const row of rows) this.setState(row, ALIVE)
    this.head[ALIVE_ROWS] = this.alive + rows.length
  }

  /** Marks a row removed. @returns whether it was alive */
  bury(row: number): boolean {
    if (this.stateOf(row) !== ALIVE) return false
    this.setState(row, REMOVED)
    this.head[ALIVE_ROWS] = this.alive - 1
    this.head[REMOVED_ROWS] = this.removed + 1
    return true
  }

  /** Makes alive rows that nothing links to invisible; they are not given out again before they are released. */
  hide(rows: Uint32Array): void {
    for (const row of rows) this.setState(row, FREE)
    this.head[ALIVE_ROWS] = this.alive - rows.length
  }

  /** Gives rows back that nothing links to, removed or free: their lists are emptied, their numbers used again. */
  async release(rows: Uint32Array): Promise<void> {
    const turns = new Turns()
    for (const [i, row] of rows.entries()) {
      if (i % ROWS_PER_GROWTH === 0 && turns.due) await turns.take()
      if (this.stateOf(row) === REMOVED) this.head[REMOVED_ROWS] = this.removed - 1
      this.setState(row, FREE)
      this.setAnchors(row, 0)
      this.links.clear(row, row + 1)
      this.twins.clear(row, row + 1)
      const block = this.upperAt.words[row >>> CHUNK_SHIFT]![row & CHUNK_MASK]!
      if (block !== NO_ROW) this.upper.clear(block, block + this.level(row))
      this.#free.push(row)
    }
    this.#free = [...Uint32Array.from(this.#free).sort().reverse()]
  }

  /** Reads from the states which row numbers are free: for a graph that was just opened. */
  findFreeRows(): void {
    this.#free = []
    for (let row = this.rows - 1; row >= 0; row--) if (this.stateOf(row) === FREE) this.#free.push(row)
  }

  /** Bytes in use of each slab. */
  bytes(): GraphBytes {
    return this.bytesFor(this.rows, this.head[UPPER_BLOCKS]!)
  }

  /** Bytes of each slab once there are so many rows, with so many upper lists between them. */
  bytesFor(rows: number, upperBlocks: number): GraphBytes {
    return {
      links: this.links.bytesFor(rows),
      state: this.state.bytesFor(rows),
      anchors: this.anchors.bytesFor(rows),
      upperAt: this.upperAt.bytesFor(rows),
      upper: this.upper.bytesFor(upperBlocks),
      twins: this.twins.bytesFor(rows),
      head: this.head.byteLength,
    }
  }
}
