import { useState } from 'react';

// Customers of the sandbox; http://127.0.0.1:8001/__world has all of them.
const EXAMPLES = [
  ['C-CURRENT', 'Twenty promotions in every state'],
  ['C-ENROL', 'One to join, in the old and the new interface'],
  ['C-WITHDRAW', 'One to leave'],
  ['C-UNIFIED', 'What is only in the new interface'],
  ['C-LIMITS', 'Unlimited, exhausted, not stated'],
  ['C-101', 'A hundred and one'],
  ['C-3000', 'Three thousand: too many to sort'],
  ['C-EMPTY', 'None at all'],
] as const;

/** Stands in for a login: in production a token names the customer, and `viewer` has the wallet. */
export function SignIn({ onSignIn }: { onSignIn: (customer: string) => void }) {
  const [customer, setCustomer] = useState('');
  const name = customer.trim();
  return (
    <main className="sign-in">
      <h1>Wallet</h1>
      <p>Whose promotions would you like to see?</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name !== '') onSignIn(name);
        }}
      >
        <label>
          Customer number
          <input
            value={customer}
            onChange={(event) => setCustomer(event.target.value)}
            maxLength={256}
            autoComplete="off"
            autoCapitalize="characters"
            placeholder="C-CURRENT"
            autoFocus
          />
        </label>
        <button type="submit" disabled={name === ''}>
          Open
        </button>
      </form>
      <h2>Customers of the sandbox</h2>
      <ul className="examples">
        {EXAMPLES.map(([example, note]) => (
          <li key={example}>
            <button type="button" onClick={() => onSignIn(example)}>
              <strong>{example}</strong> {note}
            </button>
          </li>
        ))}
      </ul>
    </main>
  );
}
