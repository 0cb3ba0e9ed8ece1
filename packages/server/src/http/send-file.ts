import send from '@fastify/send'
import type { FastifyReply } from 'fastify'
import { HttpError } from './errors.ts'

/**
 * What pages may do that the server serves: nothing that comes from elsewhere, no frames around them. Styles may stand in
 * elements, which libraries that draw need.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Gives a reply the headers of a page. */
export function asPage(reply: FastifyReply): FastifyReply {
  return reply
    .header('content-security-policy', CONTENT_SECURITY_POLICY)
    .header('referrer-policy', 'no-referrer')
    .header('cross-origin-opener-policy', 'same-origin')
    .header('cross-origin-resource-policy', 'same-origin')
}

/**
 * Sends a file of a folder, never one above it, and none whose name begins with a dot.
 *
 * @param path as in a URL, from the folder on
 * @throws OmenError `not_found`
 */
export async function sendFile(reply: FastifyReply, folder: string, path: string): Promise<void> {
  const { statusCode, headers, stream } = await send(reply.request.raw, encodeURI(path), {
    root: folder,
    dotfiles: 'deny',
    index: ['index.html'],
  })
  if (statusCode >= 400) {
    stream.destroy()
    throw new HttpError('not_found', 'there is nothing at this address')
  }
  await asPage(reply).code(statusCode).headers(headers).send(stream)
}
