import { type JsonObject, OmenError, type Quantizer } from '@omen/core'
import type { CheckedSchema } from '../schema/check-schema.ts'
import { schemaFromJson } from '../schema/schema-json.ts'
import { ActiveSegment } from '../segment/active-segment.ts'
import type { Segment } from '../segment/segment.ts'
import { CollectionState } from './collection-state.ts'
import type { StoredCollection, StoredSegment } from './manifest.ts'
import type { SealedState } from './segment-state.ts'

/** Makes and opens segments, each with a number of its own. */
export class SegmentMaker {
  readonly #quantizers: readonly Quantizer[]
  #nextId: number

  constructor(quantizers: readonly Quantizer[], nextId: number) {
    this.#quantizers = quantizers
    this.#nextId = nextId
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
    return schemaFromJson(schema, this.#quantizers)
  }

  active(schema: CheckedSchema): ActiveSegment {
    return new ActiveSegment({ id: this.takeId(), schema })
  }

  /** @throws OmenError `unsupported`: rows stay in the log, and no segment is ever sealed */
  open(stored: StoredSegment): Promise<Segment> {
    throw new OmenError('unsupported', `segment ${stored.id} was sealed by a later Omen`)
  }

  /** A collection with these segments and an empty active one. */
  collection(stored: StoredCollection, segments: readonly SealedState[] = []): CollectionState {
    return new CollectionState(stored, this.schemaOf(stored), segments, (schema) => this.active(schema))
  }
}
