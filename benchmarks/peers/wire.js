// Views over the two payloads as they arrive. A getter normalises only what is selected, and a
// getter is what graphql-jit and graphql-js read fastest: no resolver function is called for it.

const UNSET = null

function figure(raw) {
  if (raw === undefined || raw === null || raw === '') return UNSET
  return typeof raw === 'number' ? raw : Number(raw)
}

function text(raw) {
  return raw === undefined ? null : raw
}

const SPELLING = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d)?(?:\.(\d{1,3})\d*)?Z$/

export function instant(raw) {
  if (raw === undefined || raw === null) return null
  if (typeof raw === 'number') {
    return raw < 0 ? null : new Date(raw).toISOString().replace('.000Z', 'Z')
  }
  const match = SPELLING.exec(raw)
  if (match === null) return null
  const milliseconds = (match[3] ?? '').padEnd(3, '0')
  return match[1] + (match[2] ?? ':00') + (milliseconds === '000' ? 'Z' : `.${milliseconds}Z`)
}

function milliseconds(raw) {
  if (raw === undefined || raw === null) return NaN
  const read = instant(raw)
  return read === null ? NaN : Date.parse(read)
}

function globalId(type, ...parts) {
  return Buffer.from(`${type}:${parts.join(':')}`).toString('base64url')
}

function key(raw) {
  return raw === undefined || raw === null || raw === -1 || raw === '' ? null : String(raw)
}

class Limit {
  constructor(raw, used) {
    const unknown = raw === null || (raw > -1 && raw < 0)
    this.kind = unknown ? 'NOT_STATED' : raw === -1 ? 'UNLIMITED' : 'LIMITED'
    this.max = this.kind === 'LIMITED' ? raw : null
    this.used = used
  }

  get remaining() {
    if (this.max === null || this.used === null) return null
    return Math.max(0, Math.round((this.max - this.used) * 1e6) / 1e6)
  }

  get isExhausted() {
    if (this.kind === 'UNLIMITED') return false
    if (this.max === null) return null
    if (this.max === 0) return true
    return this.used === null ? null : this.used >= this.max
  }
}

// In `limits` 0 means not configured; a restriction's 0 is a limit.
const configured = (raw, used = null) => new Limit(figure(raw) || null, used)

class CustomerLimits {
  constructor(limits, usage) {
    this.limits = limits ?? {}
    this.usage = usage ?? {}
  }

  get pointsPerEvent() { return configured(this.limits.maxPointsPerEvent) }
  get pointsPerCustomer() {
    return configured(this.limits.pointsPerCustomer, figure(this.usage.currentPointsPerCustomer))
  }

  get timesPerCustomer() {
    const used = figure(this.usage.currentNumberOfTimesPerCustomer)
    return configured(this.limits.numberOFTimesPerCustomer, used)
  }

  get pointsInPromotion() {
    const used = figure(this.usage.currentTotalPointsInPromotion) || null
    return configured(this.limits.totalPointsInPromotion, used)
  }
}

const MEASURES = {
  NUMBER_OF_POINTS: 'POINTS',
  NUMBER_OF_TIMES: 'TIMES',
  NUMBER_OF_REDEMPTIONS_PER_EARN: 'REDEMPTIONS_PER_ISSUE',
  NUMBER_OF_ISSUALS: 'ENROLMENTS',
  NUMBER_OF_EARNS: 'ISSUES'
}
const SCOPES = new Set(['EVENT', 'CUSTOMER', 'PROMOTION'])
const UNITS = new Set(['DAILY', 'WEEKLY', 'MONTHLY'])

class Window {
  constructor(raw) { this.raw = raw }
  get type() { return this.raw.periodType === 'MOVING_WINDOW' ? 'MOVING_WINDOW' : 'UNKNOWN' }
  get typeName() { return text(this.raw.periodType) }
  get unit() { return UNITS.has(this.raw.periodUnit) ? this.raw.periodUnit : 'UNKNOWN' }
  get unitName() { return text(this.raw.periodUnit) }
}

