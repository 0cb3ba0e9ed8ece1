import { administrationRoutes } from './administration.ts'
import { collectionRoutes } from './collections.ts'
import { importRoute } from './import.ts'
import { keyRoutes } from './keys.ts'
import { pageRoutes } from './pages.ts'
import { readRoutes } from './reads.ts'
import type { Route } from './route.ts'
import { inputsOf } from './schemas.ts'
import { searchRoutes } from './search.ts'
import { serverRoutes } from './server.ts'
import type { Services } from './services.ts'
import { snapshotRoutes } from './snapshots.ts'
import { streamRoutes } from './streams.ts'
import { writeRoutes } from './writes.ts'

/** Everything that the server does: what is served, checked, documented and tested comes from this list. */
export function routesOf(services: Services): Route[] {
  const inputs = inputsOf(services.config.limits)
  return [
    ...serverRoutes(services),
    ...pageRoutes(services),
    ...collectionRoutes(services),
    ...writeRoutes(services, inputs),
    importRoute(services, inputs),
    ...readRoutes(services, inputs),
    ...streamRoutes(services, inputs),
    ...searchRoutes(services, inputs),
    ...snapshotRoutes(services),
    ...administrationRoutes(services),
    ...keyRoutes(services),
  ]
}
