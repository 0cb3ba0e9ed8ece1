import { generateLoad, type Load } from './load-generator.ts'

/** A load as one process tells another: requests in base64. */
export interface SentLoad extends Omit<Load, 'requests'> {
  readonly requests: readonly string[]
}

/** The process of its own that makes requests: it takes one load after another. */
process.on('message', (load: SentLoad) => {
  const requests = load.requests.map((request) => Buffer.from(request, 'base64'))
  generateLoad({ ...load, requests }).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