class Restriction {
  constructor(stage, raw) {
    this.stage = stage
    this.raw = raw
  }

  get measure() { return MEASURES[this.raw.kpi] ?? 'UNKNOWN' }
  get measureName() { return this.raw.kpi }
  get scope() { return SCOPES.has(this.raw.limitOn) ? this.raw.limitOn : 'UNKNOWN' }
  get scopeName() { return text(this.raw.limitOn) }
  get limit() {
    const { kpi, limitOn, maxLimit, currentCustomerUsage } = this.raw
    const untrue = limitOn === 'PROMOTION' || kpi === 'NUMBER_OF_REDEMPTIONS_PER_EARN'
    return new Limit(figure(maxLimit), untrue ? null : figure(currentCustomerUsage))
  }

  get window() { return this.raw.type === 'PERIOD_BASED' ? new Window(this.raw) : null }
}

class Metadata {
  constructor(raw) { this.raw = raw }
  get key() { return this.raw.key }
  get value() { return text(this.raw.value) }
  get isBrandDefined() { return text(this.raw.brandDefined) }
}

class Issue {
  constructor(raw, promotion) {
    this.raw = raw
    this.promotion = promotion
  }

  get issueId() { return String(this.raw.issualId) }
  get issuedAt() { return instant(this.raw.issualDate) }
  get expiresAt() { return instant(this.raw.issualExpiryDate) }
  get isExpired() { return milliseconds(this.raw.issualExpiryDate) <= Date.now() }
  get eventLogId() { return key(this.raw.issualEventLogId) }
  get redeemedCount() { return text(this.raw.redeemedCount) }
  get redemptions() {
    const redeem = this.promotion.promotionRestriction?.redemptionRestrictions ?? []
    const cap = redeem.find((raw) => raw.kpi === 'NUMBER_OF_REDEMPTIONS_PER_EARN')
    return new Limit(figure(cap?.maxLimit), text(this.raw.redeemedCount))
  }
}

class Enrolment {
  constructor(raw, promotion) {
    this.raw = raw
    this.promotion = promotion
  }

  get enrolmentId() { return String(this.raw.enrollmentId) }
  get enrolledAt() { return instant(this.raw.enrollmentDate) }
  get expiresAt() { return instant(this.raw.enrollmentExpiryDate) }
  get isExpired() { return milliseconds(this.raw.enrollmentExpiryDate) <= Date.now() }
  get eventLogId() { return key(this.raw.enrollEventLogId) }
  get issues() { return this.raw.issuedDetails.map((raw) => new Issue(raw, this.promotion)) }
}

const TYPES = { GENERIC: 'GENERIC', LOYALTY: 'DIRECT_ISSUE', LOYALTY_EARNING: 'ENROL_AND_ISSUE' }
const EVENTS = {
  transactionadd: ['TRANSACTION_ADD', 'TransactionAdd'],
  targetcompleted: ['TARGET_COMPLETED', 'TargetCompleted'],
  pointsredemption: ['POINTS_REDEMPTION', 'PointsRedemption'],
  genericevent: ['GENERIC_EVENT', 'GenericEvent']
}

function event(raw) {
  return EVENTS[(raw ?? '').replace(/[\s_-]/g, '').toLowerCase()] ?? ['UNKNOWN', text(raw)]
}

