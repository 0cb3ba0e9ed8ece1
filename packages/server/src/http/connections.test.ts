import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { Connections } from './connections.ts'

let server: Server
const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  server.close()
})

/** Opens a connection and sends a text over it, which the server has seen when this is done. */
async function open(text = ''): Promise<Socket> {
  const arrived = once(server, 'connection')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  sockets.push(socket.on('error', () => undefined).resume())
  const [seen] = (await arrived) as [Socket]
  if (text !== '') {
    socket.write(text)
    while (seen.bytesRead < text.length) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return socket
}

async function listen(made: Server): Promise<Connections> {
  server = made
  const connections = new Connections()
  connections.follow(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return connections
}

describe('what a closing server does not wait for', () => {
  // Node's own closeIdleConnections leaves both open.
  test.each([
    ['was never used', ''],
    ['brought half of its headers', 'GET / HTTP/1.1\r\nHost:'],
  ])('is a connection that %s', async (_, text) => {
    const connections = await listen(createServer())
    const closed = once(await open(text), 'close')
    connections.closeUnused()
    await closed
  })

  test('is not one over which a request is under way', async () => {
    const connections = await listen(createServer())
    const asked = once(server, 'request')
    const socket = await open('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const [, reply] = await asked
    connections.closeUnused()
    const answer = once(socket, 'data')
    reply.end('all of it')
    expect(String(await answer)).toContain('all of it')
    connections.closeAll()
    await once(socket, 'close')
  })
})

test('a lost connection ends the replies that waited for an earlier one, too', async () => {
  const closed: string[] = []
  let reachAll = (): void => undefined
  const all = new Promise<void>((resolve) => {
    reachAll = resolve
  })
  await listen(
    createServer((request, reply) => {
      if (request.url === '/3') reachAll()
      reply.once('close', () => closed.push(request.url ?? ''))
    }),
  )
  const socket = await open(
    ['/1', '/2', '/3'].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''),
  )
  await all
  socket.destroy()
  await expect.poll(() => closed.sort()).toEqual(['/1', '/2', '/3'])
})
