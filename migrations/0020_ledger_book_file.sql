-- A book that is taken in brings the frozen balances of a closing before the closing itself, whose digest is over them.
ALTER TABLE ledger.period_balances ALTER CONSTRAINT period_balances_closing DEFERRABLE INITIALLY IMMEDIATE;
