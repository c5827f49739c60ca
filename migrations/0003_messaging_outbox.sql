-- Messages: written with the business in one transaction (outbox), relayed, queued per consumer, handled once (inbox).
SELECT core.make_schema('messaging', 'Transactional outbox, queues of the PostgreSQL transport, consumer inbox, dead letters');
GRANT USAGE ON SCHEMA messaging TO headgate_dispatcher, headgate_operator;

CREATE SEQUENCE messaging.message_id CACHE 1;
GRANT USAGE ON SEQUENCE messaging.message_id TO headgate_app, headgate_poster, headgate_dispatcher;

-- Outbox -------------------------------------------------------------------------------------------------------------
CREATE TABLE messaging.outbox_messages (
  tenant_id uuid NOT NULL,
  id bigint NOT NULL DEFAULT nextval('messaging.message_id'),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  event_type text COLLATE "C" NOT NULL CONSTRAINT outbox_event_type_is_a_topic CHECK (event_type ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$'),
  aggregate_type text COLLATE "C" NOT NULL,
  aggregate_id text COLLATE "C" NOT NULL,
  payload jsonb,
  audit_event_id bigint,
  audit_xid xid8,
  audit_epoch integer,
  correlation_id text COLLATE "C",
  dedupe_key text COLLATE "C",
  available_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  claimed_by text COLLATE "C",
  claimed_until timestamptz,
  attempt_count integer NOT NULL DEFAULT 0,
  last_error text,
  published_at timestamptz,
  dead_at timestamptz,
  CONSTRAINT outbox_messages_pkey PRIMARY KEY (tenant_id, id, created_at),
  CONSTRAINT outbox_carries_or_points CHECK ((payload IS NULL) = (audit_event_id IS NOT NULL)),
  CONSTRAINT outbox_pointer_is_whole CHECK (num_nulls(audit_event_id, audit_xid, audit_epoch) IN (0, 3)),
  CONSTRAINT outbox_is_published_or_dead CHECK (published_at IS NULL OR dead_at IS NULL)
) PARTITION BY RANGE (created_at);
COMMENT ON TABLE messaging.outbox_messages IS 'Messages as the business transaction wrote them; the relay hands them to the transport';
COMMENT ON COLUMN messaging.outbox_messages.audit_event_id IS 'Instead of a payload: the audit event of the same transaction whose data is the payload; its event_time equals created_at';
COMMENT ON COLUMN messaging.outbox_messages.dedupe_key IS 'The derived key under which this message exists once per tenant (messaging.outbox_keys)';
COMMENT ON COLUMN messaging.outbox_messages.claimed_until IS 'Until when the relay that claimed the row may keep it; past that anyone takes it over';
CREATE INDEX outbox_pending ON messaging.outbox_messages (available_at, id) WHERE published_at IS NULL AND dead_at IS NULL;

CREATE FUNCTION messaging.add_months(months_ahead integer) RETURNS integer
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT core.partition_by_month('messaging.outbox_messages', months_ahead) $$;
COMMENT ON FUNCTION messaging.add_months(integer) IS 'Makes the missing monthly partitions of the outbox';
GRANT EXECUTE ON FUNCTION messaging.add_months(integer) TO headgate_app, headgate_dispatcher;

SELECT core.isolate('messaging.outbox_messages');
SELECT messaging.add_months(2);
CREATE POLICY dispatcher_reads ON messaging.outbox_messages FOR SELECT TO headgate_dispatcher USING (true);
CREATE POLICY dispatcher_inserts ON messaging.outbox_messages FOR INSERT TO headgate_dispatcher WITH CHECK (true);
CREATE POLICY dispatcher_updates ON messaging.outbox_messages FOR UPDATE TO headgate_dispatcher USING (true) WITH CHECK (true);
GRANT SELECT ON messaging.outbox_messages TO headgate_app, headgate_readonly, headgate_poster, headgate_dispatcher, headgate_operator;
GRANT INSERT (tenant_id, id, created_at, event_type, aggregate_type, aggregate_id, payload, audit_event_id, audit_xid, audit_epoch, correlation_id, dedupe_key)
  ON messaging.outbox_messages TO headgate_app, headgate_poster, headgate_dispatcher;
GRANT UPDATE (available_at, claimed_by, claimed_until, attempt_count, last_error, published_at, dead_at)
  ON messaging.outbox_messages TO headgate_dispatcher, headgate_poster;

-- A permanent key cannot live in a table that is partitioned by month.
CREATE TABLE messaging.outbox_keys (
  tenant_id uuid NOT NULL,
  dedupe_key text COLLATE "C" NOT NULL CONSTRAINT outbox_keys_are_not_empty CHECK (dedupe_key <> ''),
  message_id bigint NOT NULL,
  CONSTRAINT outbox_keys_pkey PRIMARY KEY (tenant_id, dedupe_key)
);
COMMENT ON TABLE messaging.outbox_keys IS 'Derived keys of messages that may be published once only';
SELECT core.isolate('messaging.outbox_keys');
SELECT core.append_only('messaging.outbox_keys');
GRANT SELECT, INSERT ON messaging.outbox_keys TO headgate_app, headgate_poster;
GRANT SELECT ON messaging.outbox_keys TO headgate_readonly;

-- Queues of the PostgreSQL transport ---------------------------------------------------------------------------------
CREATE TABLE messaging.queue_messages (
  tenant_id uuid NOT NULL,
  consumer text COLLATE "C" NOT NULL,
  message_id bigint NOT NULL,
  created_at timestamptz NOT NULL,
  event_type text COLLATE "C" NOT NULL,
  aggregate_type text COLLATE "C" NOT NULL,
  aggregate_id text COLLATE "C" NOT NULL,
  payload jsonb NOT NULL,
  correlation_id text COLLATE "C",
  queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  available_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  claimed_by text COLLATE "C",
  claimed_until timestamptz,
  attempt_count integer NOT NULL DEFAULT 0,
  last_error text,
  CONSTRAINT queue_messages_pkey PRIMARY KEY (tenant_id, consumer, message_id)
) WITH (fillfactor = 70);
COMMENT ON TABLE messaging.queue_messages IS 'What each consumer still has to handle (PostgreSQL transport); a handled message leaves';
CREATE INDEX queue_messages_due ON messaging.queue_messages (consumer, available_at, message_id);
SELECT core.isolate('messaging.queue_messages');
CREATE POLICY dispatcher_reads ON messaging.queue_messages FOR SELECT TO headgate_dispatcher USING (true);
CREATE POLICY dispatcher_inserts ON messaging.queue_messages FOR INSERT TO headgate_dispatcher WITH CHECK (true);
CREATE POLICY dispatcher_updates ON messaging.queue_messages FOR UPDATE TO headgate_dispatcher USING (true) WITH CHECK (true);
CREATE POLICY dispatcher_deletes ON messaging.queue_messages FOR DELETE TO headgate_dispatcher USING (true);
GRANT SELECT ON messaging.queue_messages TO headgate_app, headgate_readonly, headgate_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON messaging.queue_messages TO headgate_dispatcher;

CREATE TABLE messaging.subscriptions (
  consumer text COLLATE "C" NOT NULL CONSTRAINT subscriptions_pkey PRIMARY KEY,
  topics text[] NOT NULL CONSTRAINT subscriptions_have_topics CHECK (cardinality(topics) > 0),
  pattern text NOT NULL,
  since timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE messaging.subscriptions IS 'Which consumers want which topics (PostgreSQL transport), as a broker would keep its bindings';
COMMENT ON COLUMN messaging.subscriptions.pattern IS 'The topics as one regular expression over event_type';
GRANT SELECT ON messaging.subscriptions TO headgate_app, headgate_readonly, headgate_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON messaging.subscriptions TO headgate_dispatcher;

-- Inbox --------------------------------------------------------------------------------------------------------------
CREATE TABLE messaging.inbox (
  tenant_id uuid NOT NULL,
  consumer text COLLATE "C" NOT NULL,
  message_id bigint NOT NULL,
  handled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT inbox_pkey PRIMARY KEY (tenant_id, consumer, message_id)
);
COMMENT ON TABLE messaging.inbox IS 'What each consumer has handled, written with its effects: a message that comes twice is handled once';
SELECT core.isolate('messaging.inbox');
SELECT core.append_only('messaging.inbox');
GRANT SELECT, INSERT ON messaging.inbox TO headgate_app;
GRANT SELECT ON messaging.inbox TO headgate_readonly;

-- Dead letters -------------------------------------------------------------------------------------------------------
CREATE SEQUENCE messaging.dead_letter_id CACHE 1;
GRANT USAGE ON SEQUENCE messaging.dead_letter_id TO headgate_dispatcher;

CREATE TABLE messaging.dead_letters (
  tenant_id uuid NOT NULL,
  id bigint NOT NULL DEFAULT nextval('messaging.dead_letter_id'),
  -- '' is the relay: the message never reached the transport. Else the consumer that could not handle it.
  consumer text COLLATE "C" NOT NULL,
  message_id bigint NOT NULL,
  created_at timestamptz NOT NULL,
  event_type text COLLATE "C" NOT NULL,
  aggregate_type text COLLATE "C" NOT NULL,
  aggregate_id text COLLATE "C" NOT NULL,
  payload jsonb NOT NULL,
  correlation_id text COLLATE "C",
  attempt_count integer NOT NULL,
  last_error text NOT NULL,
  dead_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  requeued_at timestamptz,
  requeued_by text,
  CONSTRAINT dead_letters_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT dead_letters_requeue_is_whole CHECK ((requeued_at IS NULL) = (requeued_by IS NULL))
);
COMMENT ON TABLE messaging.dead_letters IS 'Messages given up after their last attempt, with the reason; requeued by hand';
COMMENT ON COLUMN messaging.dead_letters.consumer IS 'Who could not handle it; empty where the relay could not hand it to the transport';
CREATE UNIQUE INDEX dead_letters_stand_once ON messaging.dead_letters (tenant_id, consumer, message_id) WHERE requeued_at IS NULL;
SELECT core.isolate('messaging.dead_letters');
CREATE POLICY dispatcher_reads ON messaging.dead_letters FOR SELECT TO headgate_dispatcher USING (true);
CREATE POLICY dispatcher_inserts ON messaging.dead_letters FOR INSERT TO headgate_dispatcher WITH CHECK (true);
GRANT SELECT ON messaging.dead_letters TO headgate_app, headgate_readonly, headgate_operator, headgate_poster, headgate_dispatcher;
GRANT INSERT ON messaging.dead_letters TO headgate_dispatcher;
GRANT UPDATE (requeued_at, requeued_by) ON messaging.dead_letters TO headgate_poster;
GRANT INSERT ON messaging.queue_messages TO headgate_poster;
