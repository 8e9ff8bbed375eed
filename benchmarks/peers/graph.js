// What both servers share: the schema as the gateway publishes it, resolvers, loaders, the client.

import { readFileSync } from 'node:fs'
import DataLoader from 'dataloader'
import { Pool } from 'undici'
import { CustomerPage, Definition } from './wire.js'

export const typeDefs = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8')
export const port = Number(process.env.PORT)
export const isCaching = process.env.CACHE === 'on'
export const CACHE_TTL_S = 3600

const pool = new Pool(process.env.UPSTREAM, { connections: 100, keepAliveTimeout: 60_000 })
const credential = Buffer.from('sandbox:sandbox').toString('base64')
const headers = { authorization: `Basic ${credential}`, accept: 'application/json' }

async function get(path) {
  const { statusCode, body } = await pool.request({ method: 'GET', path, headers })
  if (statusCode !== 200) throw new Error(`the upstream answered ${statusCode}`)
  return body.json()
}

const WIRE_NAMES = { customerId: 'id' }

function customer(by, source) {
  const [name, value] = Object.entries(by)[0]
  return { source, who: `identifierName=${WIRE_NAMES[name] ?? name}&identifierValue=${value}` }
}

function customerPath({ source, who }, { first }) {
  const query = `${who}&source=${source}&fetchAllUsage=true&limit=${first ?? 20}&offset=0`
  return `/v2/customers/lookup/promotionData?${query}`
}

async function definitionsOf(programId, more) {
  const query = `sourceType=UI&limit=${more ? 1 : 100}&offset=0&includeInactivePromotions=true`
  const path = `/api_gateway/loyalty/v1/programs/${programId}/promotionsV2?${query}${more}`
  return (await get(path)).data
}

// The gateway's own rule: one definition alone by its id, several of a program by one list page.
async function loadDefinitions(keys) {
  const programs = new Map()
  for (const { programId, promotionId } of keys) {
    programs.set(programId, [...(programs.get(programId) ?? []), promotionId])
  }
  const found = new Map()
  await Promise.all([...programs].map(async ([programId, ids]) => {
    const more = ids.length === 1 ? `&promotionId=${ids[0]}` : ''
    for (const raw of await definitionsOf(programId, more)) found.set(`${programId}:${raw.id}`, raw)
  }))
  return keys.map(({ programId, promotionId }) => {
    const raw = found.get(`${programId}:${promotionId}`)
    return raw ? new Definition(raw, 'UI') : null
  })
}

export function context() {
  return {
    pages: new DataLoader((paths) => Promise.all(paths.map(get))),
    definitions: new DataLoader(loadDefinitions, {
      cacheKeyFn: ({ programId, promotionId }) => `${programId}:${promotionId}`
    })
  }
}

export const cacheKeyOfPage = ({ self, arg }) => customerPath(self, arg)

export const resolvers = {
  Query: {
    customer: (_, { by, source }) => customer(by, source),
    customers: (_, { by, source }) => by.map((one) => customer(one, source))
  },
  Customer: {
    promotions: async (self, arguments_, { pages }) =>
      new CustomerPage(await pages.load(customerPath(self, arguments_)), self.source, 0)
  },
  CustomerPromotion: {
    restrictions: (self, { stage, includeDisabled }) => self.restrictionsOf(stage, includeDisabled)
  },
  Promotion: {
    definition: ({ raw }, _, { definitions }) => definitions.load(raw)
  }
}