class Promotion {
  constructor(raw) { this.raw = raw }
  get id() { return globalId('Promotion', this.raw.programId, this.raw.promotionId) }
  get promotionId() { return String(this.raw.promotionId) }
  get programId() { return String(this.raw.programId) }
  get name() { return this.raw.promotionName }
  get identifier() { return text(this.raw.identifier) }
  get description() { return text(this.raw.description) }
  get type() { return TYPES[this.raw.pointsOfferType] ?? 'UNKNOWN' }
  get typeName() { return text(this.raw.pointsOfferType) }
  get event() { return event(this.raw.eventName)[0] }
  get eventName() { return event(this.raw.eventName)[1] }
  get startsAt() { return instant(this.raw.startDate) }
  get endsAt() { return instant(this.raw.endDate) }
  get isActive() { return text(this.raw.active) }
  get validity() {
    const now = Date.now()
    const [start, end] = [milliseconds(this.raw.startDate), milliseconds(this.raw.endDate)]
    if (end < now) return 'ENDED'
    if (start > now) return 'UPCOMING'
    return Number.isNaN(start) || Number.isNaN(end) ? 'UNKNOWN' : 'CURRENT'
  }
}

const STAGES = [
  ['ENROL', 'issualRestrictions'], ['ISSUE', 'earnRestrictions'], ['REDEEM', 'redemptionRestrictions']
]

class CustomerPromotion {
  constructor(raw, source, customerId) {
    this.raw = raw
    this.source = source
    this.customerId = customerId
  }

  get id() {
    const { programId, promotionId } = this.raw
    return globalId('CustomerPromotion', this.source, this.customerId, programId, promotionId)
  }

  get promotion() { return new Promotion(this.raw) }
  get metadata() { return (this.raw.promotionMetadata ?? []).map((raw) => new Metadata(raw)) }
  get limits() { return new CustomerLimits(this.raw.limits, this.raw.customerUsage) }
  get enrolments() {
    const timelines = this.raw.customerPromotionTimelines
    return timelines ? timelines.map((raw) => new Enrolment(raw, this.raw)) : null
  }

  restrictionsOf(stage, includeDisabled) {
    const listed = []
    for (const [name, wire] of STAGES) {
      if (stage && stage !== name) continue
      for (const raw of this.raw.promotionRestriction[wire] ?? []) {
        if (includeDisabled || figure(raw.maxLimit) !== -1) listed.push(new Restriction(name, raw))
      }
    }
    return listed
  }
}

export class CustomerPage {
  constructor(payload, source, offset) {
    const { promotions, customerId, pageDetails } = payload
    this.nodes = promotions.map((raw) => new CustomerPromotion(raw, source, customerId))
    this.totalCount = pageDetails.totalEntries
    const hasNextPage = offset + promotions.length < this.totalCount
    this.pageInfo = { hasNextPage, hasPreviousPage: offset > 0 }
  }
}

const STATUSES = new Set(['DRAFT', 'UPCOMING', 'LIVE', 'ACTIVE', 'PAUSED', 'STOPPED', 'COMPLETED',
  'EXPIRED', 'PENDING_APPROVAL'])
const EXPIRY_STAGES = {
  ISSUAL_PROMOTION_EXPIRY_BASED_ON: 'ENROL', EARN_PROMOTION_EXPIRY_BASED_ON: 'ISSUE'
}

class Expiry {
  constructor(raw) { this.raw = raw }
  get stage() { return EXPIRY_STAGES[this.raw.name] ?? null }
  get basis() { return ['PROMOTION', 'CUSTOM'].includes(this.raw.type) ? this.raw.type : 'UNKNOWN' }
  get days() { return this.raw.type === 'CUSTOM' ? text(this.raw.value) : null }
}

export class Definition {
  constructor(raw, sourceType) {
    this.raw = raw
    this.sourceType = sourceType
  }

  get status() { return STATUSES.has(this.raw.promotionStatus) ? this.raw.promotionStatus : 'UNKNOWN' }
  get updatedAt() { return instant(this.raw.lastUpdateDate) }
  get isStackable() { return text(this.raw.promotionRestrictions?.isStackable) }
  get expiries() {
    const listed = this.raw.promotionRestrictions?.restrictions?.expiryRestrictions ?? []
    return listed.map((raw) => new Expiry(raw))
  }
}
