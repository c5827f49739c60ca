-- The book: accounts, transactions, entries and reservations.
--
-- A balance is one signed number, net = debits − credits, kept on the account's row. An entry holds both its legs in one
-- row, and for each leg the account's gap-free sequence and running net after it: an account's history can be proved from
-- its entries alone. The hot tables carry no foreign keys (three times the cost of an insert): the functions of
-- src/headgate/ledger/sql are their only writer, accounts are never deleted, and the invariants prove what a key would have.
SELECT core.make_schema('ledger', 'The book: double entry, balances, reservations');

CREATE SEQUENCE ledger.account_ids CACHE 1;
COMMENT ON SEQUENCE ledger.account_ids IS 'Numbers of accounts (acct_… at the edge)';
-- One sequence for everything that can be asked for under a key, so that a refusal needs no kind to name its request.
CREATE SEQUENCE ledger.request_ids CACHE 1;
COMMENT ON SEQUENCE ledger.request_ids IS 'Numbers of transactions (txn_…) and reservations (rsv_…)';
CREATE SEQUENCE ledger.reservation_event_ids CACHE 1;
COMMENT ON SEQUENCE ledger.reservation_event_ids IS 'Numbers of the facts about reservations';
GRANT USAGE ON SEQUENCE ledger.account_ids, ledger.request_ids, ledger.reservation_event_ids TO headgate_poster;
-- The check reads how far the numbers have come.
GRANT SELECT ON SEQUENCE ledger.request_ids TO headgate_poster;

