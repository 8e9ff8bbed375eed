import { useEffect, useState } from 'react';

import { SignIn } from './SignIn';
import { Wallet } from './Wallet';

const PARAMETER = 'customer';

const customerOfUrl = () => new URLSearchParams(window.location.search).get(PARAMETER);

/** The customer is in the address, so that a reload stays and the back button leaves. */
export function App() {
  const [customer, setCustomer] = useState(customerOfUrl);

  useEffect(() => {
    const read = () => setCustomer(customerOfUrl());
    window.addEventListener('popstate', read);
    return () => window.removeEventListener('popstate', read);
  }, []);

  function open(next: string | null) {
    const search = next === null ? '' : `?${new URLSearchParams({ [PARAMETER]: next }).toString()}`;
    window.history.pushState(null, '', window.location.pathname + search);
    setCustomer(next);
  }

  if (customer === null || customer === '') return <SignIn onSignIn={open} />;
  return <Wallet key={customer} externalId={customer} onLeave={() => open(null)} />;
}
