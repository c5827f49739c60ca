-- A reservation is written once and, most often, captured once: its page keeps room for a second version of every row, so
-- that the capture touches no index.
ALTER TABLE ledger.reservations SET (fillfactor = 45);
