-- Pending transactions: judged like a posting, with what they would take set aside at once, and posted later, whole or in part.
--
-- The key of one lies in ledger.transactions, as of every posting. Its entries are facts; what it holds back on each account
-- is a row of its own there, so that whoever has an account's lock may give back what is overdue on it, and no other lock.
CREATE TABLE ledger.pending_transactions (
  tenant_id uuid NOT NULL,
  id bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  effective_at timestamptz,
  expires_at timestamptz NOT NULL DEFAULT 'infinity',
  settled_by bigint,
  kind text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL DEFAULT 'pending',
  reason text,
  CONSTRAINT pending_transactions_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT pending_transactions_kind_is_known CHECK (kind IN ('pending', 'scheduled')),
  CONSTRAINT pending_transactions_status_is_known CHECK (status IN ('pending', 'posted', 'void', 'expired')),
  CONSTRAINT pending_transactions_scheduled_for_a_time CHECK (kind <> 'scheduled' OR effective_at IS NOT NULL),
  CONSTRAINT pending_transactions_posted_by_one CHECK ((status = 'posted') = (settled_by IS NOT NULL)),
  CONSTRAINT pending_transactions_reason_length CHECK (length(reason) <= 1000)
);
COMMENT ON TABLE ledger.pending_transactions IS 'Transactions that are agreed and not yet posted, and what became of each: posted, void or expired';
COMMENT ON COLUMN ledger.pending_transactions.effective_at IS 'The effective time that was asked for; NULL: when it is posted';
COMMENT ON COLUMN ledger.pending_transactions.expires_at IS 'On the tenant''s clock; from that instant it counts in no read, marked or not';
COMMENT ON COLUMN ledger.pending_transactions.kind IS 'pending: somebody posts or voids it; scheduled: its day was still to come, and a job posts it then';
COMMENT ON COLUMN ledger.pending_transactions.settled_by IS 'The transaction that posted it, whole or in part';
CREATE INDEX pending_transactions_falling_due ON ledger.pending_transactions (tenant_id, expires_at) WHERE status = 'pending' AND expires_at < 'infinity';
CREATE INDEX pending_transactions_scheduled ON ledger.pending_transactions (tenant_id, effective_at) WHERE status = 'pending' AND kind = 'scheduled';
SELECT core.isolate('ledger.pending_transactions');
CREATE FUNCTION ledger.refuse_a_second_judgement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'HG003', MESSAGE = format('a pending transaction that is %s stays so', OLD.status);
END $$;
COMMENT ON FUNCTION ledger.refuse_a_second_judgement() IS 'Row trigger: a posted, void or expired pending transaction never changes again';
CREATE TRIGGER pending_transactions_end_once BEFORE UPDATE ON ledger.pending_transactions
  FOR EACH ROW WHEN (OLD.status <> 'pending') EXECUTE FUNCTION ledger.refuse_a_second_judgement();
ALTER TABLE ledger.pending_transactions ENABLE ALWAYS TRIGGER pending_transactions_end_once;

CREATE TABLE ledger.pending_entries (
  tenant_id uuid NOT NULL,
  transaction_id bigint NOT NULL,
  debit_account_id bigint NOT NULL,
  credit_account_id bigint NOT NULL,
  amount_minor bigint NOT NULL,
  n smallint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  CONSTRAINT pending_entries_pkey PRIMARY KEY (tenant_id, transaction_id, n),
  CONSTRAINT pending_entries_amount_is_positive CHECK (amount_minor > 0),
  CONSTRAINT pending_entries_between_two_accounts CHECK (debit_account_id <> credit_account_id)
);
COMMENT ON TABLE ledger.pending_entries IS 'What a pending transaction would move: at most this is posted of each entry';
SELECT core.isolate('ledger.pending_entries'), core.append_only('ledger.pending_entries');

CREATE TABLE ledger.pending_holds (
  tenant_id uuid NOT NULL,
  account_id bigint NOT NULL,
  transaction_id bigint NOT NULL,
  out_minor bigint NOT NULL,
  in_minor bigint NOT NULL,
  expires_at timestamptz NOT NULL,
  CONSTRAINT pending_holds_pkey PRIMARY KEY (tenant_id, account_id, transaction_id),
  CONSTRAINT pending_holds_hold_something CHECK (out_minor >= 0 AND in_minor >= 0 AND out_minor + in_minor > 0)
);
COMMENT ON TABLE ledger.pending_holds IS 'What a pending transaction takes from and adds to an account''s normal side, until it is posted, void or overdue';
CREATE INDEX pending_holds_falling_due ON ledger.pending_holds (tenant_id, account_id, expires_at) WHERE expires_at < 'infinity';
SELECT core.isolate('ledger.pending_holds');

GRANT SELECT ON ledger.pending_transactions, ledger.pending_entries, ledger.pending_holds TO headgate_app, headgate_readonly, headgate_poster;
GRANT INSERT ON ledger.pending_transactions, ledger.pending_entries, ledger.pending_holds TO headgate_poster;
GRANT UPDATE (updated_at, settled_by, status, reason) ON ledger.pending_transactions TO headgate_poster;
GRANT DELETE ON ledger.pending_holds TO headgate_poster;