-- Accounts -----------------------------------------------------------------------------------------------------------
CREATE TABLE ledger.accounts (
  tenant_id uuid NOT NULL,
  id bigint NOT NULL DEFAULT nextval('ledger.account_ids'),
  net_minor bigint NOT NULL DEFAULT 0,
  seq bigint NOT NULL DEFAULT 0,
  lo_minor bigint NOT NULL DEFAULT -4611686018427387903,
  hi_minor bigint NOT NULL DEFAULT 4611686018427387903,
  reserved_minor bigint NOT NULL DEFAULT 0,
  pending_out_minor bigint NOT NULL DEFAULT 0,
  pending_in_minor bigint NOT NULL DEFAULT 0,
  next_expiry_at timestamptz NOT NULL DEFAULT 'infinity',
  effective_max timestamptz NOT NULL DEFAULT '-infinity',
  late_by_max interval NOT NULL DEFAULT '0',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  parent_id bigint,
  closed_through date NOT NULL DEFAULT '-infinity',
  route_to date,
  is_default boolean NOT NULL DEFAULT false,
  must_be_zero boolean NOT NULL DEFAULT false,
  is_watched boolean NOT NULL DEFAULT false,
  status text COLLATE "C" NOT NULL DEFAULT 'open',
  type text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  name text NOT NULL,
  purpose text COLLATE "C",
  legal_entity_id text COLLATE "C",
  CONSTRAINT accounts_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT accounts_code_is_unique UNIQUE (tenant_id, code),
  CONSTRAINT accounts_code_shape CHECK (code ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$'),
  CONSTRAINT accounts_code_is_no_id CHECK (code !~ '^[a-z]{2,6}_([0-9a-hjkmnp-tv-z]{13}|[0-9a-hjkmnp-tv-z]{26})$'),
  CONSTRAINT accounts_name_length CHECK (length(name) BETWEEN 1 AND 200),
  CONSTRAINT accounts_type_is_known CHECK (type IN ('ASSET', 'LIABILITY', 'EQUITY', 'REVENUE', 'EXPENSE')),
  CONSTRAINT accounts_status_is_known CHECK (status IN ('open', 'frozen', 'closed')),
  CONSTRAINT accounts_currency_shape CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT accounts_purpose_shape CHECK (purpose ~ '^[A-Z][A-Z0-9_]{0,59}$'),
  CONSTRAINT accounts_default_has_a_purpose CHECK (NOT is_default OR purpose IS NOT NULL),
  -- Within these bounds a net plus an amount never leaves a bigint.
  CONSTRAINT accounts_limits_are_ordered CHECK (-4611686018427387903 <= lo_minor AND lo_minor <= hi_minor AND hi_minor <= 4611686018427387903),
  CONSTRAINT accounts_net_within_limits CHECK (net_minor BETWEEN lo_minor AND hi_minor),
  CONSTRAINT accounts_pending_is_not_negative CHECK (pending_out_minor >= 0 AND pending_in_minor >= 0),
  -- What is reserved or pending to leave is there: money that may go is set aside once.
  CONSTRAINT accounts_reserved_is_covered CHECK (reserved_minor >= 0
    AND CASE WHEN type IN ('ASSET', 'EXPENSE') THEN net_minor - lo_minor ELSE hi_minor - net_minor END >= reserved_minor + pending_out_minor),
  CONSTRAINT accounts_route_past_the_close CHECK (route_to > closed_through),
  CONSTRAINT accounts_closed_are_empty CHECK (status <> 'closed'
    OR (net_minor = 0 AND reserved_minor = 0 AND pending_out_minor = 0 AND pending_in_minor = 0))
) WITH (fillfactor = 45);
COMMENT ON TABLE ledger.accounts IS 'Accounts with their running balance; every posting locks its accounts here, in id order';
COMMENT ON COLUMN ledger.accounts.net_minor IS 'Debits − credits of all entries so far';
COMMENT ON COLUMN ledger.accounts.seq IS 'How many legs of entries the account has; each leg carries its number';
COMMENT ON COLUMN ledger.accounts.lo_minor IS 'The least net allowed: the minimum balance of an ASSET or EXPENSE, minus the maximum of the others';
COMMENT ON COLUMN ledger.accounts.hi_minor IS 'The greatest net allowed: the maximum balance of an ASSET or EXPENSE, minus the minimum of the others';
COMMENT ON COLUMN ledger.accounts.reserved_minor IS 'What is left of the active reservations, overdue ones included until they are marked';
COMMENT ON COLUMN ledger.accounts.pending_out_minor IS 'What its pending transactions would take from its normal side';
COMMENT ON COLUMN ledger.accounts.pending_in_minor IS 'What its pending transactions would add to its normal side; it counts in no limit and is not available';
COMMENT ON COLUMN ledger.accounts.effective_max IS 'The latest effective time of its legs: a leg that is effective before it is late';
COMMENT ON COLUMN ledger.accounts.late_by_max IS 'How far before the latest effective time of their account its late legs were at most: how far back a reading has to look';
COMMENT ON COLUMN ledger.accounts.parent_id IS 'The account above it in the chart: subtotals add up the tree; of the same currency';
COMMENT ON COLUMN ledger.accounts.closed_through IS 'The last day of its closed periods: a close takes the lock of every account, so no posting slips in behind it';
COMMENT ON COLUMN ledger.accounts.route_to IS 'The day on which what belongs to a closed period is booked instead; NULL: it is refused';
COMMENT ON COLUMN ledger.accounts.must_be_zero IS 'A clearing account: what is left on it is explained by age and origin';
COMMENT ON COLUMN ledger.accounts.is_watched IS 'Balance monitors look at it when it is posted to';
COMMENT ON COLUMN ledger.accounts.next_expiry_at IS 'No active reservation falls due before this; from then on the next posting or reserve marks what is overdue';
CREATE UNIQUE INDEX accounts_one_default ON ledger.accounts (tenant_id, purpose, currency, coalesce(legal_entity_id, '')) WHERE is_default;
CREATE INDEX accounts_by_purpose ON ledger.accounts (tenant_id, purpose, currency) WHERE purpose IS NOT NULL;
SELECT core.isolate('ledger.accounts');

CREATE TABLE ledger.account_limits (
  tenant_id uuid NOT NULL,
  account_id bigint NOT NULL,
  from_seq bigint NOT NULL,
  set_at timestamptz NOT NULL,
  lo_minor bigint NOT NULL,
  hi_minor bigint NOT NULL,
  CONSTRAINT account_limits_pkey PRIMARY KEY (tenant_id, account_id, from_seq, set_at)
);
COMMENT ON TABLE ledger.account_limits IS 'Which limits an account had: those of the last row hold for every leg numbered above from_seq';
SELECT core.isolate('ledger.account_limits'), core.append_only('ledger.account_limits');

-- Transactions -------------------------------------------------------------------------------------------------------
CREATE TABLE ledger.transactions (
  tenant_id uuid NOT NULL,
  id bigint NOT NULL,
  recorded_at timestamptz NOT NULL,
  effective_at timestamptz NOT NULL,
  reverses bigint,
  settles bigint,
  asked_effective_at timestamptz,
  effective_on date NOT NULL,
  hash_formula smallint NOT NULL,
  body_hash bytea NOT NULL,
  key text COLLATE "C" NOT NULL,
  source_type text COLLATE "C",
  source_id text COLLATE "C",
  description text,
  metadata jsonb,
  CONSTRAINT transactions_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT transactions_one_a_key UNIQUE (tenant_id, key),
  CONSTRAINT transactions_key_length CHECK (length(key) BETWEEN 1 AND 255),
  CONSTRAINT transactions_hash_is_sha256 CHECK (octet_length(body_hash) = 32),
  CONSTRAINT transactions_source_is_whole CHECK ((source_type IS NULL) = (source_id IS NULL)),
  CONSTRAINT transactions_source_length CHECK (length(source_type) BETWEEN 1 AND 100 AND length(source_id) BETWEEN 1 AND 255),
  CONSTRAINT transactions_description_length CHECK (length(description) <= 1000),
  CONSTRAINT transactions_metadata_is_an_object CHECK (jsonb_typeof(metadata) = 'object')
);
COMMENT ON TABLE ledger.transactions IS 'Every posting that was asked for, once a key, for ever: posted where it has entries, refused where ledger.refusals has it';
COMMENT ON COLUMN ledger.transactions.body_hash IS 'Hash of what was asked for: the same key with another body is a conflict';
COMMENT ON COLUMN ledger.transactions.recorded_at IS 'Real time, taken while its accounts were locked: the order of an account''s legs is the order of these times';
COMMENT ON COLUMN ledger.transactions.effective_on IS 'The day of effective_at in the legal entity''s time zone (UTC where its accounts belong to none), derived once';
CREATE INDEX transactions_by_source ON ledger.transactions (tenant_id, source_type, source_id, id) WHERE source_id IS NOT NULL;
COMMENT ON COLUMN ledger.transactions.reverses IS 'The transaction that this one takes back, whole or in part';
COMMENT ON COLUMN ledger.transactions.settles IS 'The pending transaction that this one posts';
COMMENT ON COLUMN ledger.transactions.asked_effective_at IS 'The effective time that was asked for, where it lay in a closed period and was routed to a later day';
CREATE INDEX transactions_by_pending ON ledger.transactions (tenant_id, settles) WHERE settles IS NOT NULL;
CREATE INDEX transactions_by_original ON ledger.transactions (tenant_id, reverses) WHERE reverses IS NOT NULL;
SELECT core.isolate('ledger.transactions'), core.append_only('ledger.transactions');

CREATE TABLE ledger.entries (
  tenant_id uuid NOT NULL,
  transaction_id bigint NOT NULL,
  debit_account_id bigint NOT NULL,
  credit_account_id bigint NOT NULL,
  amount_minor bigint NOT NULL,
  debit_seq bigint NOT NULL,
  debit_net bigint NOT NULL,
  credit_seq bigint NOT NULL,
  credit_net bigint NOT NULL,
  recorded_at timestamptz NOT NULL,
  effective_at timestamptz NOT NULL,
  effective_on date NOT NULL,
  n smallint NOT NULL,
  of_n smallint NOT NULL DEFAULT 0,
  debit_late boolean NOT NULL DEFAULT false,
  credit_late boolean NOT NULL DEFAULT false,
  currency text COLLATE "C" NOT NULL,
  CONSTRAINT entries_pkey PRIMARY KEY (tenant_id, transaction_id, n),
  CONSTRAINT entries_debit_sequence UNIQUE (tenant_id, debit_account_id, debit_seq),
  CONSTRAINT entries_credit_sequence UNIQUE (tenant_id, credit_account_id, credit_seq),
  CONSTRAINT entries_amount_is_positive CHECK (amount_minor > 0),
  CONSTRAINT entries_between_two_accounts CHECK (debit_account_id <> credit_account_id)
);
COMMENT ON TABLE ledger.entries IS 'The journal: each row debits one account and credits another by the same amount, so it is balanced by its shape';
-- A balance as of a time is read at one leg, by its number, and corrected by the few legs that came late.
CREATE INDEX entries_debit_late ON ledger.entries (tenant_id, debit_account_id, effective_at) INCLUDE (debit_seq, amount_minor) WHERE debit_late;
CREATE INDEX entries_credit_late ON ledger.entries (tenant_id, credit_account_id, effective_at) INCLUDE (credit_seq, amount_minor) WHERE credit_late;
COMMENT ON COLUMN ledger.entries.of_n IS 'The entry that this one takes back or posts, by its number within the transaction that is reversed or settled; 0: none';
COMMENT ON COLUMN ledger.entries.debit_late IS 'Effective before a leg that the debited account had already';
COMMENT ON COLUMN ledger.entries.credit_late IS 'Effective before a leg that the credited account had already';
COMMENT ON COLUMN ledger.entries.debit_seq IS 'The number of this leg among all legs of the debited account, from 1 without gaps';
COMMENT ON COLUMN ledger.entries.debit_net IS 'The debited account''s net (debits − credits) after this leg';
COMMENT ON COLUMN ledger.entries.credit_seq IS 'The number of this leg among all legs of the credited account, from 1 without gaps';
COMMENT ON COLUMN ledger.entries.credit_net IS 'The credited account''s net (debits − credits) after this leg';
SELECT core.isolate('ledger.entries'), core.append_only('ledger.entries');

CREATE TABLE ledger.refusals (
  tenant_id uuid NOT NULL,
  request_id bigint NOT NULL,
  refused_at timestamptz NOT NULL,
  code smallint NOT NULL,
  facts jsonb NOT NULL,
  CONSTRAINT refusals_pkey PRIMARY KEY (tenant_id, request_id),
  CONSTRAINT refusals_code_is_one CHECK (code >= 10)
);
COMMENT ON TABLE ledger.refusals IS 'What a rule refused, under its key, for ever: the result code (listed in headgate/ledger/errors.py) and the figures';
SELECT core.isolate('ledger.refusals'), core.append_only('ledger.refusals');

-- Reservations -------------------------------------------------------------------------------------------------------
CREATE TABLE ledger.reservation_requests (
  tenant_id uuid NOT NULL,
  id bigint NOT NULL,
  recorded_at timestamptz NOT NULL,
  hash_formula smallint NOT NULL,
  body_hash bytea NOT NULL,
  key text COLLATE "C" NOT NULL,
  CONSTRAINT reservation_requests_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT reservation_requests_one_a_key UNIQUE (tenant_id, key),
  CONSTRAINT reservation_requests_key_length CHECK (length(key) BETWEEN 1 AND 255),
  CONSTRAINT reservation_requests_hash_is_sha256 CHECK (octet_length(body_hash) = 32)
);
COMMENT ON TABLE ledger.reservation_requests IS 'Every reservation, and change of one, that was asked for, once a key, for ever: made where ledger.reservations or ledger.reservation_events has it, else refused';
SELECT core.isolate('ledger.reservation_requests'), core.append_only('ledger.reservation_requests');

CREATE TABLE ledger.reservations (
  tenant_id uuid NOT NULL,
  id bigint NOT NULL,
  account_id bigint NOT NULL,
  amount_minor bigint NOT NULL,
  remaining_minor bigint NOT NULL,
  captured_minor bigint NOT NULL DEFAULT 0,
  released_minor bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL DEFAULT 'infinity',
  status text COLLATE "C" NOT NULL DEFAULT 'active',
  currency text COLLATE "C" NOT NULL,
  reserve_type text COLLATE "C" NOT NULL,
  source_ref text COLLATE "C" NOT NULL,
  CONSTRAINT reservations_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT reservations_amount_is_positive CHECK (amount_minor > 0),
  CONSTRAINT reservations_parts_are_not_negative CHECK (remaining_minor >= 0 AND captured_minor >= 0 AND released_minor >= 0),
  CONSTRAINT reservations_parts_add_up CHECK (captured_minor + released_minor + remaining_minor = amount_minor),
  CONSTRAINT reservations_status_is_known CHECK (status IN ('active', 'captured', 'released', 'expired')),
  CONSTRAINT reservations_active_while_something_is_left CHECK ((status = 'active') = (remaining_minor > 0)),
  CONSTRAINT reservations_type_length CHECK (length(reserve_type) BETWEEN 1 AND 100),
  CONSTRAINT reservations_source_length CHECK (length(source_ref) BETWEEN 1 AND 255)
) WITH (fillfactor = 60);
COMMENT ON TABLE ledger.reservations IS 'Money of an account set aside for one purpose, until it is captured into postings, released or expired';
COMMENT ON COLUMN ledger.reservations.expires_at IS 'On the tenant''s clock; from that instant it counts in no read, marked or not';
CREATE INDEX reservations_falling_due ON ledger.reservations (tenant_id, expires_at) WHERE status = 'active' AND expires_at < 'infinity';
CREATE INDEX reservations_by_account ON ledger.reservations (tenant_id, account_id, id);
CREATE INDEX reservations_by_source ON ledger.reservations (tenant_id, source_ref);
SELECT core.isolate('ledger.reservations');
-- The row's check may not see what a planted hand changes; the trigger holds whoever writes: an end is an end.
CREATE FUNCTION ledger.refuse_a_second_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'HG003', MESSAGE = format('a reservation that is %s stays so', OLD.status);
END $$;
COMMENT ON FUNCTION ledger.refuse_a_second_end() IS 'Row trigger: a captured, released or expired reservation never changes again';
CREATE TRIGGER reservations_end_once BEFORE UPDATE ON ledger.reservations
  FOR EACH ROW WHEN (OLD.status <> 'active') EXECUTE FUNCTION ledger.refuse_a_second_end();
ALTER TABLE ledger.reservations ENABLE ALWAYS TRIGGER reservations_end_once;

CREATE TABLE ledger.reservation_events (
  tenant_id uuid NOT NULL,
  reservation_id bigint NOT NULL,
  id bigint NOT NULL,
  recorded_at timestamptz NOT NULL,
  amount_minor bigint NOT NULL,
  transaction_id bigint,
  request_id bigint,
  kind text COLLATE "C" NOT NULL,
  CONSTRAINT reservation_events_pkey PRIMARY KEY (tenant_id, reservation_id, id),
  CONSTRAINT reservation_events_kind_is_known CHECK (kind IN ('increased', 'captured', 'released', 'expired')),
  CONSTRAINT reservation_events_amount_is_positive CHECK (amount_minor > 0),
  CONSTRAINT reservation_events_a_capture_is_a_posting CHECK ((kind = 'captured') = (transaction_id IS NOT NULL))
);
COMMENT ON TABLE ledger.reservation_events IS 'What became of reserved money, part by part; a capture names its posting';
COMMENT ON COLUMN ledger.reservation_events.request_id IS 'The request, once a key, that changed it: more, or a part given back';
CREATE UNIQUE INDEX reservation_events_one_a_request ON ledger.reservation_events (tenant_id, request_id) WHERE request_id IS NOT NULL;
CREATE UNIQUE INDEX reservation_events_one_a_posting ON ledger.reservation_events (tenant_id, transaction_id) WHERE transaction_id IS NOT NULL;
SELECT core.isolate('ledger.reservation_events'), core.append_only('ledger.reservation_events');

-- How far the book has been proved -----------------------------------------------------------------------------------
CREATE TABLE ledger.verified_accounts (
  tenant_id uuid NOT NULL,
  account_id bigint NOT NULL,
  seq bigint NOT NULL,
  net_minor bigint NOT NULL,
  CONSTRAINT verified_accounts_pkey PRIMARY KEY (tenant_id, account_id)
);
COMMENT ON TABLE ledger.verified_accounts IS 'Up to which leg, and at which net, a check has found each account right';
SELECT core.isolate('ledger.verified_accounts');

CREATE TABLE ledger.verified_requests (
  tenant_id uuid NOT NULL,
  request_id bigint NOT NULL,
  next_request_id bigint NOT NULL,
  next_xid xid8 NOT NULL,
  CONSTRAINT verified_requests_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT verified_requests_goes_on CHECK (next_request_id >= request_id)
);
COMMENT ON TABLE ledger.verified_requests IS 'Up to which number every transaction and reservation has been found right';
COMMENT ON COLUMN ledger.verified_requests.next_xid IS 'Once every database transaction below this is over, no number up to next_request_id can appear any more';
SELECT core.isolate('ledger.verified_requests');

-- Grants: the application reads; only the posting functions write ----------------------------------------------------
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO headgate_app, headgate_readonly, headgate_poster;
GRANT INSERT ON ALL TABLES IN SCHEMA ledger TO headgate_poster;
GRANT UPDATE (net_minor, seq, lo_minor, hi_minor, reserved_minor, pending_out_minor, pending_in_minor, next_expiry_at, effective_max, late_by_max,
              parent_id, closed_through, route_to, must_be_zero, is_watched, status) ON ledger.accounts TO headgate_poster;
GRANT UPDATE (amount_minor, expires_at, remaining_minor, captured_minor, released_minor, updated_at, status) ON ledger.reservations TO headgate_poster;
GRANT UPDATE ON ledger.verified_accounts, ledger.verified_requests TO headgate_poster;
