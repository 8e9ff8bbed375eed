import myPromotions from './examples/01-my-promotions.graphql?raw';
import promotionsWithDefinitions from './examples/02-promotions-with-definitions.graphql?raw';
import paging from './examples/03-paging.graphql?raw';
import pagingVariables from './examples/03-paging.json?raw';
import programPromotions from './examples/04-program-promotions.graphql?raw';
import twoWays from './examples/05-two-ways.graphql?raw';
import endingSoonest from './examples/06-ending-soonest.graphql?raw';
import walletTabs from './examples/07-wallet-tabs.graphql?raw';
import definitionsLater from './examples/08-definitions-later.graphql?raw';
import enrol from './examples/09-enrol.graphql?raw';
import enrolVariables from './examples/09-enrol.json?raw';
import issue from './examples/10-issue.graphql?raw';
import issueVariables from './examples/10-issue.json?raw';
import withdraw from './examples/11-withdraw.graphql?raw';
import withdrawVariables from './examples/11-withdraw.json?raw';
import bothEndpoints from './examples/12-both-endpoints.graphql?raw';
import activities from './examples/13-activities.graphql?raw';

/**
 * The tabs of a first visit; a tab is named after its operation. A Python test runs each file, with
 * the variables of the file of the same name.
 */
export const examples = [
  { query: myPromotions },
  { query: promotionsWithDefinitions },
  { query: paging, variables: pagingVariables },
  { query: programPromotions },
  { query: twoWays },
  { query: endingSoonest },
  { query: walletTabs },
  { query: definitionsLater },
  { query: enrol, variables: enrolVariables },
  { query: issue, variables: issueVariables },
  { query: withdraw, variables: withdrawVariables },
  { query: bothEndpoints },
  { query: activities },
];
