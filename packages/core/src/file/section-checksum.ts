import type { Accelerator } from '../accelerator.ts'
import { Turns } from '../turn.ts'
import { createChecksum } from './checksum.ts'

/** Bytes hashed at a time, a fraction of a millisecond: on the event loop, and on the accelerator's threads. */
const BLOCK_BYTES = 2 ** 19
const NATIVE_BLOCK_BYTES = 2 ** 22
/** Fewer bytes than this are not worth crossing the border for. */
const MIN_NATIVE_BYTES = 2 ** 16

/** The checksum of a section that may be large: the event loop has its turns while it is computed. */
export interface SectionChecksum {
  /** @param bytes as many as there are: borrowed until the promise resolves */
  update(bytes: Uint8Array): Promise<void>
  /** The checksum of all that was fed; nothing may be fed or asked after. */
  value(): bigint
}

/**
 * @param sizeBytes how much it will be fed
 * @param background whether the accelerator's other work goes before it
 */
export async function createSectionChecksum(
  sizeBytes: number,
  accelerator: Accelerator | undefined,
  background = false,
): Promise<SectionChecksum> {
  if (accelerator && sizeBytes >= MIN_NATIVE_BYTES) {
    const native = accelerator.createChecksum()
    return {
      async update(bytes) {
        for (const block of blocksOf(bytes, NATIVE_BLOCK_BYTES)) await native.update(block, background)
      },
      value: () => native.value(),
    }
  }
  const checksum = await createChecksum()
  const turns = new Turns()
  return {
    async update(bytes) {
      for (const block of blocksOf(bytes, BLOCK_BYTES)) {
        if (turns.due) await turns.take()
        checksum.update(block)
      }
    },
    value: () => checksum.value(),
  }
}

/** The bytes in pieces of at most `blockBytes`, none of them empty. */
export function* blocksOf(bytes: Uint8Array, blockBytes: number): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += blockBytes) yield bytes.subarray(at, at + blockBytes)
}
