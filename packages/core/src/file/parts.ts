import type { Accelerator } from '../accelerator.ts'
import { OmenError, throwIfAborted } from '../errors.ts'
import type { JsonObject } from '../image.ts'
import type { Section } from '../vector-index.ts'
import { encodeStart, paddedBytes, planFile } from './layout.ts'
import { blocksOf, createSectionChecksum } from './section-checksum.ts'

/** Bytes read and written at a time. */
export const BLOCK_BYTES: number = 2 ** 20

/** The bytes of a section file, to be written in order. */
export interface SectionFileParts {
  readonly sizeBytes: number
  /** At most `BLOCK_BYTES` each: made while they are walked through, and borrowed from the sections. */
  readonly parts: Iterable<Uint8Array>
}

export interface PartsOptions {
  readonly signal?: AbortSignal | undefined
  /** Computes checksums some times faster. */
  readonly accelerator?: Accelerator | undefined
}

/**
 * Makes the bytes of a file of named sections, for `StorageBackend.writeOnce` among others. All sections are walked through
 * twice: for their checksums before this resolves, the event loop having its turns, and again with the parts.
 *
 * @param metadata small facts: kept as JSON
 * @param sections borrowed, and unchanged, until the parts are written; names are unique
 * @throws OmenError `invalid_argument` for what the format cannot hold or a section whose parts are not `sizeBytes` long;
 * `aborted`
 */
export async function sectionFileParts(
  metadata: JsonObject,
  sections: readonly Section[],
  options: PartsOptions = {},
): Promise<SectionFileParts> {
  const plan = planFile(metadata, sections)
  const checksums: bigint[] = []
  for (const section of sections) checksums.push(await checksumOfSection(section, options))
  const start = await encodeStart(plan, sections, checksums)
  return { sizeBytes: plan.fileBytes, parts: { [Symbol.iterator]: () => fileParts(start, sections) } }
}

/** The checksum of a section's bytes and the zeros after them. */
async function checksumOfSection(section: Section, { signal, accelerator }: PartsOptions): Promise<bigint> {
  const checksum = await createSectionChecksum(section.sizeBytes, accelerator)
  let size = 0
  for (const part of section.parts()) {
    throwIfAborted(signal)
    await checksum.update(part)
    size += part.length
  }
  if (size !== section.sizeBytes) {
    throw new OmenError(
      'invalid_argument',
      `section ${section.name} is not ${section.sizeBytes} bytes long but ${size}`,
    )
  }
  await checksum.update(paddingOf(size))
  return checksum.value()
}

function* fileParts(start: Uint8Array, sections: readonly Section[]): Generator<Uint8Array, void, undefined> {
  yield* blocks([start])
  for (const section of sections) {
    yield* blocks(section.parts())
    yield* blocks([paddingOf(section.sizeBytes)])
  }
}

/** The zeros that follow a section of so many bytes. */
export function paddingOf(sizeBytes: number): Uint8Array {
  return new Uint8Array(paddedBytes(sizeBytes) - sizeBytes)
}

/** The parts cut into pieces of at most `BLOCK_BYTES`, without empty ones. */
export function* blocks(parts: Iterable<Uint8Array>): Generator<Uint8Array, void, undefined> {
  for (const part of parts) yield* blocksOf(part, BLOCK_BYTES)
}
