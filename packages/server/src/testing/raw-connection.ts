import { connect, type Socket } from 'node:net'

/** Sends bytes over a connection of its own and gives all that comes back until the server ends it. */
export async function exchange(
  url: string,
  send: (socket: Socket) => void | Promise<void>,
): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  const chunks: Buffer[] = []
  const ended = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve())
  })
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  await send(socket)
  await ended
  const text = Buffer.concat(chunks).toString()
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text }
}
