"""The schema's description: what is true of the whole graph, as GraphiQL's first page shows it."""

DESCRIPTION = """\
The promotions of a loyalty platform: what each is, and how each customer stands with it.

**Where to begin.** `customer(by:)` and its `promotions`; `program(programId:)` and its \
`promotions`; `node(id:)` for anything whose `id` you have kept.

**Vocabulary**

- A `Promotion` is the same for everybody. A `CustomerPromotion` is one promotion as it stands \
for one customer: what is used, what is left, what the customer is enrolled in.
- What a customer sees happens in three stages. ENROL: the customer takes part. ISSUE: an \
activity, or the brand, gives the customer the promotion's benefit. REDEEM: the customer uses it.
- A `Limit` says "no limit" with the kind UNLIMITED, and "the platform does not say" with \
NOT_STATED; `max`, `used` and `remaining` are numbers or null, never -1.
- `limits` cap a promotion as a whole, `restrictions` one of its stages.
- UNKNOWN is a word of the platform that this graph does not have; the field beside it, such as \
`typeName` beside `type`, has the word itself. Expect UNKNOWN, and values that are added later.
- Null means: not known, or not there. A text is as the platform has it.
- A `DateTime` is in UTC.

**Ids.** Only types with the interface `Node` have a field `id`: it is unique in the whole graph,\
 and the key for a client's cache. Keep it, pass it to `node`, never parse it. Ids with a longer \
name, such as `promotionId`, are the platform's own, and unique among their kind at most.

**Paging.** Lists that can be long are connections with cursors, as Relay describes them. Pass \
`pageInfo.endCursor` as `after` while `hasNextPage` is true; backward, `startCursor` as `before` \
with `last`. A page has 20 items unless `first` or `last` says otherwise, and 100 at most. It can\
 be shorter than asked for: rely on `hasNextPage`. A cursor belongs to one list with its filters.\
 `drift` says whether the list moved between two pages, `warnings` what a page lacks.

**Errors.** Each has `extensions.code`, which is what to compare, and `extensions.retryable`: \
whether the same request may succeed later. `extensions.argument` is the path of an argument at \
fault, `extensions.retryAfterS` the time to wait. What fails costs its own field: that is null, \
with the error at its path, and its siblings stay. Messages are for people, and may change.

**Cost.** Each response has `extensions.cost` with what the operation was estimated at and the \
most that is accepted: one for each value, and a hundred for each call to the platform. Smaller \
pages and fewer fields cost less.

**Changes.** Fields, arguments, types and enum values are added at any time. What is to be \
removed is deprecated first, with a reason that names its replacement."""
