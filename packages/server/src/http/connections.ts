import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'

/** The connections of servers, as far as Node loses sight of them. */
export class Connections {
  readonly #open = new Set<Socket>()
  /** Those over which no request came yet. Node counts them among the active: their first may be coming. */
  readonly #unused = new Set<Socket>()
  /** Replies that wait for those to earlier requests of the same connection. */
  readonly #waiting = new WeakMap<Socket, Set<ServerResponse>>()

  /** Looks after the connections of one more server. */
  follow(server: Server): void {
    const isTls = server instanceof TlsServer
    server.on('connection', (socket: Socket) => {
      remember(this.#open, socket)
      if (!isTls) remember(this.#unused, socket)
    })
    if (isTls) server.on('secureConnection', (socket: Socket) => remember(this.#unused, socket))
    // Before anything is done for the request: then a reply without a socket is one that waits.
    server.prependListener('request', (request: IncomingMessage, reply: ServerResponse) => {
      this.#unused.delete(request.socket)
      if (reply.socket === null) this.#wait(request.socket, reply)
    })
  }

  /** Closes those over which no request came, or only a part of its headers. */
  closeUnused(): void {
    for (const socket of this.#unused) socket.destroy()
  }

  closeAll(): void {
    for (const socket of this.#open) socket.destroy()
  }

  /** When a connection closes, Node tells the reply that is being sent; this tells those that would have come after it. */
  #wait(socket: Socket, reply: ServerResponse): void {
    let waiting = this.#waiting.get(socket)
    if (!waiting) {
      const all = new Set<ServerResponse>()
      socket.once('close', () => {
        for (const each of all) each.destroy().emit('close')
      })
      this.#waiting.set(socket, all)
      waiting = all
    }
    const remembered = waiting
    remembered.add(reply)
    reply.once('close', () => remembered.delete(reply))
  }
}

function remember(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
}
