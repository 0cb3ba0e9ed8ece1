import { Bitset, type JsonObject, type OmenError, type Quantizer, type StorageBackend } from '@omen/core'
import type { CheckedSchema } from '@omen/schema/check'
import { ActiveSegment } from '../segment/active-segment.ts'
import { GraphMemory } from '../segment/graph-memory.ts'
import { type MergedSegment, type MergeSegmentsOptions, mergeSegments } from '../segment/merge.ts'
import type { MergeSource } from '../segment/merged-rows.ts'
import { openSegment } from '../segment/open-segment.ts'
import { storedSchema } from '../segment/quantizers.ts'
import { type SealOptions, seal } from '../segment/seal.ts'
import type { SealedSegment } from '../segment/sealed-segment.ts'
import type { SegmentFiles } from '../segment/segment-files.ts'
import { CollectionState } from './collection-state.ts'
import type { StoredCollection } from './manifest.ts'
import type { ActiveState, SealedState } from './segment-state.ts'

export interface SegmentMakerOptions {
  readonly quantizers: readonly Quantizer[]
  /** The number of the next segment. */
  readonly nextId: number
  /** Told of a derived file that is damaged. */
  readonly onDamage: (file: string, error: OmenError) => void
  /** Memory that graphs may be read into. */
  readonly graphBytes: number
}

/** Makes and opens segments, each with a number of its own. */
export class SegmentMaker {
  readonly #storage: StorageBackend
  readonly #options: SegmentMakerOptions
  readonly #graphMemory: GraphMemory
  #nextId: number

  constructor(storage: StorageBackend, options: SegmentMakerOptions) {
    this.#storage = storage
    this.#options = options
    this.#graphMemory = new GraphMemory(options.graphBytes)
    this.#nextId = options.nextId
  }

  /** The number that the next segment gets. */
  get nextId(): number {
    return this.#nextId
  }

  takeId(): number {
    return this.#nextId++
  }

  /** @throws OmenError `unknown_quantizer` naming what is missing */
  schemaOf({ schema }: { readonly schema: JsonObject }): CheckedSchema {
    return storedSchema(schema, this.#options.quantizers)
  }

  active(schema: CheckedSchema): ActiveSegment {
    return new ActiveSegment({ id: this.takeId(), schema })
  }

  /** @throws OmenError `corrupt_segment` for damaged rows, `unknown_quantizer`, `unsupported`, `not_found`, `io` */
  open(schema: CheckedSchema, files: SegmentFiles): Promise<SealedSegment> {
    const { quantizers, onDamage } = this.#options
    return openSegment(schema, this.#storage, files, { quantizers, onDamage, graphMemory: this.#graphMemory })
  }

  /** @throws OmenError `disk_full`, `io`, `aborted`: then no file is left */
  seal(full: ActiveState, schema: CheckedSchema, options: SealOptions): Promise<SegmentFiles> {
    const live = full.view().live ?? Bitset.full(full.active.rows)
    return seal(full.active, live, schema, this.#storage, options)
  }

  /** @throws OmenError `disk_full`, `io`, `aborted`: then no file is left; `corrupt_segment` */
  merge(
    sources: readonly MergeSource[],
    schema: CheckedSchema,
    options: MergeSegmentsOptions,
  ): Promise<MergedSegment> {
    return mergeSegments(sources, schema, this.#storage, this.takeId(), options)
  }

  /** A collection with these segments and an empty active one. */
  collection(stored: StoredCollection, segments: readonly SealedState[] = []): CollectionState {
    return new CollectionState(stored, this.schemaOf(stored), segments, (schema) => this.active(schema))
  }
}
