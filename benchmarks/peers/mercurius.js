// Mercurius, operations compiled from their second run on; CACHE=on keeps pages with mercurius-cache.

import Fastify from 'fastify'
import mercurius from 'mercurius'
import cache from 'mercurius-cache'
import { CACHE_TTL_S, cacheKeyOfPage, context, isCaching, port, resolvers, typeDefs } from './graph.js'

const app = Fastify({ logger: false })
app.register(mercurius, { schema: typeDefs, resolvers, context, jit: 1 })
if (isCaching) {
  app.register(cache, {
    ttl: CACHE_TTL_S,
    policy: { Customer: { promotions: { key: cacheKeyOfPage } } }
  })
}
await app.listen({ host: '127.0.0.1', port })
