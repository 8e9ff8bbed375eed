import myPromotions from './examples/1-my-promotions.graphql?raw';
import promotionsWithDefinitions from './examples/2-promotions-with-definitions.graphql?raw';
import paging from './examples/3-paging.graphql?raw';
import programPromotions from './examples/4-program-promotions.graphql?raw';
import twoWays from './examples/5-two-ways.graphql?raw';
import endingSoonest from './examples/6-ending-soonest.graphql?raw';
import walletTabs from './examples/7-wallet-tabs.graphql?raw';
import definitionsLater from './examples/8-definitions-later.graphql?raw';

/** The tabs of a first visit; a tab is named after its operation. A Python test runs each file. */
export const examples = [
  { query: myPromotions },
  { query: promotionsWithDefinitions },
  { query: paging, variables: '{\n  "after": null\n}' },
  { query: programPromotions },
  { query: twoWays },
  { query: endingSoonest },
  { query: walletTabs },
  { query: definitionsLater },
];
