import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { HttpError } from '../http/errors.ts'
import { asPage, sendFile } from '../http/send-file.ts'
import { type Access, type Route, route } from './route.ts'
import type { Services } from './services.ts'

const SWAGGER_UI = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
const SWAGGER_FILES: readonly string[] = ['swagger-ui.css', 'swagger-ui-bundle.js']

const DOCS_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Omen: HTTP API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="docs"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`

const DOCS_SCRIPT = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', deepLinking: true })
`

/** Routes of pages for people: the documentation, and the web console where there is one. */
export function pageRoutes({ config }: Services): Route[] {
  const access: Access = config.docs.open ? 'anyone' : 'any key'
  const common = { method: 'GET', tag: 'Pages', load: 'light' } as const
  const html = { kind: 'other', mediaType: 'text/html' } as const
  const file = { kind: 'other', mediaType: '*/*' } as const
  const routes = [
    route({
      ...common,
      ...{ id: 'docs', path: '/docs', access },
      summary: 'This documentation, to be browsed',
      reply: html,
      handle: async ({ reply }) => {
        await asPage(reply).type('text/html; charset=utf-8').send(DOCS_PAGE)
      },
    }),
    route({
      ...common,
      ...{ id: 'docsFile', path: '/docs/{file}', access, errors: [404] },
      summary: 'A file of the documentation',
      params: { file: { schema: { type: 'string' }, says: 'The name of the file.' } },
      reply: file,
      handle: async ({ params, reply }) => {
        const name = params.file as string
        if (name === 'start.js') {
          await asPage(reply).type('text/javascript; charset=utf-8').send(DOCS_SCRIPT)
        } else if (SWAGGER_FILES.includes(name)) await sendFile(reply, SWAGGER_UI, name)
        else throw new HttpError('not_found', 'there is nothing at this address')
      },
    }),
  ]
  const { enabled, folder } = config.console
  if (!enabled || folder === undefined) return routes
  return [
    ...routes,
    route({
      ...common,
      ...{ id: 'home', path: '/', access: 'anyone' },
      summary: 'Leads to the console',
      reply: html,
      handle: async ({ reply }) => {
        await reply.redirect('/console/')
      },
    }),
    route({
      ...common,
      ...{ id: 'consoleHome', path: '/console', access: 'anyone' },
      summary: 'Leads to the console',
      reply: html,
      handle: async ({ reply }) => {
        await reply.redirect('/console/')
      },
    }),
    route({
      ...common,
      ...{ id: 'console', path: '/console/*', access: 'anyone', errors: [404] },
      summary: 'The web console',
      reply: file,
      handle: ({ params, reply }) => sendFile(reply, folder, `/${params['*'] ?? ''}`),
    }),
  ]
}
