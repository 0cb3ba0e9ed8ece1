import type { Log, StorageBackend } from '@omen/core'
import { openFileLog } from '../log/file-log.ts'
import { SimulatedDisk, storageOn } from './index.ts'

/** The database that logs of tests are of. */
export const databaseId = '00112233-4455-6677-8899-aabbccddeeff'

/** Opens a log with nothing set aside. */
export function openLog(storage: StorageBackend, fileBytes: number = 2 ** 25): Promise<Log> {
  return openFileLog(storage, { databaseId, fileBytes, reserveBytes: 0 })
}

/** Records as text, from the first one on. */
export async function textsOf(log: Pick<Log, 'firstSequence' | 'read'>): Promise<string[]> {
  const texts: string[] = []
  for await (const { bytes } of log.read(log.firstSequence)) texts.push(Buffer.from(bytes).toString())
  return texts
}

export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

/** The files of a log to which texts were appended, one call each. */
export async function filesWith(
  texts: readonly string[],
  { fileBytes, closed = true }: { readonly fileBytes?: number; readonly closed?: boolean } = {},
): Promise<Map<string, Uint8Array>> {
  const disk = new SimulatedDisk()
  const log = await openLog(storageOn(disk), fileBytes)
  for (const text of texts) await log.append([bytesOf(text)])
  if (closed) await log.close()
  return disk.contents()
}

/** Opens a log over these files, reads it and closes it again; the disk it was on, and the texts. */
export async function reopen(
  files: ReadonlyMap<string, Uint8Array>,
): Promise<{ readonly disk: SimulatedDisk; readonly texts: readonly string[] }> {
  const disk = new SimulatedDisk(files)
  const log = await openLog(storageOn(disk))
  const texts = await textsOf(log)
  await log.close()
  return { disk, texts }
}
