// Runs graphql-http's audit of a server against the URL given, and prints one JSON object a check.
import {serverAudits} from 'graphql-http';

for (const audit of serverAudits({url: process.argv[2], fetchFn: fetch})) {
  const {id, name, status, reason} = await audit.fn();
  console.log(JSON.stringify({id, name, status, reason: reason?.toString()}));
}
