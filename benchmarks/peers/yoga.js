// GraphQL Yoga on Node's own HTTP server; CACHE=on keeps whole answers with its response cache.

import { createServer } from 'node:http'
import { useResponseCache } from '@graphql-yoga/plugin-response-cache'
import { createSchema, createYoga } from 'graphql-yoga'
import { CACHE_TTL_S, context, isCaching, port, resolvers, typeDefs } from './graph.js'

const caching = { session: () => null, ttl: CACHE_TTL_S * 1000, idFields: [] }
const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  context,
  logging: false,
  graphiql: false,
  landingPage: false,
  plugins: isCaching ? [useResponseCache(caching)] : []
})
createServer(yoga).listen(port, '127.0.0.1')
