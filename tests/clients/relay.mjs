// Pages with Relay's own store: the first page by external id, the others by node(id:), as
// usePaginationFragment does.
import relay from "relay-runtime";

import { count, isForward, name, post, walk } from "./pages.mjs";

const { Environment, Network, RecordSource, Store } = relay;
const { createOperationDescriptor, fetchQuery, getSelector } = relay;

const way = isForward ? "Forward" : "Backward";
const generated = (artifact) => import(`./documents/__generated__/${artifact}.graphql.js`);
const first = (await generated(`promotions${way}Query`)).default;
const further = (await generated(`promotions${way}PageQuery`)).default;
const fragment = (await generated(`promotions_${way.toLowerCase()}`)).default;

const environment = new Environment({
  network: Network.create((request, variables) => post(request.text, variables)),
  store: new Store(new RecordSource()),
});

const opening = createOperationDescriptor(first, { name, count });
let customerId = null;

await walk(async (cursor) => {
  const operation = cursor
    ? createOperationDescriptor(further, { id: customerId, count, cursor })
    : opening;
  environment.retain(operation);
  const { node, variables } = operation.request;
  await fetchQuery(environment, node, variables, { fetchPolicy: "network-only" }).toPromise();
  const { customer } = environment.lookup(opening.fragment).data;
  customerId = customer.__id;
  return environment.lookup(getSelector(fragment, customer)).data.promotions;
});
