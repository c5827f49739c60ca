-- The database as the migrations make it, listed from its catalogue by headgate.core.schema_listing.
-- To be read, not run. A test holds it equal to what the migrations make.

default privileges of headgate_owner
  functions: EXECUTE to headgate_owner

default privileges of headgate_poster
  functions: EXECUTE to headgate_poster

default privileges of headgate_resolver
  functions: EXECUTE to headgate_resolver

schema alerts
  owner headgate_owner
  comment Who is told of what: notifications in the application and by e-mail
  grant CREATE, USAGE to headgate_poster
  grant CREATE, USAGE to headgate_resolver
  grant USAGE to headgate_app
  grant USAGE to headgate_readonly

table alerts.addresses
  owner headgate_owner
  comment Where the mails of a recipient go, sealed; the newest row counts, and one without an address ends it
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column recipient text collate C not null
  column address_sealed bytea
  column shown text not null -- What of it may be seen: its first letter and its domain
  column set_by text not null default core.actor_id()
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint addresses_pkey PRIMARY KEY (tenant_id, id)
  constraint addresses_recipient_is_known CHECK ((recipient ~ '^(pty_[0-9a-hjkmnp-tv-z]{26}|team:[a-z][a-z0-9_-]{0,39})$'::text))
  INDEX addresses_of_recipient ON alerts.addresses USING btree (tenant_id, recipient, id DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON alerts.addresses FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table alerts.mail_tries
  owner headgate_owner
  comment What became of each try to send a mail; the server's code alone, since its words may repeat the address
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column notification_id text collate C not null
  column try_no integer not null
  column outcome text not null
  column reply_code integer
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint mail_tries_mail_fkey FOREIGN KEY (tenant_id, notification_id) REFERENCES alerts.mails(tenant_id, notification_id)
  constraint mail_tries_outcome_is_known CHECK ((outcome = ANY (ARRAY['sent'::text, 'deferred'::text, 'refused'::text, 'unreachable'::text, 'unknown'::text])))
  constraint mail_tries_pkey PRIMARY KEY (tenant_id, notification_id, try_no)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON alerts.mail_tries FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table alerts.mails
  owner headgate_owner
  comment The mail of a notification. One of which nobody knows whether it left (unknown) is never sent again
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (changed_at) to headgate_app
  grant UPDATE (claimed_until) to headgate_app
  grant UPDATE (next_at) to headgate_app
  grant UPDATE (status) to headgate_app
  grant UPDATE (tries) to headgate_app
  column tenant_id uuid not null
  column notification_id text collate C not null
  column status text not null default 'waiting'::text
  column tries integer not null default 0
  column next_at timestamp with time zone not null
  column claimed_until timestamp with time zone
  column changed_at timestamp with time zone not null default clock_timestamp()
  constraint mails_are_tried_three_times CHECK (((tries >= 0) AND (tries <= 3)))
  constraint mails_claim_has_its_end CHECK (((status = 'sending'::text) = (claimed_until IS NOT NULL)))
  constraint mails_notification_fkey FOREIGN KEY (tenant_id, notification_id) REFERENCES alerts.notifications(tenant_id, id)
  constraint mails_pkey PRIMARY KEY (tenant_id, notification_id)
  INDEX mails_to_send ON alerts.mails USING btree (tenant_id, next_at) WHERE (status = ANY (ARRAY['waiting'::text, 'sending'::text]))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER mail_begins BEFORE INSERT ON alerts.mails FOR EACH ROW WHEN ((new.status <> 'waiting'::text)) EXECUTE FUNCTION core.check_transition('mail', 'alerts.transitions')
  TRIGGER mail_moves BEFORE UPDATE OF status ON alerts.mails FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION core.check_transition('mail', 'alerts.transitions')

table alerts.notifications
  owner headgate_owner
  comment What somebody was told in the application; it stays, whatever becomes of its mail
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (email_sent) to headgate_app
  grant UPDATE (read_at) to headgate_app
  grant UPDATE (read_by) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null
  column key text collate C not null -- What it tells of: the event and its subject; the same message again tells nothing new
  column kind text collate C not null
  column recipient text collate C not null
  column title text not null
  column message text not null
  column payment_id text collate C
  column loan_id text collate C
  column email_sent boolean not null default false
  column read_at timestamp with time zone
  column read_by text
  column created_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint notifications_once_for_each_fact UNIQUE (tenant_id, key, recipient)
  constraint notifications_pkey PRIMARY KEY (tenant_id, id)
  constraint notifications_read_by_somebody CHECK (((read_at IS NULL) = (read_by IS NULL)))
  constraint notifications_recipient_is_known CHECK ((recipient ~ '^(pty_[0-9a-hjkmnp-tv-z]{26}|team:[a-z][a-z0-9_-]{0,39})$'::text))
  INDEX notifications_of_payment ON alerts.notifications USING btree (tenant_id, payment_id) WHERE (payment_id IS NOT NULL)
  INDEX notifications_of_recipient ON alerts.notifications USING btree (tenant_id, recipient, id DESC)
  INDEX notifications_unread ON alerts.notifications USING btree (tenant_id, recipient, id DESC) WHERE (read_at IS NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table alerts.preferences
  owner headgate_owner
  comment Who gets what: a team, every borrower, or one of them (a party); the newest row of a recipient and kind counts
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column recipient text collate C not null
  column kind text collate C not null
  column is_on boolean not null
  column by_email boolean not null
  column reason text not null
  column set_by text not null default core.actor_id()
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint preferences_kind_is_known CHECK ((kind = ANY (ARRAY['payment_posted'::text, 'payment_partial'::text, 'payment_reversed'::text])))
  constraint preferences_mail_goes_beside_a_row CHECK ((is_on OR (NOT by_email)))
  constraint preferences_pkey PRIMARY KEY (tenant_id, id)
  constraint preferences_recipient_is_known CHECK ((recipient ~ '^(borrowers|pty_[0-9a-hjkmnp-tv-z]{26}|team:[a-z][a-z0-9_-]{0,39})$'::text))
  constraint preferences_say_why CHECK ((btrim(reason) <> ''::text))
  INDEX preferences_of_recipient ON alerts.preferences USING btree (tenant_id, recipient, kind, id DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER is_setting AFTER INSERT OR DELETE OR UPDATE ON alerts.preferences FOR EACH STATEMENT EXECUTE FUNCTION core.count_setting()
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON alerts.preferences FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table alerts.templates
  owner headgate_owner
  comment A tenant's own words for a kind of notification, with {fields}; the newest row of an audience and kind counts
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column audience text not null
  column kind text collate C not null
  column title text not null
  column message text not null
  column set_by text not null default core.actor_id()
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint templates_audience_is_known CHECK ((audience = ANY (ARRAY['borrower'::text, 'team'::text])))
  constraint templates_kind_is_known CHECK ((kind = ANY (ARRAY['payment_posted'::text, 'payment_partial'::text, 'payment_reversed'::text])))
  constraint templates_message_is_short CHECK (((length(message) >= 1) AND (length(message) <= 4000)))
  constraint templates_pkey PRIMARY KEY (tenant_id, id)
  constraint templates_title_is_one_line CHECK ((((length(title) >= 1) AND (length(title) <= 200)) AND (title !~ '[\r\n]'::text)))
  INDEX templates_of_kind ON alerts.templates USING btree (tenant_id, audience, kind, id DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER is_setting AFTER INSERT OR DELETE OR UPDATE ON alerts.templates FOR EACH STATEMENT EXECUTE FUNCTION core.count_setting()
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON alerts.templates FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table alerts.transitions
  owner headgate_owner
  comment The legal moves of a notification's mail; '' is nothing yet
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column entity text not null
  column from_status text not null
  column to_status text not null
  constraint transitions_pkey PRIMARY KEY (entity, from_status, to_status)

schema audit
  owner headgate_owner
  comment What was done, by whom and when: facts only, sealed into one hash chain per tenant
  grant CREATE, USAGE to headgate_poster
  grant CREATE, USAGE to headgate_resolver
  grant USAGE to headgate_app
  grant USAGE to headgate_dispatcher
  grant USAGE to headgate_operator
  grant USAGE to headgate_readonly

function audit.add_months(months_ahead integer)
  owner headgate_owner
  comment Makes the missing monthly partitions of the log, each as closed as the log itself
  returns integer, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body bb073f591d9bcaf1
  grant EXECUTE to headgate_app

function audit.announce_restore()
  owner headgate_poster
  comment Starts an epoch where this looks like a restore that nobody announced; NULL where there is nothing to announce
  returns integer, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 06049a3c336bbe0f
  grant EXECUTE to headgate_app

function audit.append_block(number bigint, formula smallint, epoch integer, first_xid xid8, first_id bigint, last_xid xid8, last_id bigint, event_ids bigint[], event_hashes bytea, suspect_ids bigint[], previous_hash bytea, block_hash bytea, sealed_at timestamp with time zone)
  owner headgate_poster
  comment Appends the next block of the tenant in context; refuses one that does not follow the last (HG202)
  returns void, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 97f1971e1d863bbe
  grant EXECUTE to headgate_app

function audit.backlog(OUT tenant_id uuid, OUT unsealed_since timestamp with time zone, OUT is_final boolean)
  owner headgate_resolver
  comment Tenants with unsealed events: the time of the first, and whether every transaction before it has ended, so that it can be sealed
  returns SETOF record, sql, stable, security definer
  set search_path=pg_catalog, pg_temp
  body 32005391acf46950
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function audit.close_door(target regclass)
  owner headgate_owner
  comment Puts the only_by_recording trigger on a table or partition
  returns void, plpgsql, volatile
  body 278b258c1a3029cc

function audit.current_epoch()
  owner headgate_owner
  comment The epoch under which this server records
  returns integer, plpgsql, stable
  body 55cb1b61db75b009
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_operator
  grant EXECUTE to headgate_poster
  grant EXECUTE to headgate_readonly
  grant EXECUTE to headgate_resolver

function audit.only_by_recording()
  owner headgate_owner
  comment Statement trigger: refuses an INSERT by anyone but the posting functions, superusers included
  returns trigger, plpgsql, volatile
  body 378083dd5ee2d7a9
  grant EXECUTE to PUBLIC

function audit.record_many(types text[], datas jsonb[], payment_ids text[], ingestion_ids text[])
  owner headgate_poster
  comment Records events of the tenant and actor in context, in order; returns their ids in that order
  returns bigint[], sql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 4fbd450a84ca9b95
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_operator
  grant EXECUTE to headgate_resolver

function audit.record_many_v2(types text[], datas jsonb[], payment_ids text[], ingestion_ids text[], correlations text[])
  owner headgate_poster
  comment Records events of the tenant and actor in context, in order, each under its correlation or the context's; returns their ids in that order
  returns bigint[], plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 6a6c714081ed4349
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_operator
  grant EXECUTE to headgate_resolver

function audit.record_one(type text, data jsonb, payment_id text, ingestion_id text)
  owner headgate_poster
  comment Records one event of the tenant and actor in context; returns its id
  arguments type text, data jsonb, payment_id text DEFAULT NULL::text, ingestion_id text DEFAULT NULL::text
  returns bigint, sql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body df0a3712164945a4
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_operator
  grant EXECUTE to headgate_resolver

function audit.restore_suspected()
  owner headgate_resolver
  comment Why this looks like a restore that no epoch announces; NULL where it does not
  returns text, sql, stable, security definer
  set search_path=pg_catalog, pg_temp
  body 27d8f5f29fb86336
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_poster
  grant EXECUTE to headgate_readonly

function audit.start_epoch(reason text)
  owner headgate_poster
  comment Announces a restore, before anything is written; for administrators
  returns integer, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 28114307b20052a0

function audit.tenant_ids()
  owner headgate_resolver
  comment Every tenant that the log knows, by its events or by its blocks
  returns SETOF uuid, sql, stable, security definer
  set search_path=pg_catalog, pg_temp
  body 0a74a6204b39d94e
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function audit.witness(tenant_id uuid, id bigint, event_time timestamp with time zone, xid xid8, epoch integer, formula smallint, type text, actor_type text, actor_id text, person_id text, correlation_id text, payment_id text, ingestion_id text, data jsonb)
  owner headgate_owner
  comment A cheap hash over a whole event, so that a row written by hand is found before it is sealed (0.7 us)
  returns bigint, sql, immutable, parallel safe
  body b94dacc12cecb460
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_operator
  grant EXECUTE to headgate_poster
  grant EXECUTE to headgate_readonly

sequence audit.event_id
  owner headgate_owner
  bigint start 1 increment 1 from 1 to 9223372036854775807 cache 1
  grant USAGE to headgate_poster

table audit.blocks
  owner headgate_owner
  comment The seal over audit.events: runs of events in chain order, with the hash of each, chained block to block
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT (epoch) to headgate_resolver
  grant SELECT (last_id) to headgate_resolver
  grant SELECT (last_xid) to headgate_resolver
  grant SELECT (number) to headgate_resolver
  grant SELECT (tenant_id) to headgate_resolver
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column number bigint not null
  column formula smallint not null
  column epoch integer not null
  column first_xid xid8 not null
  column first_id bigint not null
  column last_xid xid8 not null
  column last_id bigint not null
  column event_count integer not null
  column event_ids bigint[] not null
  column event_hashes bytea not null -- The chained hash of each event, 32 bytes each, in the order of event_ids
  column suspect_ids bigint[] not null -- Events whose witness was wrong when they were sealed: somebody wrote or changed them by hand
  column previous_hash bytea not null
  column block_hash bytea not null
  column sealed_at timestamp with time zone not null
  constraint blocks_are_not_empty CHECK ((event_count > 0))
  constraint blocks_count_from_one CHECK ((number > 0))
  constraint blocks_do_not_overlap UNIQUE (tenant_id, epoch, first_xid, first_id)
  constraint blocks_epoch_exists FOREIGN KEY (epoch) REFERENCES audit.epochs(epoch)
  constraint blocks_hash_each_event CHECK ((octet_length(event_hashes) = (32 * event_count)))
  constraint blocks_hash_is_a_hash CHECK ((octet_length(block_hash) = 32))
  constraint blocks_name_each_event CHECK ((cardinality(event_ids) = event_count))
  constraint blocks_pkey PRIMARY KEY (tenant_id, number)
  constraint blocks_previous_is_a_hash CHECK ((octet_length(previous_hash) = 32))
  policy resolver_reads permissive for select to {headgate_resolver} using true
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.blocks FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER only_by_recording BEFORE INSERT ON audit.blocks FOR EACH STATEMENT EXECUTE FUNCTION audit.only_by_recording()

table audit.epochs
  owner headgate_owner
  comment Each server that wrote this log: a restore onto another one starts a new epoch
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  grant SELECT to headgate_resolver
  column epoch integer not null
  column started_at timestamp with time zone not null default clock_timestamp()
  column reason text not null
  column system_identifier bigint not null
  constraint epochs_have_a_reason CHECK ((reason <> ''::text))
  constraint epochs_pkey PRIMARY KEY (epoch)
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.epochs FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table audit.events
  owner headgate_owner
  comment Every fact that was recorded; written by the recording functions only, never changed
  partition by RANGE (event_time)
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT (correlation_id) to headgate_dispatcher
  grant SELECT (data) to headgate_dispatcher
  grant SELECT (epoch) to headgate_dispatcher
  grant SELECT (epoch) to headgate_resolver
  grant SELECT (event_time) to headgate_dispatcher
  grant SELECT (event_time) to headgate_resolver
  grant SELECT (id) to headgate_dispatcher
  grant SELECT (id) to headgate_resolver
  grant SELECT (tenant_id) to headgate_dispatcher
  grant SELECT (tenant_id) to headgate_resolver
  grant SELECT (xid) to headgate_dispatcher
  grant SELECT (xid) to headgate_resolver
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null
  column event_time timestamp with time zone not null -- Real time of the event (clock_timestamp()), also where a test tenant's clock was moved
  column xid xid8 not null -- The transaction that recorded it: the chain's order is (epoch, xid, id)
  column epoch integer not null
  column formula smallint not null -- Which formula gives this row's canonical bytes
  column type text collate C not null
  column actor_type text collate C not null
  column actor_id text collate C not null
  column person_id text collate C -- The person behind the actor, where there is one
  column correlation_id text collate C
  column payment_id text collate C
  column ingestion_id text collate C
  column data jsonb not null -- Ids and last four digits; never names, account numbers or secrets
  column witness bigint not null -- audit.witness() of every other column: a row that was written or edited by hand lacks it
  constraint events_actor_is_named CHECK ((actor_id <> ''::text))
  constraint events_actor_type_is_known CHECK ((actor_type = ANY (ARRAY['system'::text, 'human'::text, 'ai'::text])))
  constraint events_data_is_an_object CHECK ((jsonb_typeof(data) = 'object'::text))
  constraint events_pkey PRIMARY KEY (tenant_id, epoch, xid, id, event_time)
  INDEX events_payment ON ONLY audit.events USING btree (tenant_id, payment_id, id) WHERE (payment_id IS NOT NULL)
  policy dispatcher_reads permissive for select to {headgate_dispatcher} using true
  policy resolver_reads permissive for select to {headgate_resolver} using true
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.events FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER only_by_recording BEFORE INSERT ON audit.events FOR EACH STATEMENT EXECUTE FUNCTION audit.only_by_recording()

table audit.events_rest
  owner headgate_owner
  comment Rows of audit.events outside every month made so far
  partition of audit.events DEFAULT
  row security enabled, forced
  column tenant_id uuid not null
  column id bigint not null
  column event_time timestamp with time zone not null
  column xid xid8 not null
  column epoch integer not null
  column formula smallint not null
  column type text collate C not null
  column actor_type text collate C not null
  column actor_id text collate C not null
  column person_id text collate C
  column correlation_id text collate C
  column payment_id text collate C
  column ingestion_id text collate C
  column data jsonb not null
  column witness bigint not null
  constraint events_actor_is_named CHECK ((actor_id <> ''::text))
  constraint events_actor_type_is_known CHECK ((actor_type = ANY (ARRAY['system'::text, 'human'::text, 'ai'::text])))
  constraint events_data_is_an_object CHECK ((jsonb_typeof(data) = 'object'::text))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.events_rest FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER only_by_recording BEFORE INSERT ON audit.events_rest FOR EACH STATEMENT EXECUTE FUNCTION audit.only_by_recording()

table audit.server_starts
  owner headgate_owner
  comment Which server each start of one was, as its control file says
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  grant SELECT to headgate_resolver
  column started_at timestamp with time zone not null
  column system_identifier bigint not null
  constraint server_starts_pkey PRIMARY KEY (started_at)
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.server_starts FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table audit.watermarks
  owner headgate_owner
  comment Up to which block each chain has been verified: between full checks, `headgate check` goes on from there
  row security enabled, forced
  grant INSERT, SELECT, UPDATE to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column block_number bigint not null
  column block_hash bytea not null
  column verified_at timestamp with time zone not null default clock_timestamp()
  constraint watermarks_pkey PRIMARY KEY (tenant_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

view audit.chain
  owner headgate_owner
  comment The events with their place in the tenant's hash chain; an unsealed event has no hashes yet
  with security_invoker=true
  query f5a5ca9ecd2e0729
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column id bigint
  column payment_id text collate C
  column ingestion_id text collate C
  column type text collate C
  column event_time timestamp with time zone
  column actor_type text collate C
  column actor_id text collate C
  column person_id text collate C
  column correlation_id text collate C
  column data jsonb
  column epoch integer
  column xid xid8
  column formula smallint
  column block_number bigint
  column prev_event_hash text
  column event_hash text

view audit.invariant_blocks_linked
  owner headgate_owner
  comment Blocks are numbered without a gap, and each names the hash of the one before it.
  with security_invoker=true
  query 5a8243ff5e4be566
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text
  column detail text

view audit.invariant_doors_closed
  owner headgate_owner
  comment The log, its partitions and its blocks refuse every hand: both triggers stand and fire always.
  with security_invoker=true
  query cc588e736c17f594
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject name
  column detail text

view audit.invariant_epochs_rise
  owner headgate_owner
  comment A chain never goes back to an earlier epoch: events of an old server cannot be added after a restore.
  with security_invoker=true
  query e19c900e12694973
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text
  column detail text

schema cases
  owner headgate_owner
  comment What no rule settles, for a person; and approvals, for two
  grant CREATE, USAGE to headgate_poster
  grant CREATE, USAGE to headgate_resolver
  grant USAGE to headgate_app
  grant USAGE to headgate_readonly

function cases.check_request()
  owner headgate_owner
  comment Row trigger: the maker is who is in context
  returns trigger, plpgsql, volatile
  body 1517b6ce2f99386f
  grant EXECUTE to headgate_app

function cases.check_use()
  owner headgate_owner
  comment Row trigger: enough other people said yes to exactly this, in time, and nobody said no
  returns trigger, plpgsql, volatile
  body 385f6f04bfaf04e9
  grant EXECUTE to headgate_app

function cases.check_vote()
  owner headgate_owner
  comment Row trigger: another person than the maker, the same digest, in time, before its use
  returns trigger, plpgsql, volatile
  body 3903dd8f306f68c6
  grant EXECUTE to headgate_app

function cases.queue_on_request()
  owner headgate_owner
  comment Row trigger: one vote or use of a request at a time
  returns trigger, plpgsql, volatile
  body c7ee0c2e9f5ebf97
  grant EXECUTE to headgate_app

table cases.approval_requests
  owner headgate_owner
  comment What somebody asks two people to allow: the exact payload, by its digest
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column action text not null
  column subject text not null
  column payload jsonb not null
  column digest bytea not null
  column digest_formula smallint not null
  column reason text not null
  column approvals_needed smallint not null
  column maker_type text not null
  column maker_id text not null
  column maker_person text
  column requested_at timestamp with time zone not null default clock_timestamp()
  column expires_at timestamp with time zone not null
  constraint approval_requests_digest_is_sha256 CHECK ((octet_length(digest) = 32))
  constraint approval_requests_expire_later CHECK ((expires_at > requested_at))
  constraint approval_requests_name_the_person CHECK (((maker_type <> 'human'::text) OR (maker_person IS NOT NULL)))
  constraint approval_requests_need_a_second_person CHECK (((approvals_needed >= 1) AND (approvals_needed <= 5)))
  constraint approval_requests_pkey PRIMARY KEY (tenant_id, id)
  constraint approval_requests_say_why CHECK ((btrim(reason) <> ''::text))
  constraint approval_requests_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants.tenants(id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER a_request_is_the_makers BEFORE INSERT ON cases.approval_requests FOR EACH ROW EXECUTE FUNCTION cases.check_request()
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON cases.approval_requests FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table cases.approval_uses
  owner headgate_owner
  comment An approval is used once: its key is the request
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column approval_id text collate C not null
  column digest bytea not null
  column used_by text not null
  column used_at timestamp with time zone not null default clock_timestamp()
  constraint approval_uses_pkey PRIMARY KEY (tenant_id, approval_id)
  constraint approval_uses_request_fkey FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_requests(tenant_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER a_queue BEFORE INSERT ON cases.approval_uses FOR EACH ROW EXECUTE FUNCTION cases.queue_on_request()
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON cases.approval_uses FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER b_use_is_approved BEFORE INSERT ON cases.approval_uses FOR EACH ROW EXECUTE FUNCTION cases.check_use()

table cases.approval_votes
  owner headgate_owner
  comment One person's yes or no to one request, with the digest that the person saw
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column approval_id text collate C not null
  column voter_person text not null
  column voter_id text not null
  column approved boolean not null
  column digest bytea not null
  column reason text
  column voted_at timestamp with time zone not null default clock_timestamp()
  constraint approval_votes_pkey PRIMARY KEY (tenant_id, approval_id, voter_person)
  constraint approval_votes_rejection_says_why CHECK ((approved OR (btrim(COALESCE(reason, ''::text)) <> ''::text)))
  constraint approval_votes_request_fkey FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_requests(tenant_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER a_queue BEFORE INSERT ON cases.approval_votes FOR EACH ROW EXECUTE FUNCTION cases.queue_on_request()
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON cases.approval_votes FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER b_vote_is_another_persons BEFORE INSERT ON cases.approval_votes FOR EACH ROW EXECUTE FUNCTION cases.check_vote()

table cases.exception_cases
  owner headgate_owner
  comment What no rule settles: one case a key, ended by a person, the grave ones by two
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (ai_recommendation) to headgate_app
  grant UPDATE (approval_id) to headgate_app
  grant UPDATE (assigned_to) to headgate_app
  grant UPDATE (resolution) to headgate_app
  grant UPDATE (resolved_at) to headgate_app
  grant UPDATE (severity) to headgate_app
  grant UPDATE (state) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null
  column key text collate C not null
  column ingestion_id text
  column payment_id text
  column category text not null
  column subcategory text
  column severity text not null
  column state text not null default 'open'::text
  column detail jsonb not null default '{}'::jsonb
  column assigned_to text
  column ai_recommendation jsonb
  column resolution text
  column approval_id text collate C
  column created_at timestamp with time zone not null default clock_timestamp()
  column resolved_at timestamp with time zone
  constraint exception_cases_approval_fkey FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_uses(tenant_id, approval_id)
  constraint exception_cases_end_is_dated CHECK (((state = ANY (ARRAY['resolved'::text, 'cancelled'::text])) = (resolved_at IS NOT NULL)))
  constraint exception_cases_end_says_how CHECK (((resolved_at IS NULL) OR (btrim(COALESCE(resolution, ''::text)) <> ''::text)))
  constraint exception_cases_four_eyes CHECK (((resolved_at IS NULL) OR (severity = ANY (ARRAY['low'::text, 'medium'::text])) OR (approval_id IS NOT NULL)))
  constraint exception_cases_key UNIQUE (tenant_id, key)
  constraint exception_cases_pkey PRIMARY KEY (tenant_id, id)
  constraint exception_cases_severity CHECK ((severity = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text, 'critical'::text])))
  constraint exception_cases_state CHECK ((state = ANY (ARRAY['open'::text, 'pending'::text, 'resolved'::text, 'cancelled'::text])))
  constraint exception_cases_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants.tenants(id)
  INDEX exception_cases_by_payment ON cases.exception_cases USING btree (tenant_id, payment_id) WHERE (payment_id IS NOT NULL)
  INDEX exception_cases_by_state ON cases.exception_cases USING btree (tenant_id, state, severity)
  INDEX exception_cases_of_evidence ON cases.exception_cases USING btree (tenant_id, ingestion_id) WHERE (ingestion_id IS NOT NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER a_legal_move BEFORE INSERT OR UPDATE ON cases.exception_cases FOR EACH ROW EXECUTE FUNCTION core.check_transition('case', 'cases.transitions', 'state')

table cases.transitions
  owner headgate_owner
  comment The moves a case may make; the same for every tenant
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column entity text not null
  column from_status text not null
  column to_status text not null
  constraint transitions_pkey PRIMARY KEY (entity, from_status, to_status)

view cases.approvals
  owner headgate_owner
  comment Approval requests with the status that follows from their votes and their use
  with security_invoker=true
  query 1208827f48cc096a
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column id text collate C
  column action text
  column subject text
  column payload jsonb
  column digest bytea
  column reason text
  column approvals_needed smallint
  column maker_type text
  column maker_id text
  column maker_person text
  column requested_at timestamp with time zone
  column expires_at timestamp with time zone
  column approvals integer
  column used_at timestamp with time zone
  column status text

view cases.invariant_four_eyes
  owner headgate_owner
  comment Every approval that was used had enough yeses of other people than its maker, for exactly its payload
  with security_invoker=true
  query 323251846cfdcb80
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

schema console
  owner headgate_owner
  comment Sessions of the live console
  grant CREATE, USAGE to headgate_poster
  grant CREATE, USAGE to headgate_resolver
  grant USAGE to headgate_app
  grant USAGE to headgate_readonly

function console.add_link(p_token_hash bytea, p_actor_id text, p_person_id text, p_grants jsonb, p_life interval)
  owner headgate_resolver
  comment A one-time link into the console
  returns void, sql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body edbcfcbf7f9214dd
  grant EXECUTE to headgate_app

function console.end_session(p_session_hash bytea)
  owner headgate_resolver
  comment Signs a browser out
  returns void, sql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body db88f816a1ee4978
  grant EXECUTE to headgate_app

function console.session(p_session_hash bytea)
  owner headgate_resolver
  comment Who a cookie is and which tenants it may see; no rows where it is unknown or over
  returns TABLE(actor_id text, person_id text, tenant_id uuid, slug text, name text, livemode boolean, role text), sql, stable, security definer
  set search_path=pg_catalog, pg_temp
  body 54b85452b8f62dec
  grant EXECUTE to headgate_app

function console.use_link(p_token_hash bytea, p_session_hash bytea, p_life interval)
  owner headgate_resolver
  comment Turns a one-time link into a session; false where it was used or has expired
  returns boolean, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body f63733f628a023c2
  grant EXECUTE to headgate_app

table console.links
  owner headgate_owner
  comment One-time links into the console, by the hash of their token; only functions read or write them
  row security enabled, forced
  grant INSERT, SELECT, UPDATE to headgate_resolver
  column token_hash bytea not null
  column actor_id text not null
  column person_id text
  column grants jsonb not null
  column created_at timestamp with time zone not null default clock_timestamp()
  column expires_at timestamp with time zone not null
  column used_at timestamp with time zone
  constraint links_grant_something CHECK (((jsonb_typeof(grants) = 'array'::text) AND (jsonb_array_length(grants) > 0)))
  constraint links_pkey PRIMARY KEY (token_hash)
  constraint links_token_is_a_sha256 CHECK ((octet_length(token_hash) = 32))
  policy resolver_only permissive for all to {headgate_resolver} using true check true

table console.sessions
  owner headgate_owner
  comment Signed-in browsers, by the hash of their cookie; only functions read or write them
  row security enabled, forced
  grant DELETE, INSERT, SELECT to headgate_resolver
  column token_hash bytea not null
  column actor_id text not null
  column person_id text
  column grants jsonb not null
  column created_at timestamp with time zone not null default clock_timestamp()
  column expires_at timestamp with time zone not null
  constraint sessions_pkey PRIMARY KEY (token_hash)
  constraint sessions_token_is_a_sha256 CHECK ((octet_length(token_hash) = 32))
  policy resolver_only permissive for all to {headgate_resolver} using true check true

schema core
  owner headgate_owner
  comment What every schema stands on: context, isolation, append-only, partitions, ids
  grant USAGE to PUBLIC

function core.actor_id()
  owner headgate_owner
  comment Who acts: the context's actor, else the database login
  returns text, sql, stable
  body f883e7efa62ce860
  grant EXECUTE to PUBLIC

function core.actor_type()
  owner headgate_owner
  comment system, human or ai; whoever comes without a context is human
  returns text, sql, stable
  body 25c9f8b31c4b6c6e
  grant EXECUTE to PUBLIC

function core.adopt_partition(child regclass, parent regclass)
  owner headgate_owner
  comment Gives a partition the row security and the append-only trigger of its parent
  returns void, plpgsql, volatile
  body 9dba1eb3da7eba88

function core.append_only(target regclass)
  owner headgate_owner
  comment Makes a table append-only against app, owner and superuser alike, replication included
  returns void, plpgsql, volatile
  body f2212a23991e36fe

function core.check_full()
  owner headgate_owner
  comment Whether invariants judge every row (the default) or go on from their verified watermark
  returns boolean, sql, stable
  body dbd77d55f9f51a73
  grant EXECUTE to PUBLIC

function core.check_transition()
  owner headgate_owner
  comment Row trigger: a status may only make the moves that its domain's transitions table lists
  returns trigger, plpgsql, volatile
  body 3ea84abf849cc4e7
  grant EXECUTE to PUBLIC

function core.correlation_id()
  owner headgate_owner
  comment What ties together everything done for one request, file or job
  returns text, sql, stable
  body 4730d1168d5a8948
  grant EXECUTE to PUBLIC

function core.count_setting()
  owner headgate_owner
  comment Trigger: a setting of the tenant in context changed, and what was kept of its settings is old
  returns trigger, plpgsql, volatile
  body f0748d5e606813fd

function core.currency_exponent(p_currency text)
  owner headgate_owner
  comment How many decimals a currency of ISO 4217 has; NULL for what is none
  returns integer, sql, immutable, parallel safe
  body f2eb3f0b1e4c4675
  grant EXECUTE to PUBLIC

function core.is_setting(target regclass, is_drawn boolean)
  owner headgate_owner
  comment Makes a table one of settings, which processes may keep until one of them changes. What is drawn when it is first needed may change in any transaction
  arguments target regclass, is_drawn boolean DEFAULT false
  returns void, plpgsql, volatile
  body 0cda81dcf32ad3fc

function core.isolate(target regclass)
  owner headgate_owner
  comment Row-level security, enabled and forced: a tenant sees and writes its own rows only
  returns void, plpgsql, volatile
  body b08e58f0c07e4142

function core.major(p_minor bigint, p_currency text)
  owner headgate_owner
  comment An amount in major units, exact and with the currency's own decimals: 1250 USD is 12.50
  returns numeric, sql, immutable, parallel safe
  body 95d0a918d09123a7
  grant EXECUTE to PUBLIC

function core.make_schema(name text, purpose text)
  owner headgate_owner
  comment A domain's schema, with the grants that every domain needs
  returns void, plpgsql, volatile
  body 992a0e4b735f9e44

function core.new_id(prefix text)
  owner headgate_owner
  comment A fresh id, prefix_ and a UUIDv7 in 26 characters of Crockford base32: the twin of core/ids.py
  returns text, plpgsql, volatile
  body 8b56bed662cc387d
  grant EXECUTE to PUBLIC

function core.partition_by_month(parent regclass, months_ahead integer, from_month date)
  owner headgate_owner
  comment Makes the missing monthly partitions of a table, from this month (or an earlier one) to months_ahead, and the default one
  arguments parent regclass, months_ahead integer, from_month date DEFAULT NULL::date
  returns integer, plpgsql, volatile
  body 5c01d2f4fadfa3ae

function core.person_id()
  owner headgate_owner
  comment The person behind the actor, where there is one: four eyes compare persons, not logins
  returns text, sql, stable
  body 7dc6a6ded6a39b7a
  grant EXECUTE to PUBLIC

function core.refuse_change()
  owner headgate_owner
  comment Statement trigger: refuses UPDATE, DELETE and TRUNCATE, also where no row is touched
  returns trigger, plpgsql, volatile
  body ab433408425c6f26
  grant EXECUTE to PUBLIC

function core.require_tenant()
  owner headgate_owner
  comment The tenant in context; raises HG001 where there is none
  returns uuid, plpgsql, stable, parallel safe
  body 3507e3e67c6a2f97
  grant EXECUTE to PUBLIC

function core.tenant_id()
  owner headgate_owner
  comment The tenant in context, or NULL
  returns uuid, sql, stable, parallel safe
  body b8ade39e03649b52
  grant EXECUTE to PUBLIC

sequence core.settings_version_no
  owner headgate_owner
  bigint start 1 increment 1 from 1 to 9223372036854775807 cache 1
  grant USAGE to headgate_app

table core.data_keys
  owner headgate_owner
  comment A tenant's keys, wrapped: number 0 makes fingerprints and never changes, the highest seals, all open
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant UPDATE (kek_id) to headgate_app
  grant UPDATE (wrapped) to headgate_app
  column tenant_id uuid not null
  column key_no integer not null
  column wrapped bytea not null -- Nonce, AES-256-GCM ciphertext and tag of the 32-byte key; bound to tenant and number
  column kek_id text collate C not null -- Which master key wrapped it
  column created_at timestamp with time zone not null default clock_timestamp()
  constraint data_keys_kek_id_well_formed CHECK ((kek_id ~ '^kek_[0-9a-f]{16}$'::text))
  constraint data_keys_numbered_from_zero CHECK ((key_no >= 0))
  constraint data_keys_pkey PRIMARY KEY (tenant_id, key_no)
  constraint data_keys_wrapped_is_nonce_key_and_tag CHECK ((octet_length(wrapped) = ((12 + 32) + 16)))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER is_setting AFTER INSERT OR DELETE OR UPDATE ON core.data_keys FOR EACH STATEMENT EXECUTE FUNCTION core.count_setting('drawn')

table core.settings_versions
  owner headgate_owner
  comment The last change of a tenant's settings (core.is_setting), as a number: what was kept under another is read again
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (version_no) to headgate_app
  column tenant_id uuid not null
  column version_no bigint not null
  constraint settings_versions_pkey PRIMARY KEY (tenant_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

view core.invariant_append_only_enforced
  owner headgate_owner
  comment Every append-only trigger is ENABLE ALWAYS, so that no session setting passes it by.
  with security_invoker=true
  query a18a8fb98efbb4c5
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view core.invariant_tables_isolated
  owner headgate_owner
  comment Every table with a tenant_id has row-level security enabled and forced, and no policy that forgets the tenant in context.
  with security_invoker=true
  query 797526c756b823d3
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

schema funding
  owner headgate_owner
  comment Deposits of clients' money, and the gate that lets nothing flow unless it is funded
  grant CREATE, USAGE to headgate_poster
  grant CREATE, USAGE to headgate_resolver
  grant USAGE to headgate_app
  grant USAGE to headgate_operator
  grant USAGE to headgate_readonly

function funding.refuse_intent_change()
  owner headgate_owner
  comment Row trigger: what a funding request was made for stays as it was
  returns trigger, plpgsql, volatile
  body 0884a95b2a239066

function funding.require_final()
  owner headgate_owner
  comment Row trigger: only money whose hold has passed on the tenant's clock, and that was not returned, becomes final
  returns trigger, plpgsql, volatile
  body 85706eebcbca4ce4

function funding.require_same_debit()
  owner headgate_owner
  comment Row trigger: representments of a debit are counted without a gap from the first one, which they equal in amount, company and receiver
  returns trigger, plpgsql, volatile
  body 4337d884dfe9efc7

function funding.require_unknown_payer()
  owner headgate_owner
  comment Row trigger: only a deposit whose payer nobody knows is assigned to a legal entity
  returns trigger, plpgsql, volatile
  body a4eb222012ac2e32

table funding.credit_lines
  owner headgate_owner
  comment How much of the tenant's own money a client may be lent, until when; approved, the newest row counts. It counts in the pay gate only when drawn
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column legal_entity_id text collate C not null
  column currency text collate C not null
  column limit_minor bigint not null
  column valid_from timestamp with time zone not null
  column valid_until timestamp with time zone not null
  column reason text not null
  column approval_id text collate C not null
  column set_by text not null default core.actor_id()
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint credit_lines_end CHECK (((valid_until > valid_from) AND (valid_until < 'infinity'::timestamp with time zone)))
  constraint credit_lines_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint credit_lines_limit_is_not_negative CHECK ((limit_minor >= 0))
  constraint credit_lines_one_an_approval UNIQUE (tenant_id, approval_id)
  constraint credit_lines_pkey PRIMARY KEY (tenant_id, id)
  constraint credit_lines_say_why CHECK ((btrim(reason) <> ''::text))
  constraint credit_lines_were_approved FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_uses(tenant_id, approval_id)
  INDEX credit_lines_of_legal_entity ON funding.credit_lines USING btree (tenant_id, legal_entity_id, currency, id DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON funding.credit_lines FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table funding.credit_moves
  owner headgate_owner
  comment What was drawn of a credit line, from the tenant's own settled money into the client's funds, and what was paid back
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column idempotency_key text collate C not null
  column legal_entity_id text collate C not null
  column currency text collate C not null
  column kind text not null
  column amount_minor bigint not null
  column transaction_id bigint not null
  column approval_id text collate C
  column moved_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint credit_moves_amount_is_positive CHECK ((amount_minor > 0))
  constraint credit_moves_drawing_is_approved CHECK (((kind = 'drawn'::text) = (approval_id IS NOT NULL)))
  constraint credit_moves_key UNIQUE (tenant_id, idempotency_key)
  constraint credit_moves_kind_is_known CHECK ((kind = ANY (ARRAY['drawn'::text, 'repaid'::text])))
  constraint credit_moves_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint credit_moves_one_an_approval UNIQUE (tenant_id, approval_id)
  constraint credit_moves_one_transaction_each UNIQUE (tenant_id, transaction_id)
  constraint credit_moves_pkey PRIMARY KEY (tenant_id, id)
  constraint credit_moves_were_approved FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_uses(tenant_id, approval_id)
  INDEX credit_moves_of_legal_entity ON funding.credit_moves USING btree (tenant_id, legal_entity_id, currency)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON funding.credit_moves FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table funding.debit_authorizations
  owner headgate_owner
  comment Which account of a client we may debit, and what that rests on; the newest row of a legal entity counts
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column legal_entity_id text collate C not null
  column bank_account_id text collate C -- None: the authorization was withdrawn, and nothing is debited
  column evidence text not null
  column decided_by text not null default core.actor_id()
  column decided_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint debit_authorizations_account_fkey FOREIGN KEY (tenant_id, bank_account_id) REFERENCES parties.bank_accounts(tenant_id, id)
  constraint debit_authorizations_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint debit_authorizations_pkey PRIMARY KEY (tenant_id, id)
  constraint debit_authorizations_rest_on_something CHECK (((length(btrim(evidence)) >= 1) AND (length(btrim(evidence)) <= 500)))
  INDEX debit_authorizations_of_entity ON funding.debit_authorizations USING btree (tenant_id, legal_entity_id, id DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON funding.debit_authorizations FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table funding.deposit_assignments
  owner headgate_owner
  comment Deposits of unknown payers that two people gave to a legal entity: from then on the money is that client's, and has left SUSPENSE
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column deposit_id text collate C not null
  column legal_entity_id text collate C not null
  column reason text not null
  column approval_id text collate C not null
  column transaction_id bigint not null
  column assigned_by text not null default core.actor_id()
  column assigned_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint deposit_assignments_deposit_fkey FOREIGN KEY (tenant_id, deposit_id) REFERENCES funding.deposits(tenant_id, id)
  constraint deposit_assignments_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint deposit_assignments_one_an_approval UNIQUE (tenant_id, approval_id)
  constraint deposit_assignments_one_transaction_each UNIQUE (tenant_id, transaction_id)
  constraint deposit_assignments_pkey PRIMARY KEY (tenant_id, deposit_id)
  constraint deposit_assignments_say_why CHECK ((btrim(reason) <> ''::text))
  constraint deposit_assignments_were_approved FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_uses(tenant_id, approval_id)
  INDEX deposit_assignments_of_legal_entity ON funding.deposit_assignments USING btree (tenant_id, legal_entity_id, deposit_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON funding.deposit_assignments FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER assignments_are_of_unknown_payers BEFORE INSERT ON funding.deposit_assignments FOR EACH ROW EXECUTE FUNCTION funding.require_unknown_payer()

table funding.deposits
  owner headgate_owner
  comment Money that came in, as a bank said it: one row a statement line; without a legal entity the payer is unknown and the money lies in SUSPENSE
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column source text collate C not null
  column external_id text collate C not null
  column legal_entity_id text collate C
  column reference text collate C
  column rail text not null
  column amount_minor bigint not null
  column currency text collate C not null
  column value_on date not null
  column transaction_id bigint not null
  column record_id text collate C
  column settled_at timestamp with time zone not null
  column final_at timestamp with time zone not null -- From when on nothing can take it back; only final money is available, and wires and pushed credits are final when they settle
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint deposits_amount_is_positive CHECK ((amount_minor > 0))
  constraint deposits_final_after_settled CHECK ((final_at >= settled_at))
  constraint deposits_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint deposits_one_transaction_each UNIQUE (tenant_id, transaction_id)
  constraint deposits_payer_is_known_by_a_reference CHECK (((legal_entity_id IS NULL) = (reference IS NULL)))
  constraint deposits_pkey PRIMARY KEY (tenant_id, id)
  constraint deposits_rail_is_known CHECK ((rail = ANY (ARRAY['wire'::text, 'ach_credit'::text, 'realtime'::text, 'book'::text])))
  constraint deposits_same_evidence_counts_once UNIQUE (tenant_id, source, external_id)
  INDEX deposits_by_final ON funding.deposits USING btree (tenant_id, final_at)
  INDEX deposits_by_value ON funding.deposits USING btree (tenant_id, currency, value_on)
  INDEX deposits_of_legal_entity ON funding.deposits USING btree (tenant_id, legal_entity_id, id)
  INDEX deposits_of_record ON funding.deposits USING btree (tenant_id, record_id) WHERE (record_id IS NOT NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON funding.deposits FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table funding.events
  owner headgate_owner
  comment What happened to a funding request: money that settled (less or more than asked), or was returned; append-only
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column funding_request_id text collate C not null
  column legal_entity_id text collate C not null
  column kind text not null
  column rail text not null
  column provider text collate C not null
  column external_trace_id text collate C not null
  column amount_minor bigint not null
  column currency text collate C not null
  column settled_at timestamp with time zone not null
  column return_deadline_at timestamp with time zone -- Until when the bank may take it back; NULL where the rail is final when it settles
  column final_at timestamp with time zone -- From when on it may be reserved; until then it is provisional and lies in PROVISIONAL_FUNDS
  column of_event_id text collate C
  column return_code text
  column transaction_id bigint not null
  column deposit_id text collate C
  column clawed_minor bigint not null default 0
  column receivable_minor bigint not null default 0 -- Of a late return: what the client's funds no longer held, and the client owes
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint events_amount_is_positive CHECK ((amount_minor > 0))
  constraint events_are_returned_once UNIQUE (tenant_id, of_event_id)
  constraint events_deposit_fkey FOREIGN KEY (tenant_id, deposit_id) REFERENCES funding.deposits(tenant_id, id)
  constraint events_kind_is_known CHECK ((kind = ANY (ARRAY['settled'::text, 'partially_funded'::text, 'overfunded'::text, 'returned'::text])))
  constraint events_late_return_is_taken_back CHECK (((clawed_minor >= 0) AND (receivable_minor >= 0) AND (((clawed_minor + receivable_minor) = 0) OR ((kind = 'returned'::text) AND ((clawed_minor + receivable_minor) = amount_minor)))))
  constraint events_money_becomes_final CHECK ((((kind <> 'returned'::text) = (final_at IS NOT NULL)) AND (final_at >= settled_at)))
  constraint events_of_event_fkey FOREIGN KEY (tenant_id, of_event_id) REFERENCES funding.events(tenant_id, id)
  constraint events_pkey PRIMARY KEY (tenant_id, id)
  constraint events_request_fkey FOREIGN KEY (tenant_id, funding_request_id) REFERENCES funding.requests(tenant_id, id)
  constraint events_return_names_its_event CHECK ((((kind = 'returned'::text) = ((of_event_id IS NOT NULL) AND (return_code IS NOT NULL))) AND ((kind = 'returned'::text) OR (return_code IS NULL))))
  constraint events_same_evidence_counts_once UNIQUE (tenant_id, provider, external_trace_id, funding_request_id)
  INDEX events_held ON funding.events USING btree (tenant_id, legal_entity_id, currency, final_at) WHERE (return_deadline_at IS NOT NULL)
  INDEX events_of_deposit ON funding.events USING btree (tenant_id, deposit_id) WHERE (deposit_id IS NOT NULL)
  INDEX events_of_request ON funding.events USING btree (tenant_id, funding_request_id, id)
  INDEX events_of_transaction ON funding.events USING btree (tenant_id, transaction_id)
  INDEX events_owed ON funding.events USING btree (tenant_id, legal_entity_id, currency, id) WHERE (receivable_minor > 0)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON funding.events FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table funding.finalisations
  owner headgate_owner
  comment Provisional money whose hold has passed: the posting that made it the client's, to be reserved
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column event_id text collate C not null
  column transaction_id bigint not null
  column finalised_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint finalisations_event_fkey FOREIGN KEY (tenant_id, event_id) REFERENCES funding.events(tenant_id, id)
  constraint finalisations_one_transaction_each UNIQUE (tenant_id, transaction_id)
  constraint finalisations_pkey PRIMARY KEY (tenant_id, event_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON funding.finalisations FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER finalisations_are_due BEFORE INSERT ON funding.finalisations FOR EACH ROW EXECUTE FUNCTION funding.require_final()

table funding.gate_evaluations
  owner headgate_owner
  comment Every judgement of the gate with the figures it saw; a subject's judgements are numbered, whichever gate made them
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column gate_type text not null
  column subject text collate C not null
  column evaluation_no integer not null
  column legal_entity_id text collate C not null
  column currency text collate C not null
  column passed boolean not null
  column reason text
  column required_minor bigint not null
  column available_minor bigint not null -- Posted less reserved, the subject's own reservations counted back
  column posted_minor bigint not null
  column reserved_minor bigint not null
  column own_reserved_minor bigint not null
  column shortfall_minor bigint generated as (GREATEST((required_minor - available_minor), (0)::bigint)) stored
  column requirement jsonb not null
  column reservations_seen jsonb not null default '[]'::jsonb -- On a reservation conflict: the reservations of others that hold the money
  column client_message text
  column funded_until timestamp with time zone -- The settlement time of the newest deposit that the figures counted: how old the evidence was
  column evaluated_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  column funding_request_id text collate C -- The request by which the subject's money is asked for
  column mode text not null default 'strict'::text -- How the commit gate judged: strict needs policies and funds, hybrid policies, soft warns. The pay gate is always strict
  column outcome text -- warned: it did not pass, and the mode let it be committed all the same; nothing was reserved for what lacked. NULL before there were modes
  column policy_violated text -- The first policy that was violated; all of them stand in violations
  column violations jsonb not null default '[]'::jsonb
  column override_reason text
  column cure_expected_at timestamp with time zone -- When expected funding would cover what lacks, as far as it is announced
  column evidence_age interval generated as ((evaluated_at - funded_until)) stored -- How old the newest settled money was that the figures counted
  column fingerprint bytea -- Who is paid how much, whatever the payroll is called: the same again within days is a duplicate
  column pay_on date
  constraint gate_evaluations_are_numbered UNIQUE (tenant_id, subject, evaluation_no)
  constraint gate_evaluations_available_adds_up CHECK ((available_minor = ((posted_minor - reserved_minor) + own_reserved_minor)))
  constraint gate_evaluations_failure_has_a_reason CHECK ((passed = (reason IS NULL)))
  constraint gate_evaluations_gate_type CHECK ((gate_type = ANY (ARRAY['commit'::text, 'pay'::text])))
  constraint gate_evaluations_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint gate_evaluations_mode_is_known CHECK ((mode = ANY (ARRAY['soft'::text, 'hybrid'::text, 'strict'::text])))
  constraint gate_evaluations_number_is_positive CHECK ((evaluation_no > 0))
  constraint gate_evaluations_outcome_agrees CHECK ((((outcome = 'passed'::text) = passed) AND ((outcome <> 'warned'::text) OR ((mode <> 'strict'::text) AND ((mode = 'soft'::text) OR (reason <> 'policy_violation'::text))))))
  constraint gate_evaluations_outcome_is_known CHECK ((outcome = ANY (ARRAY['passed'::text, 'warned'::text, 'blocked'::text])))
  constraint gate_evaluations_pass_is_covered CHECK (((NOT passed) OR (available_minor >= required_minor)))
  constraint gate_evaluations_pay_gate_is_strict CHECK (((gate_type = 'commit'::text) OR (mode = 'strict'::text)))
  constraint gate_evaluations_pkey PRIMARY KEY (tenant_id, id)
  constraint gate_evaluations_reason CHECK ((reason = ANY (ARRAY['insufficient_funds'::text, 'policy_violation'::text, 'reservation_conflict'::text])))
  constraint gate_evaluations_request_fkey FOREIGN KEY (tenant_id, funding_request_id) REFERENCES funding.requests(tenant_id, id)
  constraint gate_evaluations_requirement_is_positive CHECK ((required_minor > 0))
  constraint gate_evaluations_violation_is_named CHECK (((reason IS DISTINCT FROM 'policy_violation'::text) OR (policy_violated IS NOT NULL)))
  INDEX gate_evaluations_by_fingerprint ON funding.gate_evaluations USING btree (tenant_id, legal_entity_id, fingerprint) WHERE ((gate_type = 'commit'::text) AND (outcome <> 'blocked'::text))
  INDEX gate_evaluations_by_time ON funding.gate_evaluations USING btree (tenant_id, evaluated_at) INCLUDE (outcome, legal_entity_id)
  INDEX gate_evaluations_failed ON funding.gate_evaluations USING btree (tenant_id, id) WHERE (NOT passed)
  INDEX gate_evaluations_history ON funding.gate_evaluations USING btree (tenant_id, legal_entity_id, currency, id DESC) INCLUDE (subject, required_minor, outcome) WHERE ((gate_type = 'commit'::text) AND (outcome <> 'blocked'::text))
  INDEX gate_evaluations_of_legal_entity ON funding.gate_evaluations USING btree (tenant_id, legal_entity_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON funding.gate_evaluations FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table funding.limit_counters
  owner headgate_owner
  comment One row a tenant, legal entity ('' for all), policy and day of its zone: locked before the account, so that no two committers pass on the same room
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (used) to headgate_app
  column tenant_id uuid not null
  column legal_entity_id text collate C not null
  column policy text collate C not null
  column currency text collate C not null
  column window_on date not null
  column used bigint not null default 0
  constraint limit_counters_are_not_negative CHECK ((used >= 0))
  constraint limit_counters_pkey PRIMARY KEY (tenant_id, legal_entity_id, policy, currency, window_on)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table funding.limit_uses
  owner headgate_owner
  comment What each payroll took of a day's room: what was reserved for that day, or what was sent on it where that is more
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (committed) to headgate_app
  grant UPDATE (paid) to headgate_app
  column tenant_id uuid not null
  column legal_entity_id text collate C not null
  column policy text collate C not null
  column currency text collate C not null
  column window_on date not null
  column subject text collate C not null
  column committed bigint not null default 0
  column paid bigint not null default 0
  column used bigint not null generated as (GREATEST(committed, paid)) stored
  constraint limit_uses_are_not_negative CHECK (((committed >= 0) AND (paid >= 0)))
  constraint limit_uses_counter_fkey FOREIGN KEY (tenant_id, legal_entity_id, policy, currency, window_on) REFERENCES funding.limit_counters(tenant_id, legal_entity_id, policy, currency, window_on)
  constraint limit_uses_pkey PRIMARY KEY (tenant_id, legal_entity_id, policy, currency, window_on, subject)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table funding.limits
  owner headgate_owner
  comment What a policy allows, for all legal entities of a tenant ('') or one; each row was approved by another person, the newest in force counts
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column legal_entity_id text collate C not null default ''::text
  column policy text collate C not null
  column currency text collate C not null
  column amount_minor bigint
  column count bigint
  column ratio_bps bigint -- A ratio in hundredths of a percent: 20000 is twice
  column days integer
  column is_off boolean not null default false
  column valid_from timestamp with time zone not null
  column valid_until timestamp with time zone not null default 'infinity'::timestamp with time zone
  column reason text not null
  column approval_id text collate C not null
  column set_by text not null default core.actor_id()
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint limits_end_after_they_begin CHECK ((valid_until > valid_from))
  constraint limits_figures_are_not_negative CHECK (((amount_minor >= 0) AND (count >= 0) AND (ratio_bps >= 0) AND (days >= 0)))
  constraint limits_one_an_approval UNIQUE (tenant_id, approval_id)
  constraint limits_pkey PRIMARY KEY (tenant_id, id)
  constraint limits_say_why CHECK ((btrim(reason) <> ''::text))
  constraint limits_were_approved FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_uses(tenant_id, approval_id)
  INDEX limits_in_force ON funding.limits USING btree (tenant_id, legal_entity_id, policy, currency, id DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON funding.limits FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table funding.message_templates
  owner headgate_owner
  comment What the client is told when the gate stays shut, in the tenant's own words; without a row Headgate's
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (changed_at) to headgate_app
  grant UPDATE (changed_by) to headgate_app
  grant UPDATE (text) to headgate_app
  column tenant_id uuid not null
  column key text collate C not null
  column text text not null
  column changed_by text not null default core.actor_id()
  column changed_at timestamp with time zone not null default clock_timestamp()
  constraint message_templates_name_only_the_amount CHECK ((replace(text, '{amount}'::text, ''::text) !~ '[{}]'::text))
  constraint message_templates_pkey PRIMARY KEY (tenant_id, key)
  constraint message_templates_text_length CHECK (((length(text) >= 1) AND (length(text) <= 500)))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table funding.overrides
  owner headgate_owner
  comment What two people allowed beside the policies, until when: one policy for one payroll, or a blocked payee. None lets unfunded money leave
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column kind text not null
  column legal_entity_id text collate C not null
  column policy text collate C
  column subject text collate C
  column party_id text collate C
  column valid_until timestamp with time zone not null
  column reason text not null
  column approval_id text collate C not null
  column granted_by text not null default core.actor_id()
  column granted_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint overrides_end CHECK (((valid_until > granted_at) AND (valid_until < 'infinity'::timestamp with time zone)))
  constraint overrides_kind_is_known CHECK ((kind = ANY (ARRAY['policy_exception'::text, 'payee_unblock'::text])))
  constraint overrides_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint overrides_name_what_they_allow CHECK ( CASE kind WHEN 'policy_exception'::text THEN ((policy IS NOT NULL) AND (subject IS NOT NULL)) ELSE (party_id IS NOT NULL) END)
  constraint overrides_one_an_approval UNIQUE (tenant_id, approval_id)
  constraint overrides_party_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES parties.parties(tenant_id, id)
  constraint overrides_pkey PRIMARY KEY (tenant_id, id)
  constraint overrides_say_why CHECK ((btrim(reason) <> ''::text))
  constraint overrides_were_approved FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_uses(tenant_id, approval_id)
  INDEX overrides_of_legal_entity ON funding.overrides USING btree (tenant_id, legal_entity_id, valid_until)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON funding.overrides FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table funding.payer_references
  owner headgate_owner
  comment The words by which a bank line names the legal entity whose money it brings; given to clients in their wire instructions
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column reference text collate C not null
  column legal_entity_id text collate C not null
  column created_at timestamp with time zone not null default clock_timestamp()
  constraint payer_references_can_stand_in_any_bank_line CHECK ((reference ~ '^[A-Z0-9]{6,16}$'::text))
  constraint payer_references_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint payer_references_pkey PRIMARY KEY (tenant_id, reference)
  INDEX payer_references_of_legal_entity ON funding.payer_references USING btree (tenant_id, legal_entity_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON funding.payer_references FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table funding.rail_offers
  owner headgate_owner
  comment Over which rails a legal entity's money can come in, as its bank profile says; the newest row counts
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column legal_entity_id text collate C not null
  column profile text collate C not null
  column rails text[] not null
  column default_rail text not null
  column offered_by text not null default core.actor_id()
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint rail_offers_default_is_offered CHECK ((default_rail = ANY (rails)))
  constraint rail_offers_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint rail_offers_pkey PRIMARY KEY (tenant_id, id)
  constraint rail_offers_profile_is_named CHECK ((profile ~ '^[a-z][a-z0-9_]{0,59}$'::text))
  constraint rail_offers_rails_are_known CHECK (((rails <@ ARRAY['ach_debit'::text, 'inbound_wire'::text, 'drawdown'::text, 'fednow_rfp'::text, 'rtp_rfp'::text, 'book'::text]) AND (cardinality(rails) > 0)))
  INDEX rail_offers_of_legal_entity ON funding.rail_offers USING btree (tenant_id, legal_entity_id, id DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON funding.rail_offers FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table funding.recoveries
  owner headgate_owner
  comment What a client owed for a late return and later money paid back, before anything else could reserve it
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column return_event_id text collate C not null
  column amount_minor bigint not null
  column transaction_id bigint not null
  column recovered_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint recoveries_amount_is_positive CHECK ((amount_minor > 0))
  constraint recoveries_event_fkey FOREIGN KEY (tenant_id, return_event_id) REFERENCES funding.events(tenant_id, id)
  constraint recoveries_one_transaction_each UNIQUE (tenant_id, transaction_id)
  constraint recoveries_pkey PRIMARY KEY (tenant_id, id)
  INDEX recoveries_of_event ON funding.recoveries USING btree (tenant_id, return_event_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON funding.recoveries FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table funding.representments
  owner headgate_owner
  comment Debits that came back for want of funds (R01, R09) and are presented again as RETRY PYMT: at most twice, within 180 days, the same amount, company and receiver
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column original_ref text collate C not null -- The debit that was presented first, by the id of whoever wrote it
  column representment_no smallint not null
  column representment_ref text collate C not null
  column return_code text collate C not null
  column original_settled_on date not null
  column effective_on date not null
  column amount_minor bigint not null
  column currency text collate C not null
  column company_identification text not null
  column receiver_fingerprint bytea not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint representments_amount_is_positive CHECK ((amount_minor > 0))
  constraint representments_at_most_two CHECK ((representment_no = ANY (ARRAY[1, 2])))
  constraint representments_is_another_debit CHECK ((representment_ref <> original_ref))
  constraint representments_one_per_debit UNIQUE (tenant_id, representment_ref)
  constraint representments_only_for_want_of_funds CHECK ((return_code = ANY (ARRAY['R01'::text, 'R09'::text])))
  constraint representments_pkey PRIMARY KEY (tenant_id, original_ref, representment_no)
  constraint representments_within_180_days CHECK (((effective_on > original_settled_on) AND (effective_on <= (original_settled_on + 180))))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON funding.representments FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER representments_are_the_same BEFORE INSERT ON funding.representments FOR EACH ROW EXECUTE FUNCTION funding.require_same_debit()

table funding.requests
  owner headgate_owner
  comment What money is asked for, of whom, over which rail and by when: the intent. What came stands in funding.events
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  grant UPDATE (asked_minor) to headgate_app
  grant UPDATE (block_reason) to headgate_app
  grant UPDATE (changed_at) to headgate_app
  grant UPDATE (instructions) to headgate_app
  grant UPDATE (status) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null
  column idempotency_key text collate C not null
  column legal_entity_id text collate C not null
  column subject text collate C -- The payroll that needs the money; each commit of a payroll makes or reuses one request
  column rail text not null
  column profile text collate C not null
  column amount_minor bigint not null -- The need
  column asked_minor bigint not null -- What the client was asked to pay of it: what lacked when the gate last judged
  column currency text collate C not null
  column due_on date not null
  column instructions jsonb not null
  column status text not null -- covered: nothing is asked for; settled is provisional while a hold runs; final can be reserved
  column block_reason text
  column created_at timestamp with time zone not null
  column changed_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint requests_amount_is_positive CHECK ((amount_minor > 0))
  constraint requests_asks_no_more_than_the_need CHECK (((asked_minor >= 0) AND (asked_minor <= amount_minor)))
  constraint requests_block_reason CHECK ((block_reason = ANY (ARRAY['insufficient_funds'::text, 'policy_violation'::text, 'reservation_conflict'::text])))
  constraint requests_key UNIQUE (tenant_id, idempotency_key)
  constraint requests_key_length CHECK (((length(idempotency_key) >= 1) AND (length(idempotency_key) <= 255)))
  constraint requests_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint requests_one_a_subject UNIQUE (tenant_id, subject)
  constraint requests_pkey PRIMARY KEY (tenant_id, id)
  constraint requests_rail_is_known CHECK ((rail = ANY (ARRAY['ach_debit'::text, 'inbound_wire'::text, 'drawdown'::text, 'fednow_rfp'::text, 'rtp_rfp'::text, 'book'::text])))
  INDEX requests_of_legal_entity ON funding.requests USING btree (tenant_id, legal_entity_id, id)
  INDEX requests_waiting ON funding.requests USING btree (tenant_id, legal_entity_id, currency, due_on, id) WHERE (status = ANY (ARRAY['requested'::text, 'submitted'::text, 'partially_funded'::text, 'returned'::text]))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER request_moves BEFORE INSERT OR UPDATE OF status ON funding.requests FOR EACH ROW EXECUTE FUNCTION core.check_transition('request', 'funding.transitions')
  always TRIGGER requests_are_kept BEFORE DELETE OR TRUNCATE ON funding.requests FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER requests_stay BEFORE UPDATE ON funding.requests FOR EACH ROW WHEN (((((((((((((old.tenant_id IS DISTINCT FROM new.tenant_id) OR (old.id IS DISTINCT FROM new.id)) OR (old.idempotency_key IS DISTINCT FROM new.idempotency_key)) OR (old.legal_entity_id IS DISTINCT FROM new.legal_entity_id)) OR (old.subject IS DISTINCT FROM new.subject)) OR (old.rail IS DISTINCT FROM new.rail)) OR (old.profile IS DISTINCT FROM new.profile)) OR (old.amount_minor IS DISTINCT FROM new.amount_minor)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.due_on IS DISTINCT FROM new.due_on)) OR (old.created_at IS DISTINCT FROM new.created_at)) OR (old.recorded_at IS DISTINCT FROM new.recorded_at))) EXECUTE FUNCTION funding.refuse_intent_change()

table funding.settings
  owner headgate_owner
  comment What a tenant chose for all its legal entities ('') or for one; changed under approval, the newest row in force counts. None of them is about the pay gate, which is always strict
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column legal_entity_id text collate C not null default ''::text
  column name text not null
  column value text not null
  column valid_until timestamp with time zone not null default 'infinity'::timestamp with time zone
  column reason text not null
  column approval_id text collate C not null
  column set_by text not null default core.actor_id()
  column set_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint settings_are_known CHECK ( CASE name WHEN 'commit_gate_mode'::text THEN (value = ANY (ARRAY['soft'::text, 'hybrid'::text, 'strict'::text])) WHEN 'hold_banking_days.ach_debit'::text THEN (value ~ '^(0|[1-9][0-9]?)$'::text) WHEN 'clawback'::text THEN (value = ANY (ARRAY['available'::text, 'available_then_reserved'::text, 'none'::text])) ELSE false END)
  constraint settings_one_an_approval UNIQUE (tenant_id, approval_id)
  constraint settings_pkey PRIMARY KEY (tenant_id, id)
  constraint settings_say_why CHECK ((btrim(reason) <> ''::text))
  constraint settings_were_approved FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_uses(tenant_id, approval_id)
  INDEX settings_in_force ON funding.settings USING btree (tenant_id, legal_entity_id, name, id DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON funding.settings FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table funding.transitions
  owner headgate_owner
  comment The legal status moves of funding requests; '' is nothing yet
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column entity text not null
  column from_status text not null
  column to_status text not null
  constraint transitions_pkey PRIMARY KEY (entity, from_status, to_status)

table funding.wire_numbers
  owner headgate_owner
  comment Fedwire's numbers of wires that came in, with the evidence that was counted: a statement and a provider that tell of one wire tell of one deposit
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column number text collate C not null
  column source text collate C not null
  column external_id text collate C not null
  column amount_minor bigint not null
  column currency text collate C not null
  column claimed_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint wire_numbers_amount_is_positive CHECK ((amount_minor > 0))
  constraint wire_numbers_are_fedwires CHECK ((number ~ '^[0-9]{8}[A-Z0-9]{8}[0-9]{6}$'::text))
  constraint wire_numbers_pkey PRIMARY KEY (tenant_id, number)
  INDEX wire_numbers_of_evidence ON funding.wire_numbers USING btree (tenant_id, source, external_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON funding.wire_numbers FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

view funding.invariant_counters_add_up
  owner headgate_owner
  comment A day's counter is what its payrolls took.
  with security_invoker=true
  query 2d681bd0755d578e
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view funding.invariant_credit_is_posted
  owner headgate_owner
  comment What was drawn of a credit line is the tenant's own settled money, posted into the client's funds.
  with security_invoker=true
  query 4ba96450654f787f
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view funding.invariant_deposits_posted
  owner headgate_owner
  comment Every deposit stands in the book with its amount, in its client's funds or, of an unknown payer, in suspense until it is assigned.
  with security_invoker=true
  query 1290865a1746d754
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view funding.invariant_evaluations_numbered
  owner headgate_owner
  comment A subject's judgements are numbered from 1 without a gap: none was lost.
  with security_invoker=true
  query 7ecd30f7ba36d323
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view funding.invariant_events_posted
  owner headgate_owner
  comment Every funding event stands in the book with its amount; nothing was final before its time, and no deposit was counted twice.
  with security_invoker=true
  query acba8e8a0811ab7a
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view funding.invariant_provisional_is_held
  owner headgate_owner
  comment What the bank may still take back lies in provisional funds, to the cent: none of it became a client's before its time.
  with security_invoker=true
  query 7dd7f579475480f9
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view funding.invariant_receivable_is_owed
  owner headgate_owner
  comment What clients owe for funding that came back stands in the book as receivable, to the cent.
  with security_invoker=true
  query f54ee0e9ea373b1d
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view funding.invariant_requests_agree
  owner headgate_owner
  comment What a funding request says of itself agrees with what came for it and what was taken back.
  with security_invoker=true
  query 51e68b886217db4c
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view funding.lineage
  owner headgate_owner
  comment What each record of evidence became here, and the transaction of the book that it made: the way between an entry and its line
  with security_invoker=true
  query 60d4839a2b1a692a
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column what text
  column subject_id text collate C
  column record_id text collate C
  column artifact_id text
  column ingestion_id text
  column transaction_id bigint
  column at timestamp with time zone

view funding.owned_deposits
  owner headgate_owner
  comment Deposits with the legal entity whose money each is, as its payer said or as two people assigned it later; without one it lies in SUSPENSE
  with security_invoker=true
  query 6f132dd5c482980d
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column id text collate C
  column source text collate C
  column external_id text collate C
  column legal_entity_id text collate C
  column reference text collate C
  column rail text
  column amount_minor bigint
  column currency text collate C
  column value_on date
  column transaction_id bigint
  column record_id text collate C
  column settled_at timestamp with time zone
  column final_at timestamp with time zone
  column recorded_at timestamp with time zone
  column assigned_at timestamp with time zone
  column assigned_by text
  column approval_id text collate C
  column assignment_transaction_id bigint

view funding.provisional
  owner headgate_owner
  comment Money that settled and that the bank may still take back: it counts for nothing yet
  with security_invoker=true
  query b696d6c6e58ef125
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column event_id text collate C
  column funding_request_id text collate C
  column legal_entity_id text collate C
  column currency text collate C
  column held_minor bigint
  column settled_at timestamp with time zone
  column return_deadline_at timestamp with time zone
  column final_at timestamp with time zone

view funding.receivables
  owner headgate_owner
  comment What clients owe because funding came back after it was paid out; owed_minor 0 once it is recovered
  with security_invoker=true
  query d82a468cdaefc773
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column event_id text collate C
  column funding_request_id text collate C
  column legal_entity_id text collate C
  column currency text collate C
  column return_code text
  column owed_minor bigint
  column since timestamp with time zone

schema headgate_meta
  owner headgate_owner
  comment What the migration runner has applied
  grant USAGE to headgate_app
  grant USAGE to headgate_dispatcher
  grant USAGE to headgate_readonly

table headgate_meta.migrations
  owner headgate_owner
  comment Applied migrations and repeatable SQL, with the sha256 of their text
  grant SELECT to headgate_app
  grant SELECT to headgate_dispatcher
  grant SELECT to headgate_readonly
  column name text collate C not null
  column checksum text not null
  column applied_at timestamp with time zone not null default clock_timestamp()
  constraint migrations_pkey PRIMARY KEY (name)

schema ingestion
  owner headgate_owner
  comment Artifacts as they came, and the records, statements and faults read in them
  grant CREATE, USAGE to headgate_poster
  grant CREATE, USAGE to headgate_resolver
  grant USAGE to headgate_app
  grant USAGE to headgate_readonly

function ingestion.add_months(months_ahead integer)
  owner headgate_owner
  comment Makes the missing monthly partitions of the artifacts' bytes
  returns integer, sql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 80ce06dea9115973
  grant EXECUTE to headgate_app

function ingestion.body_stored(p_artifact_id text, p_name text, p_sealed_sha256 bytea)
  owner headgate_poster
  comment Takes a landed body out of the database, since an object of that name holds it; false where no body of these bytes has landed
  returns boolean, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 32c1c8bc827b3e6d
  grant EXECUTE to headgate_app

function ingestion.check_transition()
  owner headgate_owner
  comment Row trigger: a status may only make the moves that ingestion.transitions lists
  returns trigger, plpgsql, volatile
  set search_path=pg_catalog, pg_temp
  body 363d134672c944f3
  grant EXECUTE to headgate_app

function ingestion.day_begins(day date)
  owner headgate_owner
  comment When a day of the tenant in context begins: in the zone of its first legal entity, else UTC
  returns timestamp with time zone, sql, stable
  body 4dedca98804d3949
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ingestion.receive(p_id text, p_facts jsonb, p_sha256 bytea, p_body_sealed bytea, p_lands boolean, p_stored_sha256 bytea)
  owner headgate_owner
  comment Keeps an artifact with its sealed body and announces it; the id of the one that stands where the same bytes came from that source before
  returns TABLE(id text, is_new boolean, received_at timestamp with time zone, received_by text), plpgsql, volatile
  set search_path=pg_catalog, pg_temp
  body 679568c2ac0267a7
  grant EXECUTE to headgate_app

function ingestion.receive_many(p_ids text[], p_facts jsonb[], p_sha256 bytea[], p_bodies_sealed bytea[], p_stored_sha256 bytea[], p_correlations text[])
  owner headgate_owner
  comment ingestion.receive for many small artifacts, each under its own correlation; in order, the id of each and whether it is new
  returns TABLE(id text, is_new boolean), plpgsql, volatile
  set search_path=pg_catalog, pg_temp
  body 7af3e6fec4fded9f
  grant EXECUTE to headgate_app

function ingestion.sources_failing()
  owner headgate_resolver
  comment How many sources of all tenants have failed five times in a row or more
  returns bigint, sql, stable, security definer
  set search_path=pg_catalog, pg_temp
  body f82805aa932152af
  grant EXECUTE to headgate_app

function ingestion.webhook_endpoint(p_id text, p_provider_endpoint_id text)
  owner headgate_resolver
  comment The active endpoint of that id, or of that name of the provider's where no id is given; no row for an unknown or ambiguous one
  returns TABLE(tenant_id uuid, id text, source text, scheme text, allowed_networks text[]), plpgsql, stable, security definer
  set search_path=pg_catalog, pg_temp
  body 39036a01b774d3bc
  grant EXECUTE to headgate_app

table ingestion.artifact_bodies
  owner headgate_owner
  comment The bytes of artifacts, sealed; in the database, so that a backup and its restore agree with the rest
  partition by RANGE (received_at)
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  column tenant_id uuid not null
  column received_at timestamp with time zone not null
  column artifact_id text collate C not null
  column body_sealed bytea not null
  constraint artifact_bodies_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts(tenant_id, id)
  constraint artifact_bodies_pkey PRIMARY KEY (tenant_id, artifact_id, received_at)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.artifact_bodies FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.artifact_bodies_rest
  owner headgate_owner
  comment Rows of ingestion.artifact_bodies outside every month made so far
  partition of ingestion.artifact_bodies DEFAULT
  row security enabled, forced
  column tenant_id uuid not null
  column received_at timestamp with time zone not null
  column artifact_id text collate C not null
  column body_sealed bytea not null
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.artifact_bodies_rest FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.artifact_references
  owner headgate_owner
  comment Evidence given to a payment after it came in: an artifact of ours, or something elsewhere by its address and sha256
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column ingestion_id text collate C not null
  column ordinal integer not null
  column type text collate C not null
  column uri text not null
  column artifact_id text collate C
  column sha256 bytea
  column size_bytes bigint
  column mime text collate C
  column metadata jsonb not null default '{}'::jsonb
  column warning text -- Why the address could not be read; what was said of it is kept
  column recorded_at timestamp with time zone not null default clock_timestamp()
  column recorded_by text not null default core.actor_id()
  constraint artifact_references_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts(tenant_id, id)
  constraint artifact_references_have_a_hash CHECK (((artifact_id IS NULL) = ((sha256 IS NOT NULL) AND (octet_length(sha256) = 32))))
  constraint artifact_references_ingestion_fkey FOREIGN KEY (tenant_id, ingestion_id) REFERENCES ingestion.payment_ingestions(tenant_id, id) ON DELETE CASCADE
  constraint artifact_references_metadata_is_an_object CHECK (((jsonb_typeof(metadata) = 'object'::text) AND (octet_length((metadata)::text) <= 20000)))
  constraint artifact_references_once UNIQUE (tenant_id, ingestion_id, uri)
  constraint artifact_references_ours_say_no_more CHECK (((artifact_id IS NULL) OR (num_nonnulls(sha256, size_bytes, mime) = 0)))
  constraint artifact_references_pkey PRIMARY KEY (tenant_id, ingestion_id, ordinal)
  constraint artifact_references_type_is_known CHECK ((type = ANY (ARRAY['check_image_front'::text, 'check_image_back'::text, 'ach_return_pdf'::text, 'wire_receipt'::text, 'psp_receipt'::text, 'webhook_body'::text, 'bank_file'::text, 'mail_part'::text])))
  constraint artifact_references_uri_is_short CHECK (((length(uri) >= 1) AND (length(uri) <= 2000)))
  INDEX artifact_references_by_sha256 ON ingestion.artifact_references USING btree (tenant_id, sha256) WHERE (sha256 IS NOT NULL)
  INDEX artifact_references_of_artifact ON ingestion.artifact_references USING btree (tenant_id, artifact_id) WHERE (artifact_id IS NOT NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.artifact_references FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.artifacts
  owner headgate_owner
  comment Files and messages as they came; the sha256 is of the plain bytes. The same bytes from one source are one artifact
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (kind) to headgate_app
  grant UPDATE (status) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null
  column source text collate C not null
  column kind text collate C not null
  column filename text not null
  column sha256 bytea not null -- Of the plain bytes as they were received: the artifact's identity
  column size_bytes bigint not null
  column status text not null default 'received'::text
  column received_at timestamp with time zone not null default clock_timestamp()
  column received_by text not null default core.actor_id()
  column correlation_id text default core.correlation_id()
  column type text collate C not null default 'bank_file'::text
  column mime text collate C not null default 'application/octet-stream'::text
  column metadata jsonb not null default '{}'::jsonb -- What the source said of it: ids and times, never names or numbers of accounts
  column stored_sha256 bytea -- Of the plain bytes as they are stored, where card numbers in them were masked
  column stored_size_bytes bigint
  column redactions jsonb -- Where digits of card numbers were masked: member ('' is the file itself), offset in it, length
  column redacted boolean generated as ((redactions IS NOT NULL)) stored
  constraint artifacts_filename_is_short CHECK (((length(filename) >= 1) AND (length(filename) <= 200)))
  constraint artifacts_kind_is_known CHECK ((kind = ANY (ARRAY['unknown'::text, 'statement'::text, 'returns'::text, 'register'::text, 'rates'::text, 'settlement'::text])))
  constraint artifacts_metadata_is_an_object CHECK (((jsonb_typeof(metadata) = 'object'::text) AND (octet_length((metadata)::text) <= 20000)))
  constraint artifacts_mime_is_short CHECK ((mime ~ '^[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}$'::text))
  constraint artifacts_pkey PRIMARY KEY (tenant_id, id)
  constraint artifacts_redacted_is_whole CHECK ((num_nulls(stored_sha256, stored_size_bytes, redactions) = ANY (ARRAY[0, 3])))
  constraint artifacts_same_bytes_once UNIQUE (tenant_id, source, sha256)
  constraint artifacts_sha256_has_32_bytes CHECK ((octet_length(sha256) = 32))
  constraint artifacts_size_is_counted CHECK ((size_bytes >= 0))
  constraint artifacts_source_is_a_word CHECK ((source ~ '^[a-z][a-z0-9_.-]{0,59}$'::text))
  constraint artifacts_status_is_known CHECK ((status = ANY (ARRAY['received'::text, 'read'::text, 'unreadable'::text])))
  constraint artifacts_stored_sha256_has_32_bytes CHECK ((octet_length(stored_sha256) = 32))
  constraint artifacts_type_is_known CHECK ((type = ANY (ARRAY['check_image_front'::text, 'check_image_back'::text, 'ach_return_pdf'::text, 'wire_receipt'::text, 'psp_receipt'::text, 'webhook_body'::text, 'bank_file'::text, 'mail_part'::text])))
  INDEX artifacts_by_sha256 ON ingestion.artifacts USING btree (tenant_id, sha256)
  INDEX artifacts_by_time ON ingestion.artifacts USING btree (tenant_id, received_at DESC)
  INDEX artifacts_of_source ON ingestion.artifacts USING btree (tenant_id, source, received_at DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER artifact_moves BEFORE INSERT OR UPDATE OF status ON ingestion.artifacts FOR EACH ROW EXECUTE FUNCTION ingestion.check_transition('artifact')

table ingestion.body_checks
  owner headgate_owner
  comment Each turn over the stored bodies, and the artifact it came to; the next goes on there, NULL: the turn reached the end
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column to_received_at timestamp with time zone
  column to_artifact_id text collate C
  column bodies integer not null
  column bytes bigint not null
  column wrong integer not null
  column checked_at timestamp with time zone not null default clock_timestamp()
  constraint body_checks_counts_are_counts CHECK (((bodies >= wrong) AND (wrong >= 0) AND (bytes >= 0)))
  constraint body_checks_end_is_whole CHECK (((to_received_at IS NULL) = (to_artifact_id IS NULL)))
  constraint body_checks_pkey PRIMARY KEY (tenant_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.body_checks FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.body_verdicts
  owner headgate_owner
  comment Bodies that a check found wrong, and right again: differs (not the bytes that were stored), missing, broken (does not open). The last row holds
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column artifact_id text collate C not null
  column id bigint not null generated always as identity
  column verdict text not null
  column found_at timestamp with time zone not null default clock_timestamp()
  constraint body_verdicts_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts(tenant_id, id)
  constraint body_verdicts_pkey PRIMARY KEY (tenant_id, artifact_id, id)
  constraint body_verdicts_verdict_is_known CHECK ((verdict = ANY (ARRAY['intact'::text, 'differs'::text, 'missing'::text, 'broken'::text])))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.body_verdicts FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.evidence_uses
  owner headgate_owner
  comment What a record, or an amount under a provider's identifier, was used as: one use for ever, so that no credit is both a loan payment and a deposit
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column claim text collate C not null
  column used_as text not null
  column used_at timestamp with time zone not null default clock_timestamp()
  constraint evidence_uses_claim_says_its_kind CHECK ((claim ~ '^(record|transfer|trace|imad|uetr):.{1,250}$'::text))
  constraint evidence_uses_pkey PRIMARY KEY (tenant_id, claim)
  constraint evidence_uses_use_is_known CHECK ((used_as = ANY (ARRAY['loan_payment'::text, 'deposit'::text])))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.evidence_uses FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.faults
  owner headgate_owner
  comment What is wrong in an artifact, by line, position and field (0: all of it). E was not read, W was read and flagged; the good lines went on
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column artifact_id text collate C not null
  column reading_id text collate C not null
  column line integer not null
  column position integer not null
  column field text not null
  column rule text not null
  column level text not null
  column message text not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint faults_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts(tenant_id, id)
  constraint faults_level_is_known CHECK ((level = ANY (ARRAY['E'::text, 'W'::text])))
  constraint faults_pkey PRIMARY KEY (tenant_id, id)
  constraint faults_place_is_counted CHECK (((line >= 0) AND ("position" >= 0)))
  constraint faults_reading_fkey FOREIGN KEY (tenant_id, reading_id) REFERENCES ingestion.readings(tenant_id, id)
  INDEX faults_of_artifact ON ingestion.faults USING btree (tenant_id, artifact_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.faults FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.landed_bodies
  owner headgate_owner
  comment Large bodies, sealed, committed with their artifact; each leaves for storage once an object there holds the same bytes
  row security enabled, forced
  grant DELETE, SELECT to headgate_poster
  grant INSERT, SELECT to headgate_app
  column tenant_id uuid not null
  column artifact_id text collate C not null
  column landed_at timestamp with time zone not null default clock_timestamp()
  column body_sealed bytea not null
  constraint landed_bodies_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts(tenant_id, id)
  constraint landed_bodies_pkey PRIMARY KEY (tenant_id, artifact_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table ingestion.mappings
  owner headgate_owner
  comment What the columns of a source's tables mean, as a person said it; the last row of a fingerprint holds
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column source text collate C not null
  column fingerprint text collate C not null -- Of the names of the columns in their order (ingestion/mapping.py)
  column saved_at timestamp with time zone not null default clock_timestamp()
  column saved_by text not null default core.actor_id()
  column is_active boolean not null default true
  column parser text collate C not null
  column mapping jsonb not null
  constraint mappings_fingerprint_is_sha256 CHECK ((fingerprint ~ '^[0-9a-f]{64}$'::text))
  constraint mappings_mapping_is_an_object CHECK ((jsonb_typeof(mapping) = 'object'::text))
  constraint mappings_pkey PRIMARY KEY (tenant_id, source, fingerprint, saved_at)
  constraint mappings_source_is_a_word CHECK ((source ~ '^[a-z][a-z0-9_.-]{0,59}$'::text))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.mappings FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.payment_evidence
  owner headgate_owner
  comment Each piece of evidence of a payment that came in: the first made it, one of another source with an identifier of it was added
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column identity bytea not null -- As of payment_ingestions: what is the same when the same piece comes again
  column ingestion_id text collate C not null
  column source text collate C not null
  column artifact_id text collate C
  column record_id text collate C
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint payment_evidence_identity_has_32_bytes CHECK ((octet_length(identity) = 32))
  constraint payment_evidence_ingestion_fkey FOREIGN KEY (tenant_id, ingestion_id) REFERENCES ingestion.payment_ingestions(tenant_id, id) ON DELETE CASCADE
  constraint payment_evidence_pkey PRIMARY KEY (tenant_id, identity)
  INDEX payment_evidence_of_artifact ON ingestion.payment_evidence USING btree (tenant_id, artifact_id) WHERE (artifact_id IS NOT NULL)
  INDEX payment_evidence_of_ingestion ON ingestion.payment_evidence USING btree (tenant_id, ingestion_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.payment_evidence FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.payment_identifiers
  owner headgate_owner
  comment What providers and banks call a payment that came in: a transfer's id, a trace number, Fedwire's numbers, a UETR, an end-to-end id
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column identifier text collate C not null
  column ingestion_id text collate C not null
  constraint payment_identifiers_ingestion_fkey FOREIGN KEY (tenant_id, ingestion_id) REFERENCES ingestion.payment_ingestions(tenant_id, id) ON DELETE CASCADE
  constraint payment_identifiers_pkey PRIMARY KEY (tenant_id, identifier, ingestion_id)
  constraint payment_identifiers_say_their_kind CHECK ((identifier ~ '^(transfer|trace|imad|uetr|e2e):.{1,200}$'::text))
  INDEX payment_identifiers_of_ingestion ON ingestion.payment_identifiers USING btree (tenant_id, ingestion_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.payment_identifiers FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.payment_ingestion_bodies
  owner headgate_owner
  comment What was sent of a payment, byte for byte, sealed: it may name the borrower
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  column tenant_id uuid not null
  column ingestion_id text collate C not null
  column body_sealed bytea not null
  constraint payment_ingestion_bodies_ingestion_fkey FOREIGN KEY (tenant_id, ingestion_id) REFERENCES ingestion.payment_ingestions(tenant_id, id) ON DELETE CASCADE
  constraint payment_ingestion_bodies_pkey PRIMARY KEY (tenant_id, ingestion_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.payment_ingestion_bodies FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.payment_ingestions
  owner headgate_owner
  comment Payments that came in, each fact once; one whose envelope fails its schema stays received, and has a case
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (status) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null
  column identity bytea not null -- sha256 of source and external_id, else of artifact, line and occurrence: what is the same when the same fact comes again
  column source text collate C not null
  column external_id text collate C
  column artifact_sha256 text collate C not null
  column line integer not null
  column occurrence integer not null
  column idempotency_key text collate C -- Of method, reference, value date, amount and loan: equal ones are suspected to be one payment, and are not made one
  column channel text collate C
  column source_reference text
  column raw_payload_hash text collate C not null -- Of the plain bytes, in hexadecimal; they lie sealed in payment_ingestion_bodies
  column artifact_uri text[] not null default '{}'::text[]
  column artifact_hash text[] not null default '{}'::text[]
  column received_at timestamp with time zone not null default clock_timestamp()
  column received_by text not null default core.actor_id()
  column correlation_id text default core.correlation_id()
  column normalized_envelope jsonb
  column status text not null
  column loan_id text collate C -- The loan that its envelope names; with amount and day it raises suspicion of a duplicate from another source
  column amount_minor bigint
  column currency text collate C
  column value_on date
  constraint payment_ingestions_artifacts_have_hashes CHECK ((cardinality(artifact_uri) = cardinality(artifact_hash)))
  constraint payment_ingestions_channel_is_known CHECK ((channel = ANY (ARRAY['ach'::text, 'wire'::text, 'realtime'::text, 'check'::text, 'card'::text, 'paypal'::text, 'venmo'::text, 'book'::text])))
  constraint payment_ingestions_hashes_are_sha256 CHECK (((raw_payload_hash ~ '^[0-9a-f]{64}$'::text) AND (artifact_sha256 ~ '^[0-9a-f]{64}$'::text)))
  constraint payment_ingestions_id_shape CHECK ((id ~ '^ing_[0-9a-hjkmnp-tv-z]{26}$'::text))
  constraint payment_ingestions_identity_has_32_bytes CHECK ((octet_length(identity) = 32))
  constraint payment_ingestions_key_is_sha256 CHECK ((idempotency_key ~ '^[0-9a-f]{64}$'::text))
  constraint payment_ingestions_names_nobody CHECK (((normalized_envelope #>> '{borrower,name}'::text[]) IS NULL))
  constraint payment_ingestions_normalized_has_its_envelope CHECK (((status = 'received'::text) = ((normalized_envelope IS NULL) OR (idempotency_key IS NULL) OR (channel IS NULL))))
  constraint payment_ingestions_pkey PRIMARY KEY (tenant_id, id)
  constraint payment_ingestions_place_counts_from_1 CHECK (((line >= 1) AND (occurrence >= 1)))
  constraint payment_ingestions_same_fact_once UNIQUE (tenant_id, identity)
  constraint payment_ingestions_status_is_known CHECK ((status = ANY (ARRAY['received'::text, 'normalized'::text, 'published'::text])))
  INDEX payment_ingestions_by_artifact ON ingestion.payment_ingestions USING btree (tenant_id, artifact_sha256)
  INDEX payment_ingestions_by_channel ON ingestion.payment_ingestions USING btree (tenant_id, channel, received_at DESC)
  INDEX payment_ingestions_by_key ON ingestion.payment_ingestions USING btree (tenant_id, idempotency_key)
  INDEX payment_ingestions_naming_others ON ingestion.payment_ingestions USING btree (tenant_id, (artifact_hash[1])) WHERE ((artifact_hash <> '{}'::text[]) AND (artifact_hash <> ARRAY[artifact_sha256]))
  INDEX payment_ingestions_of_artifact ON ingestion.payment_ingestions USING btree (tenant_id, artifact_sha256, line)
  INDEX payment_ingestions_of_loan ON ingestion.payment_ingestions USING btree (tenant_id, loan_id, amount_minor, value_on) WHERE (loan_id IS NOT NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER payment_ingestion_moves BEFORE INSERT OR UPDATE OF status ON ingestion.payment_ingestions FOR EACH ROW EXECUTE FUNCTION ingestion.check_transition('payment_ingestion')

table ingestion.payment_sources
  owner headgate_owner
  comment What money is for that a source, or one account of its statements, brings: payments of loans, deposits, or neither; the newest row of each counts
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column source text collate C not null
  column account_fingerprint bytea -- The account that this is said of; NULL: every account of the source of which nothing else is said
  column account_last4 text not null default ''::text
  column purpose text not null
  column channel text collate C -- The channel of what does not say by itself how it came
  column loan_field text collate C not null -- Where the loan's reference stands: a field of the record, or data.… in what a webhook sent
  column loan_prefix text not null default ''::text -- What stands before the reference in that field; empty: the field is the reference
  column reason text not null
  column set_by text not null default core.actor_id()
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint payment_sources_channel_is_known CHECK ((channel = ANY (ARRAY['ach'::text, 'wire'::text, 'realtime'::text, 'check'::text, 'card'::text, 'paypal'::text, 'venmo'::text, 'book'::text])))
  constraint payment_sources_field_is_short CHECK ((((length(loan_field) >= 1) AND (length(loan_field) <= 100)) AND (length(loan_prefix) <= 60)))
  constraint payment_sources_fingerprint_has_32_bytes CHECK ((octet_length(account_fingerprint) = 32))
  constraint payment_sources_last4_is_short CHECK ((length(account_last4) <= 4))
  constraint payment_sources_pkey PRIMARY KEY (tenant_id, id)
  constraint payment_sources_purpose_is_known CHECK ((purpose = ANY (ARRAY['loans'::text, 'deposits'::text, 'none'::text])))
  constraint payment_sources_say_why CHECK ((btrim(reason) <> ''::text))
  constraint payment_sources_source_is_a_word CHECK ((source ~ '^[a-z][a-z0-9_.-]{0,59}$'::text))
  INDEX payment_sources_of_source ON ingestion.payment_sources USING btree (tenant_id, source, id DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER is_setting AFTER INSERT OR DELETE OR UPDATE ON ingestion.payment_sources FOR EACH STATEMENT EXECUTE FUNCTION core.count_setting()
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.payment_sources FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.rate_readings
  owner headgate_owner
  comment Every try to read a source of rates: the bytes that came, how many rates were new or known, or why it failed
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column name text collate C not null
  column tried_at timestamp with time zone not null default clock_timestamp()
  column artifact_id text collate C
  column recorded integer not null default 0
  column known integer not null default 0
  column faults integer not null default 0
  column failure text
  constraint rate_readings_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts(tenant_id, id)
  constraint rate_readings_counts_are_counts CHECK (((recorded >= 0) AND (known >= 0) AND (faults >= 0)))
  constraint rate_readings_failed_or_read CHECK (((failure IS NOT NULL) OR (artifact_id IS NOT NULL)))
  constraint rate_readings_pkey PRIMARY KEY (tenant_id, id)
  INDEX rate_readings_of_source ON ingestion.rate_readings USING btree (tenant_id, name, tried_at DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.rate_readings FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.rate_sources
  owner headgate_owner
  comment Where exchange rates are read from every day; the last row of a name holds
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  column tenant_id uuid not null
  column name text collate C not null
  column set_at timestamp with time zone not null default clock_timestamp()
  column set_by text not null default core.actor_id()
  column is_active boolean not null
  column format text collate C not null
  column url_shown text not null
  column url_sealed bytea not null -- The whole URL, whose query may hold a key; url_shown lacks the query
  constraint rate_sources_format_is_a_word CHECK ((format ~ '^[a-z][a-z0-9_]{0,23}$'::text))
  constraint rate_sources_name_is_a_word CHECK ((name ~ '^[a-z][a-z0-9_-]{0,23}$'::text))
  constraint rate_sources_pkey PRIMARY KEY (tenant_id, name, set_at)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.rate_sources FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.readings
  owner headgate_owner
  comment What one parser made of one artifact: counts, and whether the file's control totals prove it (NULL: the file carries none)
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column artifact_id text collate C not null
  column parser text collate C not null
  column kind text collate C not null
  column records integer not null
  column duplicates integer not null -- Of its records, those whose identity stood already: they are the same fact, and are not stored twice
  column faults integer not null
  column proved boolean
  column proof jsonb not null
  column read_at timestamp with time zone not null default clock_timestamp()
  constraint readings_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts(tenant_id, id)
  constraint readings_counts_are_counts CHECK (((records >= duplicates) AND (duplicates >= 0) AND (faults >= 0)))
  constraint readings_once_per_parser UNIQUE (tenant_id, artifact_id, parser)
  constraint readings_pkey PRIMARY KEY (tenant_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.readings FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.record_differences
  owner headgate_owner
  comment Where a later reading of an artifact does not say what a record says: other figures, no such record, or the same under another identity
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column reading_id text collate C not null
  column record_id text collate C not null
  column difference text not null
  column fields jsonb not null -- Of what changed, by its name: what stands and what was read; what names people is only named
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint record_differences_difference_is_known CHECK ((difference = ANY (ARRAY['changed'::text, 'gone'::text, 'moved'::text])))
  constraint record_differences_pkey PRIMARY KEY (tenant_id, reading_id, record_id)
  constraint record_differences_reading_fkey FOREIGN KEY (tenant_id, reading_id) REFERENCES ingestion.readings(tenant_id, id)
  constraint record_differences_record_fkey FOREIGN KEY (tenant_id, record_id) REFERENCES ingestion.records(tenant_id, id)
  INDEX record_differences_of_record ON ingestion.record_differences USING btree (tenant_id, record_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.record_differences FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.records
  owner headgate_owner
  comment What was read, normalised: identity is (source, external id), else (artifact, line, n-th on it). No account number, no name
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column artifact_id text collate C not null
  column reading_id text collate C not null
  column statement_id text collate C
  column source text collate C not null
  column external_id text
  column line integer not null
  column occurrence integer not null
  column offset_start bigint not null
  column offset_end bigint not null
  column parser text collate C not null
  column kind text collate C not null
  column channel text
  column direction text -- As the account's holder sees it: a credit brings money, a debit takes it
  column amount_minor bigint not null
  column currency text collate C not null
  column value_on date
  column booked_on date
  column reference text
  column details jsonb not null -- What else the parser read: codes, traces, counts
  column private_sealed bytea -- Names, account numbers and free text, as sealed JSON
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint records_amount_is_not_negative CHECK ((amount_minor >= 0))
  constraint records_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts(tenant_id, id)
  constraint records_channel_is_known CHECK ((channel = ANY (ARRAY['ach'::text, 'wire'::text, 'realtime'::text, 'check'::text, 'card'::text, 'paypal'::text, 'venmo'::text, 'book'::text])))
  constraint records_currency_has_three_capitals CHECK ((currency ~ '^[A-Z]{3}$'::text))
  constraint records_direction_is_known CHECK ((direction = ANY (ARRAY['credit'::text, 'debit'::text])))
  constraint records_pkey PRIMARY KEY (tenant_id, id)
  constraint records_place_is_counted CHECK (((line >= 1) AND (occurrence >= 1) AND (offset_start >= 0) AND (offset_end >= offset_start)))
  constraint records_reading_fkey FOREIGN KEY (tenant_id, reading_id) REFERENCES ingestion.readings(tenant_id, id)
  constraint records_statement_fkey FOREIGN KEY (tenant_id, statement_id) REFERENCES ingestion.statements(tenant_id, id)
  INDEX records_of_artifact ON ingestion.records USING btree (tenant_id, artifact_id, line)
  INDEX records_of_returns_by_day ON ingestion.records USING btree (tenant_id, value_on, artifact_id) WHERE (kind = ANY (ARRAY['return_entry'::text, 'change_entry'::text]))
  INDEX records_of_statement ON ingestion.records USING btree (tenant_id, statement_id) WHERE (statement_id IS NOT NULL)
  UNIQUE INDEX records_identity_by_external_id ON ingestion.records USING btree (tenant_id, source, kind, external_id) WHERE (external_id IS NOT NULL)
  UNIQUE INDEX records_identity_by_place ON ingestion.records USING btree (tenant_id, artifact_id, line, occurrence) WHERE (external_id IS NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.records FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.reread_looks
  owner headgate_owner
  comment Artifacts that the daily job looked at with the newest version of their parser: read alike, differing (a case asks), or not of its kind
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column artifact_id text collate C not null
  column parser text collate C not null
  column outcome text not null
  column looked_at timestamp with time zone not null default clock_timestamp()
  constraint reread_looks_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts(tenant_id, id)
  constraint reread_looks_outcome_is_known CHECK ((outcome = ANY (ARRAY['alike'::text, 'differs'::text, 'not_for_it'::text])))
  constraint reread_looks_pkey PRIMARY KEY (tenant_id, artifact_id, parser)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.reread_looks FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.reveals
  owner headgate_owner
  comment Who was shown the names and account numbers of an artifact or a message, why, and until when
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column subject text collate C not null
  column reason text not null
  column revealed_to text not null default core.actor_id()
  column revealed_at timestamp with time zone not null default clock_timestamp()
  column until timestamp with time zone not null
  constraint reveals_end CHECK ((until > revealed_at))
  constraint reveals_pkey PRIMARY KEY (tenant_id, id)
  constraint reveals_say_why CHECK (((btrim(reason) <> ''::text) AND (length(reason) <= 500)))
  INDEX reveals_of_subject ON ingestion.reveals USING btree (tenant_id, subject, revealed_to, until)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.reveals FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.source_gaps
  owner headgate_owner
  comment Numbers that a source had passed over when they were noticed; it is filled once items of all of them stand
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column name text collate C not null
  column place text collate C not null
  column first_no bigint not null
  column last_no bigint not null
  column noticed_at timestamp with time zone not null default clock_timestamp()
  constraint source_gaps_in_order CHECK ((first_no <= last_no))
  constraint source_gaps_pkey PRIMARY KEY (tenant_id, name, place, first_no, last_no)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.source_gaps FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.source_items
  owner headgate_owner
  comment What a source gave, once each: the artifact that it became, or why it became none
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT (artifact_id) to headgate_readonly
  grant SELECT (artifact_type) to headgate_readonly
  grant SELECT (facts) to headgate_readonly
  grant SELECT (identity) to headgate_readonly
  grant SELECT (name) to headgate_readonly
  grant SELECT (occurred_at) to headgate_readonly
  grant SELECT (place) to headgate_readonly
  grant SELECT (refusal) to headgate_readonly
  grant SELECT (sequence_no) to headgate_readonly
  grant SELECT (taken_at) to headgate_readonly
  grant SELECT (tenant_id) to headgate_readonly
  column tenant_id uuid not null
  column name text collate C not null
  column place text collate C not null
  column identity text collate C not null -- What the source knows it by: an event's id, a file's name and bytes, a mail's UIDVALIDITY, UID and part
  column artifact_id text collate C
  column artifact_type text collate C not null
  column refusal text
  column sequence_no bigint -- Its number, where the source numbers what it gives: a missing number is a gap
  column occurred_at timestamp with time zone
  column facts jsonb not null -- What else the source said of it: no name, no address, no account
  column private_sealed bytea -- What it said that names people, as sealed JSON
  column taken_at timestamp with time zone not null default clock_timestamp()
  constraint source_items_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts(tenant_id, id)
  constraint source_items_identity_is_short CHECK (((length(identity) >= 1) AND (length(identity) <= 800)))
  constraint source_items_kept_or_refused CHECK (((artifact_id IS NULL) = (refusal IS NOT NULL)))
  constraint source_items_pkey PRIMARY KEY (tenant_id, name, place, identity)
  constraint source_items_type_is_known CHECK ((artifact_type = ANY (ARRAY['webhook_body'::text, 'bank_file'::text, 'mail_part'::text])))
  INDEX source_items_by_sequence ON ingestion.source_items USING btree (tenant_id, name, place, sequence_no) WHERE (sequence_no IS NOT NULL)
  INDEX source_items_by_time ON ingestion.source_items USING btree (tenant_id, name, taken_at DESC)
  INDEX source_items_of_artifact ON ingestion.source_items USING btree (tenant_id, artifact_id) WHERE (artifact_id IS NOT NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.source_items FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.source_parts
  owner headgate_owner
  comment The beginning of a large file that is on its way here, so that a lost connection costs no more than a part; gone once the file is kept
  row security enabled, forced
  grant DELETE, INSERT, SELECT to headgate_app
  column tenant_id uuid not null
  column name text collate C not null
  column place text collate C not null
  column file text collate C not null
  column offset_start bigint not null
  column size_bytes integer not null
  column part_sealed bytea not null
  column kept_at timestamp with time zone not null default clock_timestamp()
  constraint source_parts_file_is_short CHECK ((length(file) <= 800))
  constraint source_parts_pkey PRIMARY KEY (tenant_id, name, place, file, offset_start)
  constraint source_parts_place_is_counted CHECK (((offset_start >= 0) AND (size_bytes > 0)))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table ingestion.source_pauses
  owner headgate_owner
  comment When a person stopped, or went on with, fetching a source, and why; the last row of a name holds
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column name text collate C not null
  column set_at timestamp with time zone not null default clock_timestamp()
  column set_by text not null default core.actor_id()
  column is_paused boolean not null
  column reason text not null
  constraint source_pauses_pkey PRIMARY KEY (tenant_id, name, set_at)
  constraint source_pauses_say_why CHECK (((btrim(reason) <> ''::text) AND (length(reason) <= 500)))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.source_pauses FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.source_positions
  owner headgate_owner
  comment Where each page of a source ended: written in the transaction that keeps what the page held; the last of a place holds
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column name text collate C not null
  column position_no bigint not null
  column place text collate C not null
  column cursor text not null
  column items_new integer not null
  column items_known integer not null
  column moved_at timestamp with time zone not null default clock_timestamp()
  constraint source_positions_counts_are_counts CHECK (((position_no > 0) AND (items_new >= 0) AND (items_known >= 0)))
  constraint source_positions_cursor_is_short CHECK ((length(cursor) <= 4000))
  constraint source_positions_pkey PRIMARY KEY (tenant_id, name, position_no)
  INDEX source_positions_by_time ON ingestion.source_positions USING btree (tenant_id, name, moved_at DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.source_positions FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.source_states
  owner headgate_owner
  comment How a source fares and when it is fetched next: one row a name, written by whoever fetches
  row security enabled, forced
  grant INSERT, SELECT, UPDATE to headgate_app
  grant SELECT (failures) to headgate_resolver
  grant SELECT (name) to headgate_resolver
  grant SELECT (tenant_id) to headgate_resolver
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column name text collate C not null
  column due_at timestamp with time zone not null default clock_timestamp()
  column not_before timestamp with time zone -- The source asked to be left alone until then
  column position_no bigint not null default 0 -- The number of the last position of its place
  column items_taken bigint not null default 0
  column newest_at timestamp with time zone
  column failures integer not null default 0 -- Tries that failed in a row; from five on the breaker is open
  column failing_since timestamp with time zone
  column last_success_at timestamp with time zone
  column last_failure_at timestamp with time zone
  column last_failure text
  column probing_until timestamp with time zone -- Somebody tries whether it answers again; nobody else does before then
  constraint source_states_counts_are_counts CHECK (((position_no >= 0) AND (items_taken >= 0) AND (failures >= 0)))
  constraint source_states_failing_since_a_failure CHECK (((failures > 0) = (failing_since IS NOT NULL)))
  constraint source_states_failure_has_a_reason CHECK (((last_failure_at IS NULL) = (last_failure IS NULL)))
  constraint source_states_pkey PRIMARY KEY (tenant_id, name)
  INDEX source_states_failing ON ingestion.source_states USING btree (tenant_id, name) WHERE (failures >= 5)
  policy resolver_reads permissive for select to {headgate_resolver} using true
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table ingestion.source_tries
  owner headgate_owner
  comment Tries to fetch a source that brought something or went wrong; one that found nothing new leaves its mark in the state alone
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column name text collate C not null
  column began_at timestamp with time zone not null
  column ended_at timestamp with time zone not null default clock_timestamp()
  column outcome text collate C not null -- refused: only a person can mend it; failed: it is tried again
  column items_new integer not null
  column items_known integer not null
  column items_refused integer not null
  column reason text
  constraint source_tries_counts_are_counts CHECK (((items_new >= 0) AND (items_known >= 0) AND (items_refused >= 0)))
  constraint source_tries_outcome_is_known CHECK ((outcome = ANY (ARRAY['taken'::text, 'throttled'::text, 'failed'::text, 'refused'::text])))
  constraint source_tries_pkey PRIMARY KEY (tenant_id, id)
  constraint source_tries_taken_or_a_reason CHECK (((outcome = 'taken'::text) = (reason IS NULL)))
  INDEX source_tries_of_source ON ingestion.source_tries USING btree (tenant_id, name, ended_at DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.source_tries FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.sources
  owner headgate_owner
  comment Where evidence is fetched; the last row of a name holds
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT (connector) to headgate_readonly
  grant SELECT (every_seconds) to headgate_readonly
  grant SELECT (is_active) to headgate_readonly
  grant SELECT (is_active) to headgate_resolver
  grant SELECT (login) to headgate_readonly
  grant SELECT (name) to headgate_readonly
  grant SELECT (name) to headgate_resolver
  grant SELECT (place) to headgate_readonly
  grant SELECT (set_at) to headgate_readonly
  grant SELECT (set_at) to headgate_resolver
  grant SELECT (set_by) to headgate_readonly
  grant SELECT (settings) to headgate_readonly
  grant SELECT (source) to headgate_readonly
  grant SELECT (tenant_id) to headgate_readonly
  grant SELECT (tenant_id) to headgate_resolver
  column tenant_id uuid not null
  column name text collate C not null
  column set_at timestamp with time zone not null default clock_timestamp()
  column set_by text not null default core.actor_id()
  column is_active boolean not null
  column connector text collate C not null -- How it is fetched: a file of headgate.ingestion.connectors
  column source text collate C not null -- What the artifacts call where they come from; the same for a provider's webhooks and its polled events
  column place text collate C not null -- Which place the settings name, without secret: what was taken there is known there
  column settings jsonb not null
  column every_seconds integer -- How often it is fetched; NULL: once a day
  column login text collate C
  column secret_sealed bytea
  constraint sources_connector_is_a_word CHECK ((connector ~ '^[a-z][a-z0-9_]{0,23}$'::text))
  constraint sources_every_minute_at_most CHECK (((every_seconds >= 60) AND (every_seconds <= 604800)))
  constraint sources_login_with_secret CHECK (((login IS NULL) = (secret_sealed IS NULL)))
  constraint sources_name_is_a_word CHECK ((name ~ '^[a-z][a-z0-9_-]{0,39}$'::text))
  constraint sources_pkey PRIMARY KEY (tenant_id, name, set_at)
  constraint sources_place_is_short CHECK (((length(place) >= 1) AND (length(place) <= 800)))
  constraint sources_source_is_a_word CHECK ((source ~ '^[a-z][a-z0-9_.-]{0,59}$'::text))
  policy resolver_reads permissive for select to {headgate_resolver} using true
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.sources FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.statements
  owner headgate_owner
  comment One account's statement of one day, as the bank says it: signed minor units, the account by fingerprint and last digits
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column artifact_id text collate C not null
  column reading_id text collate C not null
  column ordinal integer not null
  column account_fingerprint bytea not null
  column account_last4 text not null
  column currency text collate C not null
  column statement_on date
  column opening_minor bigint
  column closing_minor bigint
  column total_minor bigint not null
  column records integer not null
  column proved boolean generated as (((opening_minor + total_minor) = closing_minor)) stored -- Opening balance + signed sum of its entries = closing balance; NULL where it lacks a balance
  column read_at timestamp with time zone not null default clock_timestamp()
  constraint statements_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts(tenant_id, id)
  constraint statements_currency_has_three_capitals CHECK ((currency ~ '^[A-Z]{3}$'::text))
  constraint statements_in_order UNIQUE (tenant_id, reading_id, ordinal)
  constraint statements_last4_is_short CHECK ((length(account_last4) <= 4))
  constraint statements_pkey PRIMARY KEY (tenant_id, id)
  constraint statements_reading_fkey FOREIGN KEY (tenant_id, reading_id) REFERENCES ingestion.readings(tenant_id, id)
  INDEX statements_of_account ON ingestion.statements USING btree (tenant_id, account_fingerprint, statement_on)
  INDEX statements_of_artifact ON ingestion.statements USING btree (tenant_id, artifact_id)
  INDEX statements_of_day ON ingestion.statements USING btree (tenant_id, statement_on, artifact_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.statements FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.stored_objects
  owner headgate_owner
  comment Bodies that lie in storage, by their name below its root; the sha256 is of the sealed bytes
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column artifact_id text collate C not null
  column name text collate C not null
  column sealed_sha256 bytea not null
  column sealed_bytes bigint not null
  column stored_at timestamp with time zone not null default clock_timestamp()
  constraint stored_objects_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts(tenant_id, id)
  constraint stored_objects_name_is_a_path CHECK ((name ~ '^[0-9a-f-]{36}/[0-9a-z]{2}/art_[0-9a-hjkmnp-tv-z]{26}$'::text))
  constraint stored_objects_pkey PRIMARY KEY (tenant_id, artifact_id)
  constraint stored_objects_sha256_has_32_bytes CHECK ((octet_length(sealed_sha256) = 32))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.stored_objects FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.transitions
  owner headgate_owner
  comment The legal status moves of artifacts; '' is nothing yet
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column entity text not null
  column from_status text not null
  column to_status text not null
  constraint transitions_pkey PRIMARY KEY (entity, from_status, to_status)

table ingestion.webhook_endpoints
  owner headgate_owner
  comment Where a provider's webhooks come in; the last row of an id holds, and the secret before it for a day more
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT (allowed_networks) to headgate_readonly
  grant SELECT (allowed_networks) to headgate_resolver
  grant SELECT (id) to headgate_readonly
  grant SELECT (id) to headgate_resolver
  grant SELECT (is_active) to headgate_readonly
  grant SELECT (is_active) to headgate_resolver
  grant SELECT (provider_endpoint_id) to headgate_readonly
  grant SELECT (provider_endpoint_id) to headgate_resolver
  grant SELECT (scheme) to headgate_readonly
  grant SELECT (scheme) to headgate_resolver
  grant SELECT (set_at) to headgate_readonly
  grant SELECT (set_at) to headgate_resolver
  grant SELECT (set_by) to headgate_readonly
  grant SELECT (source) to headgate_readonly
  grant SELECT (source) to headgate_resolver
  grant SELECT (tenant_id) to headgate_readonly
  grant SELECT (tenant_id) to headgate_resolver
  column tenant_id uuid not null
  column id text collate C not null
  column set_at timestamp with time zone not null default clock_timestamp()
  column set_by text not null default core.actor_id()
  column is_active boolean not null
  column source text collate C not null
  column scheme text collate C not null -- How its signature is made: a file of headgate.ingestion.webhook_schemes
  column provider_endpoint_id text collate C -- What the provider calls it, where it says that in a header
  column allowed_networks cidr[] not null default '{}'::cidr[] -- Who may send; empty: whoever signs
  column secret_sealed bytea not null
  constraint webhook_endpoints_few_networks CHECK ((cardinality(allowed_networks) <= 100))
  constraint webhook_endpoints_id_shape CHECK ((id ~ '^whe_[0-9a-hjkmnp-tv-z]{26}$'::text))
  constraint webhook_endpoints_pkey PRIMARY KEY (tenant_id, id, set_at)
  constraint webhook_endpoints_provider_id_is_short CHECK (((length(provider_endpoint_id) >= 1) AND (length(provider_endpoint_id) <= 100)))
  constraint webhook_endpoints_scheme_is_a_word CHECK ((scheme ~ '^[a-z][a-z0-9_]{0,23}$'::text))
  constraint webhook_endpoints_source_is_a_word CHECK ((source ~ '^[a-z][a-z0-9_.-]{0,59}$'::text))
  INDEX webhook_endpoints_by_id ON ingestion.webhook_endpoints USING btree (id, set_at DESC)
  INDEX webhook_endpoints_by_provider_id ON ingestion.webhook_endpoints USING btree (provider_endpoint_id) WHERE (provider_endpoint_id IS NOT NULL)
  policy resolver_reads permissive for select to {headgate_resolver} using true
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER is_setting AFTER INSERT OR DELETE OR UPDATE ON ingestion.webhook_endpoints FOR EACH STATEMENT EXECUTE FUNCTION core.count_setting()
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.webhook_endpoints FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

view ingestion.invariant_artifact_bodies
  owner headgate_owner
  comment Every artifact has its bytes, all of them and in one place: in the database or in storage
  with security_invoker=true
  query 43dd92157f2598bc
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view ingestion.invariant_artifact_status
  owner headgate_owner
  comment An artifact is called read exactly when a reading of it stands
  with security_invoker=true
  query 83495d620025be83
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view ingestion.invariant_bodies_verified
  owner headgate_owner
  comment No stored body was found to differ from what was received, at its last check
  with security_invoker=true
  query f35a370fd85bde20
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view ingestion.invariant_reading_counts
  owner headgate_owner
  comment Every reading has the records and faults that it says
  with security_invoker=true
  query 01e078c1b26b039d
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view ingestion.payment_artifacts
  owner headgate_owner
  comment The evidence of each payment that came in: the file that it stood in, what its envelope names, what another source told of it, what was given later
  with security_invoker=true
  query 88e34044c487dbf1
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column ingestion_id text collate C
  column artifact_id text collate C
  column type text collate C
  column uri text collate C
  column sha256 bytea
  column size_bytes bigint
  column mime text collate C
  column source_metadata jsonb
  column warning text

view ingestion.payment_places
  owner headgate_owner
  comment The artifact, line and record of every piece of evidence of a payment that came in; one that came as an envelope of its own has none
  with security_invoker=true
  query 3439f0edfa89dd2f
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column ingestion_id text collate C
  column artifact_id text collate C
  column line integer
  column occurrence integer
  column record_id text collate C

view ingestion.source_health
  owner headgate_owner
  comment Every source that is fetched, with its health: the breaker is open for 30 s after the fifth failure in a row, then half open; lag is how long ago it was last read to its end
  with security_invoker=true
  query 4020bbfd5bc918cb
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column name text collate C
  column connector text collate C
  column source text collate C
  column place text collate C
  column settings jsonb
  column every_seconds integer
  column login text collate C
  column set_at timestamp with time zone
  column set_by text
  column due_at timestamp with time zone
  column not_before timestamp with time zone
  column last_success_at timestamp with time zone
  column last_failure_at timestamp with time zone
  column last_failure text
  column failures integer
  column failing_since timestamp with time zone
  column breaker text
  column lag_seconds bigint
  column items_taken bigint
  column newest_at timestamp with time zone
  column gaps bigint

schema jobs
  owner headgate_owner
  comment Schedules, run locks and run history
  grant CREATE, USAGE to headgate_poster
  grant CREATE, USAGE to headgate_resolver
  grant USAGE to headgate_app
  grant USAGE to headgate_readonly

function jobs.due(names text[], horizons interval[], own_names text[])
  owner headgate_resolver
  comment The jobs that are due now, by tenant; those of the installation under the nil UUID
  returns TABLE(tenant_id uuid, job text), sql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 6e67cc765f0486f1
  grant EXECUTE to headgate_app

table jobs.runs
  owner headgate_owner
  comment Each run of a job: a crashed one is marked so by the next
  row security enabled, forced
  grant DELETE, INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (finished_at) to headgate_app
  grant UPDATE (outcome) to headgate_app
  grant UPDATE (status) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null default core.new_id('job'::text)
  column job text collate C not null
  column status text collate C not null default 'running'::text
  column attempt integer not null
  column due_at timestamp with time zone not null -- In the tenant's time; started_at and finished_at are real
  column started_at timestamp with time zone not null default clock_timestamp()
  column finished_at timestamp with time zone
  column outcome text -- What the job said it did, or why it failed
  constraint runs_attempt_positive CHECK ((attempt > 0))
  constraint runs_finished_when_over CHECK (((status = 'running'::text) = (finished_at IS NULL)))
  constraint runs_id_shape CHECK ((id ~ '^job_[0-9a-hjkmnp-tv-z]{26}$'::text))
  constraint runs_job_shape CHECK ((job ~ '^[a-z][a-z0-9_]{1,60}$'::text))
  constraint runs_pkey PRIMARY KEY (tenant_id, id)
  constraint runs_status_known CHECK ((status = ANY (ARRAY['running'::text, 'succeeded'::text, 'failed'::text, 'crashed'::text])))
  INDEX runs_by_job ON jobs.runs USING btree (tenant_id, job, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER run_moves BEFORE INSERT OR UPDATE OF status ON jobs.runs FOR EACH ROW EXECUTE FUNCTION core.check_transition('run', 'jobs.transitions')

table jobs.schedules
  owner headgate_owner
  comment When a job runs next, in the tenant's time. A running one holds its row locked, so it runs once at a time
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant SELECT to headgate_resolver
  grant UPDATE (claimed_until) to headgate_app
  grant UPDATE (failures) to headgate_app
  grant UPDATE (next_at) to headgate_app
  grant UPDATE (run_id) to headgate_app
  column tenant_id uuid not null
  column job text collate C not null
  column next_at timestamp with time zone not null
  column failures integer not null default 0
  column run_id text collate C
  column claimed_until timestamp with time zone not null default '-infinity'::timestamp with time zone -- Real time: until then run_id may still be about to take its row lock
  constraint schedules_failures_counted CHECK ((failures >= 0))
  constraint schedules_job_shape CHECK ((job ~ '^[a-z][a-z0-9_]{1,60}$'::text))
  constraint schedules_pkey PRIMARY KEY (tenant_id, job)
  constraint schedules_run FOREIGN KEY (tenant_id, run_id) REFERENCES jobs.runs(tenant_id, id)
  policy resolver_reads permissive for select to {headgate_resolver} using true
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table jobs.transitions
  owner headgate_owner
  comment The legal moves of a run's status
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column entity text collate C not null
  column from_status text collate C not null
  column to_status text collate C not null
  constraint transitions_pkey PRIMARY KEY (entity, from_status, to_status)

schema ledger
  owner headgate_owner
  comment The book: double entry, balances, reservations
  grant CREATE, USAGE to headgate_poster
  grant CREATE, USAGE to headgate_resolver
  grant USAGE to headgate_app
  grant USAGE to headgate_operator
  grant USAGE to headgate_readonly

function ledger.account_of(p_code text)
  owner headgate_poster
  comment The account of that code
  returns bigint, sql, stable
  body 0eecae7b9a84c46d

function ledger.add_monitor(p_account bigint, p_what text, p_comparison text, p_threshold bigint, p_name text)
  owner headgate_poster
  comment Watches a balance from now on, beginning on the side where it stands. Raises HG105
  returns bigint, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 2b2bea54068cde6c
  grant EXECUTE to headgate_app

function ledger.advance_verified()
  owner headgate_poster
  comment After a clean check, in its snapshot: what was judged need not be judged again before the next full check
  returns void, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body decdcbaab55e6c4a
  grant EXECUTE to headgate_app

function ledger.ageing(p_account bigint, p_day date, p_known timestamp with time zone)
  owner headgate_owner
  comment What an account is owed at the end of a day by the age of its debits in days, the oldest paid off first; the parts add up to its net where that is a debit
  returns TABLE(net_minor bigint, days_0_30 bigint, days_31_60 bigint, days_61_90 bigint, days_over_90 bigint), sql, stable
  body 786cb5606466d218
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.announce(p_type text, p_aggregate text, p_id bigint, p_data jsonb)
  owner headgate_poster
  comment One fact into the audit log, and one message that points at it
  returns void, plpgsql, volatile
  body de6c6a30dffef548

function ledger.announce_reservations(p_type text, p_now timestamp with time zone, p_ids bigint[], p_amounts bigint[])
  owner headgate_poster
  comment One audit event and one message a reservation that stands already
  returns void, plpgsql, volatile, security definer
  set enable_nestloop=off
  set search_path=pg_catalog, pg_temp
  body 6abf9b34fbfdbd82

function ledger.apportion(p_amount bigint, p_weights bigint[], p_rule text)
  owner headgate_poster
  comment An amount over parts, by the rule proportional (largest remainder, ties to the earlier) or in_order
  returns bigint[], sql, immutable
  set search_path=pg_catalog, pg_temp
  body dd0a8708edc72394
  grant EXECUTE to headgate_app

function ledger.as_text(p_at timestamp with time zone)
  owner headgate_owner
  comment An instant as text that no setting of a session changes
  returns text, sql, immutable
  body 358f23f9a7f8c5fd
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.balance_as_of(p_account bigint, p_effective timestamp with time zone, p_known timestamp with time zone)
  owner headgate_owner
  comment An account's net (debits − credits) of what was effective by p_effective and recorded by p_known; NULL: without that bound. Raises HG105
  returns bigint, plpgsql, stable
  body 3fa9e9ea148bea0c
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.balance_as_of_day(p_account bigint, p_day date, p_known timestamp with time zone)
  owner headgate_owner
  comment An account's net (debits − credits) at the end of an effective day, as known at p_known (NULL: now). Raises HG105
  returns bigint, plpgsql, stable
  body b666194dd19b7ef5
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.body_hash(p_entries text, p_reverses bigint, p_reservation bigint, p_effective_at timestamp with time zone, p_source_type text, p_source_id text, p_description text, p_metadata jsonb)
  owner headgate_poster
  comment What a posting's key stands for, formula 1: "debit:credit:amount:currency" of each entry, and the rest where there is any
  returns bytea, sql, stable
  body d7f1aae40d17a845
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.body_of(p_transaction bigint)
  owner headgate_owner
  comment Which body a posted transaction's key stands for: with its effective time given, or taken from the clock (now), or the whole of another reversed or settled; NULL: it cannot be told
  returns text, sql, stable
  set enable_hashjoin=off
  set enable_mergejoin=off
  set enable_seqscan=off
  set plan_cache_mode=force_generic_plan
  body 7445af0786d23edc
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.breach_since(p_account bigint, p_since timestamp with time zone, p_net numeric, p_lo bigint, p_hi bigint, p_times timestamp with time zone[], p_changes bigint[], OUT at timestamp with time zone, OUT net numeric)
  owner headgate_poster
  comment The first effective time from p_since on at which an account, whose net is p_net by now, stands beyond these limits; the legs given are not written yet
  returns record, plpgsql, stable, security definer
  set search_path=pg_catalog, pg_temp
  body 782a932042188516

function ledger.capture_many(p_keys text[], p_reservations bigint[], p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_currencies text[], p_effective_at timestamp with time zone[], p_source_types text[], p_source_ids text[], p_descriptions text[], p_metadata jsonb[], p_atomic boolean, OUT codes smallint[], OUT ids bigint[], OUT replayed boolean[], OUT facts jsonb[])
  owner headgate_poster
  comment Posts out of reservations: each posting has one entry, takes from the reserved account and uses up that much of the reservation
  returns record, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 0acfcbacf8f7da23
  grant EXECUTE to headgate_app

function ledger.change_reservation(p_key text, p_reservation bigint, p_kind text, p_amount bigint, p_currency text, OUT code smallint, OUT replayed boolean, OUT facts jsonb)
  owner headgate_poster
  comment Sets more aside for a reservation (increased), or gives a part of it back (released), once a key. Answers 0, 2 or what refuses it
  returns record, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 35d0b9e629d3ebd7
  grant EXECUTE to headgate_app

function ledger.check_account()
  owner headgate_owner
  comment Row trigger: account_id is an account of the same tenant. Raises foreign_key_violation
  returns trigger, plpgsql, volatile
  set search_path=pg_catalog, pg_temp
  body 598370f4b3737c8a
  grant EXECUTE to PUBLIC

function ledger.check_batch(p_keys text[], p_counts integer[], p_entries integer, VARIADIC p_sizes integer[])
  owner headgate_poster
  comment Raises HG110 where the arrays of a batch do not fit together
  returns void, plpgsql, immutable
  body 43dcfecff1cc4b88

function ledger.check_description()
  owner headgate_owner
  comment Row trigger: what an account says of itself, beside its balance. Raises check_violation with the name of the rule
  returns trigger, plpgsql, volatile
  set search_path=pg_catalog, pg_temp
  body f852d600c594913f

function ledger.check_parent()
  owner headgate_owner
  comment Row trigger: the account above is there, in the same currency, and the chart stays a tree. Raises HG105, HG112
  returns trigger, plpgsql, volatile
  body 2cab50e521987272

function ledger.close_period(p_period bigint, p_late text, p_reason text, p_no_pending boolean, p_clearing_zero boolean)
  owner headgate_poster
  comment Closes a period and freezes its trial balance; returns the closing's number. Raises HG150 (no such period), HG153 (closed), HG154 (an earlier one is open), HG155 (not over), HG156 (pending money), HG157 (clearing accounts not at zero)
  returns integer, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 8243d34837a56227
  grant EXECUTE to headgate_app

function ledger.closed_of(p_legal_entity_id text, OUT closed_through date, OUT route_to date)
  owner headgate_poster
  comment Through which day the accounts of a legal entity (NULL: of none) are closed, and where what is late is booked
  returns record, sql, stable
  body a0a6e5dab72eb73f
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.convert_one(p_key text, p_hash bytea, p_from bigint, p_to bigint, p_from_minor bigint, p_to_minor bigint, p_value bigint, p_rate numeric, p_source text, p_from_position bigint, p_to_position bigint, p_functional_position bigint, p_gain_account bigint, p_effective_at timestamp with time zone, p_source_type text, p_source_id text, p_description text, p_metadata jsonb, OUT id bigint, OUT transaction_id bigint, OUT code smallint, OUT replayed boolean, OUT facts jsonb)
  owner headgate_poster
  comment Converts through the position accounts in one transaction and moves the positions. Raises HG101, HG105, HG170 (sides differ), HG171 (another functional currency), HG177 (still to come)
  returns record, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 5687949722f283aa
  grant EXECUTE to headgate_app

function ledger.cut_off(p_account bigint, p_at timestamp with time zone, p_name text, OUT id bigint, OUT replayed boolean)
  owner headgate_poster
  comment Settles every leg of an account that is recorded, in no settlement yet and effective by then. Raises HG105, HG160 (the name stands for another time), HG161 (still to come)
  returns record, plpgsql, volatile, security definer
  set enable_nestloop=off
  set search_path=pg_catalog, pg_temp
  body 810d57f153a17c9d
  grant EXECUTE to headgate_app

function ledger.day_begins_nowhere_before(p_day date)
  owner headgate_owner
  comment What is effective before it lies on an earlier day, in whichever zone
  returns timestamp with time zone, sql, immutable
  body 06da234271d744c4
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.day_is_over_everywhere(p_day date)
  owner headgate_owner
  comment What is effective from it on lies on a later day, in whichever zone
  returns timestamp with time zone, sql, immutable
  body c46e6d0d592f72a6
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.end_pending(p_ids bigint[], p_status text, p_reason text)
  owner headgate_poster
  comment Voids what is still pending of these, or marks what is overdue (expired); says how many
  returns integer, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 5acb59174a631bb5

function ledger.end_reservations(p_ids bigint[], p_status text)
  owner headgate_poster
  comment Releases or expires active reservations; the caller holds their accounts' locks
  returns void, plpgsql, volatile, security definer
  set enable_nestloop=off
  set search_path=pg_catalog, pg_temp
  body 14b5b39779fc678c

function ledger.expire_due()
  owner headgate_poster
  comment Marks every overdue reservation of the tenant in context; says how many
  returns integer, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 376c03b80cd5e1b6
  grant EXECUTE to headgate_app

function ledger.expire_overdue(p_accounts bigint[], p_clock timestamp with time zone)
  owner headgate_poster
  comment Marks what is overdue on accounts that the caller has locked; says how many
  returns integer, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 13bb63b73e24dd39

function ledger.expire_pending()
  owner headgate_poster
  comment Marks every overdue pending transaction of the tenant in context; says how many
  returns integer, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body e6156914904c8511
  grant EXECUTE to headgate_app

function ledger.expire_reservation(p_reservation bigint)
  owner headgate_poster
  comment Marks one overdue reservation expired; false where it has ended meanwhile or there is none, HG114 where it is not overdue
  returns boolean, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body ffbf984a4073c884
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_operator

function ledger.expire_through_view()
  owner headgate_owner
  comment Row trigger of psp_balance_reservation: the one update it takes is an expiry, and the ledger's own function does it
  returns trigger, plpgsql, volatile
  body fe1845ec58d1de12

function ledger.extend_reservation(p_reservation bigint, p_expires_at timestamp with time zone, OUT code smallint)
  owner headgate_poster
  comment Lets a reservation hold longer; to the time that it has already, nothing happens. Answers 0, 20 not found, 22 not active, 26 not later
  returns smallint, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body ffff8db2ebb25584
  grant EXECUTE to headgate_app

function ledger.facts_in(p_facts jsonb)
  owner headgate_poster
  comment The figures of a refusal with the numbers of this tenant instead of codes and keys
  returns jsonb, sql, stable
  body c14c104f1f4c1892

function ledger.facts_out(p_facts jsonb)
  owner headgate_owner
  comment The figures of a refusal with codes and keys instead of numbers
  returns jsonb, sql, stable
  body f6c5eb54c3f0e003
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.forget_expiries(p_accounts bigint[], p_expires_at timestamp with time zone[], p_ids bigint[])
  owner headgate_poster
  comment Reservations that ended fall due no more: of each its account, when it would have, and its number
  returns void, sql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body c00f18ac80a9a7b5

function ledger.give_back(p_accounts bigint[], p_transactions bigint[], p_clock timestamp with time zone)
  owner headgate_poster
  comment Gives back, on accounts that the caller has locked, what these pending transactions hold there, or (NULL) what is overdue
  returns void, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body e7172e3770c3447f

function ledger.hold_back(p_now timestamp with time zone, p_clock timestamp with time zone, p_ids bigint[], p_kinds smallint[], p_effective_at timestamp with time zone[], p_expires_at timestamp with time zone[], p_source_types text[], p_source_ids text[], p_codes smallint[], p_entries bigint[], p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_currencies text[], p_numbers smallint[])
  owner headgate_poster
  comment Writes the pending postings of a batch, and what they hold on their accounts, which the caller has locked
  returns void, plpgsql, volatile, security definer
  set enable_nestloop=off
  set search_path=pg_catalog, pg_temp
  body 34e289006abb2ab5

function ledger.last_leg_effective(p_account bigint, p_first bigint, p_last bigint, p_effective timestamp with time zone)
  owner headgate_owner
  comment The last of an account's first p_last legs before the first that is effective later, where none of the first p_first is: all up to it are effective by then
  returns bigint, plpgsql, stable
  body bc05c99ec6359f1d
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.last_leg_known(p_account bigint, p_last bigint, p_known timestamp with time zone)
  owner headgate_owner
  comment The last of an account's first p_last legs that was recorded by then; 0 where none was, p_last where p_known is NULL
  returns bigint, plpgsql, stable
  body 0218e5a7efb79b9e
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.leg_to_read_at(p_account bigint, p_last bigint, p_effective timestamp with time zone, OUT seq bigint, OUT ahead bigint)
  owner headgate_owner
  comment The leg, among an account's first p_last, whose running net is nearest to its balance as of p_effective, and what of that net is effective only later
  returns record, plpgsql, stable
  body 9f02d13b7fa42a11
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.legs_effective(p_account bigint, p_from timestamp with time zone, p_before timestamp with time zone, p_known timestamp with time zone)
  owner headgate_owner
  comment An account's legs that were effective from p_from on and before p_before, as known at p_known (NULL: now), in no order
  returns TABLE(seq bigint, change_minor bigint, other_account_id bigint, transaction_id bigint, n smallint, recorded_at timestamp with time zone, effective_at timestamp with time zone, effective_on date), plpgsql, stable
  body 5952cc609373bda8
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.legs_of_days(p_account bigint, p_from date, p_to date, p_known timestamp with time zone)
  owner headgate_owner
  comment An account's legs of these effective days, both included, as known at p_known (NULL: now), in no order
  returns TABLE(seq bigint, change_minor bigint, other_account_id bigint, transaction_id bigint, n smallint, recorded_at timestamp with time zone, effective_at timestamp with time zone, effective_on date), sql, stable
  body 7fc065dd181513c9
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.lock_overdue()
  owner headgate_poster
  comment Locks the accounts that have overdue reservations, in id order, before rows of several are expired one by one
  returns void, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body b6dcb9ae45966f7f
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_operator

function ledger.move_position(p_quantity bigint, p_cost bigint, p_change bigint, p_value bigint, OUT quantity bigint, OUT cost bigint, OUT gain bigint)
  owner headgate_poster
  comment A position after its quantity changed for a value (of the sign of the change): quantity, cost, and the gain that was realised
  returns record, plpgsql, immutable
  body 2c72cb96649ca38f
  grant EXECUTE to headgate_app

function ledger.move_positions_back(p_conversion bigint, p_reversal bigint)
  owner headgate_poster
  comment After a conversion's transaction was reversed as a whole: its positions follow, once. Raises HG176 where the position has moved on
  returns void, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 43fcad902ce8808a
  grant EXECUTE to headgate_app

function ledger.net_as_of(p_account bigint, p_at timestamp with time zone, p_on date, p_known timestamp with time zone)
  owner headgate_owner
  comment An account's net as of an instant or the end of a day (NULL both: everything), as known at p_known (NULL: now). Raises HG105
  returns bigint, plpgsql, stable
  body 01bffc864a0b9c9a
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.net_at_leg(p_account bigint, p_seq bigint)
  owner headgate_owner
  comment An account's net (debits − credits) after its leg of that number; 0 after none
  returns bigint, plpgsql, stable
  body e00fa5c719e3ce24
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.next_expiry(p_tenant uuid, p_account bigint)
  owner headgate_poster
  comment When the first active reservation or pending hold of an account falls due
  returns timestamp with time zone, sql, stable
  body acf2e79bcc9919ff

function ledger.open_account(p_code text, p_name text, p_type text, p_currency text, p_purpose text, p_is_default boolean, p_legal_entity_id text, p_lo bigint, p_hi bigint)
  owner headgate_poster
  comment Opens an account of the tenant in context and returns its number; limits are on net. Raises HG104, HG103, HG102
  returns bigint, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 455f0960a98f25f7
  grant EXECUTE to headgate_app

function ledger.open_period(p_name text, p_starts_on date, p_ends_on date, p_legal_entity_id text)
  owner headgate_poster
  comment Opens the next period of the whole book or of a legal entity. Raises HG104, HG151 (the name is taken), HG152 (it does not follow the last one)
  returns bigint, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body c99133ae878d0ee3
  grant EXECUTE to headgate_app

function ledger.pending_as_of(p_account bigint, p_at timestamp with time zone, OUT out_minor bigint, OUT in_minor bigint)
  owner headgate_owner
  comment What was pending at an instant: what would have left the account's normal side, and what would have come
  returns record, sql, stable
  body 0e91706d4cd2f16d
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.period_lock(p_tenant uuid)
  owner headgate_poster
  comment The advisory lock of a tenant's periods: shared to open an account, exclusive to open, close or reopen a period
  returns bigint, sql, immutable
  body 8df3d067105e086c

function ledger.period_of(p_name text, p_legal_entity_id text)
  owner headgate_poster
  comment The period of that name of a legal entity (NULL: of the whole book)
  returns bigint, sql, stable
  body 0fa38611d7ff38b1

function ledger.positions_on(p_functional_position bigint, p_on date, OUT account_id bigint, OUT quantity_minor bigint, OUT cost_minor bigint, OUT realised_minor bigint)
  owner headgate_poster
  comment What is held of each currency, what it cost and what has been realised, as of the end of a day
  returns SETOF record, sql, stable
  body 2cfb4cc5043f25f8
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.post_alone(p_tenant uuid, p_actor_type text, p_actor text, p_person text, p_correlation text, p_key text, p_debit bigint, p_credit bigint, p_amount bigint, p_currency text, p_effective_at timestamp with time zone, p_source_type text, p_source_id text, p_description text, p_metadata jsonb, OUT code smallint, OUT id bigint, OUT replayed boolean, OUT facts jsonb)
  owner headgate_owner
  comment post_one as a transaction of its own: sets the context of the statement first. For a caller without a transaction
  returns record, plpgsql, volatile
  set search_path=pg_catalog, pg_temp
  body c0a40ba1d1856792
  grant EXECUTE to headgate_app

function ledger.post_batch(p_keys text[], p_counts integer[], p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_currencies text[], p_effective_at timestamp with time zone[], p_source_types text[], p_source_ids text[], p_descriptions text[], p_metadata jsonb[], p_reverses bigint[], p_reservations bigint[], p_atomic boolean, p_bodies text[], p_settles bigint[], p_pending boolean[], p_expires_at timestamp with time zone[], p_override_refs text[], p_of smallint[], p_debit_versions bigint[], p_credit_versions bigint[], p_debit_least bigint[], p_credit_least bigint[], p_actor_types text[], p_actors text[], p_persons text[], p_correlations text[], OUT codes smallint[], OUT ids bigint[], OUT replayed boolean[], OUT facts jsonb[])
  owner headgate_poster
  comment The one judge and writer of entries; reached through post_one, post_many, post_group, capture_many, reverse_one and settle_one
  arguments p_keys text[], p_counts integer[], p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_currencies text[], p_effective_at timestamp with time zone[], p_source_types text[], p_source_ids text[], p_descriptions text[], p_metadata jsonb[], p_reverses bigint[], p_reservations bigint[], p_atomic boolean, p_bodies text[] DEFAULT NULL::text[], p_settles bigint[] DEFAULT NULL::bigint[], p_pending boolean[] DEFAULT NULL::boolean[], p_expires_at timestamp with time zone[] DEFAULT NULL::timestamp with time zone[], p_override_refs text[] DEFAULT NULL::text[], p_of smallint[] DEFAULT NULL::smallint[], p_debit_versions bigint[] DEFAULT NULL::bigint[], p_credit_versions bigint[] DEFAULT NULL::bigint[], p_debit_least bigint[] DEFAULT NULL::bigint[], p_credit_least bigint[] DEFAULT NULL::bigint[], p_actor_types text[] DEFAULT NULL::text[], p_actors text[] DEFAULT NULL::text[], p_persons text[] DEFAULT NULL::text[], p_correlations text[] DEFAULT NULL::text[], OUT codes smallint[], OUT ids bigint[], OUT replayed boolean[], OUT facts jsonb[]
  returns record, plpgsql, volatile, security definer
  set enable_nestloop=off
  set plan_cache_mode=force_generic_plan
  set search_path=pg_catalog, pg_temp
  body 4262ce2aa7705f04

function ledger.post_group(p_keys text[], p_counts integer[], p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_currencies text[], p_effective_at timestamp with time zone[], p_source_types text[], p_source_ids text[], p_descriptions text[], p_metadata jsonb[], p_actor_types text[], p_actors text[], p_persons text[], p_correlations text[], OUT codes smallint[], OUT ids bigint[], OUT replayed boolean[], OUT facts jsonb[], OUT recorded_at timestamp with time zone[], OUT effective_at timestamp with time zone[], OUT effective_on date[], OUT asked_effective_at timestamp with time zone[], OUT metadata jsonb[])
  owner headgate_poster
  comment post_many for several callers of one tenant who share a commit: each row keeps its own actor, person and correlation id. Also answers what a document of each needs
  returns record, plpgsql, volatile, security definer
  set enable_seqscan=off
  set search_path=pg_catalog, pg_temp
  body ea0bf5ba473b1f75
  grant EXECUTE to headgate_app

function ledger.post_many(p_keys text[], p_counts integer[], p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_currencies text[], p_effective_at timestamp with time zone[], p_source_types text[], p_source_ids text[], p_descriptions text[], p_metadata jsonb[], p_atomic boolean, OUT codes smallint[], OUT ids bigint[], OUT replayed boolean[], OUT facts jsonb[])
  owner headgate_poster
  comment Posts up to 10,000 transactions, each atomic by itself or all together. p_counts: entries a posting (NULL: one each). Answers in order: result codes, numbers, replayed, figures of refusals
  returns record, sql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 329e27227b283d2a
  grant EXECUTE to headgate_app

function ledger.post_many_full(p_keys text[], p_counts integer[], p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_currencies text[], p_effective_at timestamp with time zone[], p_source_types text[], p_source_ids text[], p_descriptions text[], p_metadata jsonb[], p_atomic boolean, p_reservations bigint[], p_pending boolean[], p_expires_at timestamp with time zone[], p_override_refs text[], p_debit_versions bigint[], p_credit_versions bigint[], p_debit_least bigint[], p_credit_least bigint[], OUT codes smallint[], OUT ids bigint[], OUT replayed boolean[], OUT facts jsonb[])
  owner headgate_poster
  comment post_many with all that a posting can say: its reservation, that it is pending and until when, an approval, and conditions of its entries (expected versions, least available)
  returns record, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body ba60b0f5c7297641
  grant EXECUTE to headgate_app

function ledger.post_many_told(p_keys text[], p_counts integer[], p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_currencies text[], p_effective_at timestamp with time zone[], p_source_types text[], p_source_ids text[], p_descriptions text[], p_metadata jsonb[], p_atomic boolean, p_correlations text[], OUT codes smallint[], OUT ids bigint[], OUT replayed boolean[], OUT facts jsonb[])
  owner headgate_poster
  comment post_many for a set of several stories: each row under its own correlation id
  returns record, sql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 83e943f8a318fbc6
  grant EXECUTE to headgate_app

function ledger.post_one(p_key text, p_debit bigint, p_credit bigint, p_amount bigint, p_currency text, p_effective_at timestamp with time zone, p_source_type text, p_source_id text, p_description text, p_metadata jsonb, OUT code smallint, OUT id bigint, OUT replayed boolean, OUT facts jsonb)
  owner headgate_poster
  comment Posts one transaction of one entry: the short way of post_many, with the same answers
  returns record, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 8bf68658c39c5d83
  grant EXECUTE to headgate_app

function ledger.prepare_expiry()
  owner headgate_owner
  comment Statement trigger of psp_balance_reservation: no tenant, no update; and locks in id order
  returns trigger, plpgsql, volatile
  body 2c5a83ca5235f769

function ledger.record_import(p_kind text, p_file_hash bytea, p_report jsonb)
  owner headgate_poster
  comment Notes that a file was taken in, once, with the proof that was given
  returns void, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body ec904b902e2e7866
  grant EXECUTE to headgate_app

function ledger.record_rate(p_from text, p_to text, p_rate numeric, p_effective_at timestamp with time zone, p_source text, OUT id bigint, OUT is_new boolean)
  owner headgate_poster
  comment Records a rate, unless it is the one known of that source for that instant already; another one is a correction, known from now on
  returns record, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 3133f90915de9300
  grant EXECUTE to headgate_app

function ledger.record_rates(p_from text[], p_to text[], p_rates numeric[], p_effective_at timestamp with time zone[], p_sources text[], OUT place bigint, OUT id bigint, OUT is_new boolean)
  owner headgate_poster
  comment Records rates in their order, each as record_rate does; place is that of the rate in the arrays
  returns SETOF record, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 261976e56980c6ea
  grant EXECUTE to headgate_app

function ledger.recorded_lines(p_account bigint, p_from date, p_to date, p_known timestamp with time zone, p_zone text, p_after_seq bigint, p_limit integer)
  owner headgate_owner
  comment An account's legs that were recorded on these days of a zone, in the order of recording, with the running net that each carries
  returns TABLE(effective_on date, seq bigint, change_minor bigint, net_minor bigint, other_account_id bigint, transaction_id bigint, n smallint, recorded_at timestamp with time zone, effective_at timestamp with time zone), plpgsql, stable
  body 16210690a5cbc87a
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.refuse_a_second_end()
  owner headgate_owner
  comment Row trigger: a captured, released or expired reservation never changes again
  returns trigger, plpgsql, volatile
  body 86ebd04502d1bd8b

function ledger.refuse_a_second_judgement()
  owner headgate_owner
  comment Row trigger: a posted, void or expired pending transaction never changes again
  returns trigger, plpgsql, volatile
  body b3c37a5c85e37c7a

function ledger.release_many(p_reservations bigint[], OUT codes smallint[])
  owner headgate_poster
  comment Gives back what is left of reservations; of one that is released or expired already, nothing. Answers in order: 0, 20 not found, 22 captured
  returns smallint[], plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 48e1f1799eea6222
  grant EXECUTE to headgate_app

function ledger.remove_monitor(p_monitor bigint)
  owner headgate_poster
  comment Watches no more. Raises HG165 where there is no such monitor
  returns void, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 974f8265db49657a
  grant EXECUTE to headgate_app

function ledger.reopen_period(p_period bigint, p_approval_ref text, p_reason text)
  owner headgate_poster
  comment Reopens the last closed period of its scope; the approval was obtained above. Raises HG150, HG158 (it is open), HG154 (a later one is closed)
  returns void, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 1c86124de86ed41f
  grant EXECUTE to headgate_app

function ledger.reservation_facts(p_id bigint, p_account bigint, p_amount bigint, p_currency text, p_reserve_type text, p_source_ref text)
  owner headgate_poster
  comment What an event tells of a reservation, as JSON
  returns text, sql, stable
  body d1ef1a31526e9a9e

function ledger.reserve_many(p_keys text[], p_accounts bigint[], p_amounts bigint[], p_currencies text[], p_reserve_types text[], p_source_refs text[], p_expires_at timestamp with time zone[], p_atomic boolean, OUT codes smallint[], OUT ids bigint[], OUT replayed boolean[], OUT facts jsonb[])
  owner headgate_poster
  comment Sets money of accounts aside, each by itself or all together (p_atomic). Answers in order: result codes, numbers, replayed, figures of refusals
  returns record, plpgsql, volatile, security definer
  set enable_nestloop=off
  set plan_cache_mode=force_generic_plan
  set search_path=pg_catalog, pg_temp
  body 9e2615c8430eaf2a
  grant EXECUTE to headgate_app

function ledger.reserve_one(p_key text, p_account bigint, p_amount bigint, p_currency text, p_reserve_type text, p_source_ref text, p_expires_at timestamp with time zone, OUT code smallint, OUT id bigint, OUT replayed boolean, OUT facts jsonb)
  owner headgate_poster
  comment reserve_many for one
  returns record, sql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 09a71c2951022bc5
  grant EXECUTE to headgate_app

function ledger.reserved_as_of(p_account bigint, p_at timestamp with time zone)
  owner headgate_owner
  comment What was left at an instant of the account's reservations that were made by then and not overdue
  returns bigint, sql, stable
  body 6fb74a897fa0c8b9
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.revalue_one(p_on date, p_functional_position bigint, p_gain_account bigint, p_accounts bigint[], p_rates bigint[], p_shifts integer[], OUT id bigint, OUT replayed boolean)
  owner headgate_poster
  comment Posts what the positions of a functional currency are worth above their cost at the end of a day, and takes it back on the next; once a day. Raises HG172 (not over), HG173 (closed), HG174 (no rate), HG175 (refused)
  returns record, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body cfda46261c2e0fb2
  grant EXECUTE to headgate_app

function ledger.reverse_one(p_key text, p_transaction bigint, p_reason text, p_amount bigint, p_currency text, p_entries smallint[], p_amounts bigint[], p_rule text, OUT code smallint, OUT id bigint, OUT replayed boolean, OUT facts jsonb)
  owner headgate_poster
  comment Takes a transaction back by another: what is left of it, an amount apportioned by a rule, or amounts by entry. Several together never exceed it. Raises HG111, HG110
  returns record, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body f96c689c0e46a275
  grant EXECUTE to headgate_app

function ledger.round_half_even(p_value numeric)
  owner headgate_poster
  comment To a whole number; a half to the even neighbour, as core.money.convert does
  returns numeric, sql, immutable
  body b034b194eba89326
  grant EXECUTE to headgate_app

function ledger.route_closed(p_closed date, p_counts integer[], p_at timestamp with time zone[], p_days date[], p_debits integer[], p_credits integer[], p_codes smallint[], a_closed date[], a_route date[], a_zone text[], OUT at timestamp with time zone[], OUT days date[], OUT asked timestamp with time zone[], OUT closed integer[])
  owner headgate_poster
  comment What belongs to a closed period goes to the day that its accounts name, at that day's first instant; closed: the entry that has none to go to, else 0. Accounts by position, as ledger.post_batch has them
  returns record, plpgsql, immutable
  set search_path=pg_catalog, pg_temp
  body ec1950354e5c9c10

function ledger.safe_limits(p_at timestamp with time zone[], p_postings integer[], p_debits integer[], p_credits integer[], p_amounts bigint[], p_codes smallint[], a_id bigint[], a_net bigint[], a_lo bigint[], a_hi bigint[], a_reserved bigint[], a_out bigint[], a_debit_normal boolean[], a_max timestamp with time zone[], OUT lo boolean[], OUT hi boolean[])
  owner headgate_poster
  comment Which accounts of a batch have no lower, and no upper limit that any of its postings might pass at an effective time. By position, as ledger.post_batch has them
  returns record, plpgsql, stable
  set enable_nestloop=off
  set search_path=pg_catalog, pg_temp
  body 2377ccf85f18b133

function ledger.scheduled_due(p_limit integer, p_wait interval)
  owner headgate_poster
  comment Scheduled transactions whose time has come and that were not refused within p_wait, oldest first, each with the number of the next try to post it
  returns TABLE(id bigint, try integer), sql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 2f667b9f1d311416
  grant EXECUTE to headgate_app

function ledger.set_account_limits(p_account bigint, p_lo bigint, p_hi bigint, p_reason text)
  owner headgate_poster
  comment Sets the limits on an account's net, under its lock, from its next leg on. Raises HG105, HG108 (the balance is beyond them)
  returns void, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 61f88b9d1044f9c7
  grant EXECUTE to headgate_app

function ledger.set_account_status(p_account bigint, p_status text, p_reason text)
  owner headgate_poster
  comment Opens, freezes or closes an account, under its lock. Raises HG105, HG106 (closed is for ever), HG107 (not empty)
  returns void, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 656417d484909291
  grant EXECUTE to headgate_app

function ledger.set_closed(p_scope text)
  owner headgate_poster
  comment Writes what is closed into every account of a scope; the caller holds their locks
  returns void, plpgsql, volatile
  body 24e0d4c9b9dca197

function ledger.set_must_be_zero(p_account bigint, p_must_be_zero boolean, p_max_age interval, p_reason text)
  owner headgate_poster
  comment Says whether an account should come to zero, and how old what is left on it may be. Raises HG105
  returns void, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 8a367983ceaa4957
  grant EXECUTE to headgate_app

function ledger.set_parent(p_account bigint, p_parent bigint, p_reason text)
  owner headgate_poster
  comment Puts an account under another (NULL: under none). Raises HG105, HG112 (another currency, or a circle)
  returns void, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body cb024997e6ea349a
  grant EXECUTE to headgate_app

function ledger.settle_one(p_key text, p_transaction bigint, p_entries smallint[], p_amounts bigint[], p_effective_at timestamp with time zone, OUT code smallint, OUT id bigint, OUT replayed boolean, OUT facts jsonb)
  owner headgate_poster
  comment Posts a pending transaction, once: whole, or of the entries named at most what each has; the rest is given back. Raises HG111, HG110
  returns record, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 916e6b53783e02b3
  grant EXECUTE to headgate_app

function ledger.statement_lines(p_account bigint, p_from date, p_to date, p_known timestamp with time zone, p_after_on date, p_after_seq bigint, p_limit integer)
  owner headgate_owner
  comment An account's legs of these effective days by day and number, with the net after each in that order; after a line (day, number) where given
  returns TABLE(effective_on date, seq bigint, change_minor bigint, net_minor bigint, other_account_id bigint, transaction_id bigint, n smallint, recorded_at timestamp with time zone, effective_at timestamp with time zone), plpgsql, stable
  body c989f45b6dc854ae
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function ledger.take_in(p_lines text[], p_entities text[])
  owner headgate_poster
  comment Takes lines of a book into a tenant that has none, as they are: the caller compares the digest before it commits. Raises HG113
  returns void, plpgsql, volatile, security definer
  set enable_hashjoin=off
  set enable_mergejoin=off
  set enable_seqscan=off
  set plan_cache_mode=force_generic_plan
  set search_path=pg_catalog, pg_temp
  body 634e8229d7ac0f90
  grant EXECUTE to headgate_app

function ledger.take_in_beside(p_line jsonb, p_legal_entity_id text)
  owner headgate_poster
  comment Takes in one line of what stands beside the journal; the legal entity is the one that the line numbers
  returns void, plpgsql, volatile
  body a19a0cbe72b7d27e

function ledger.take_in_refusal(p_request bigint, p_refusal jsonb)
  owner headgate_poster
  comment The refusal of a request that is taken in, where it was refused
  returns void, sql, volatile
  body 52e7630a2eac2c0c

function ledger.tell_of_reservations(p_type text, p_now timestamp with time zone, p_ids bigint[], p_payments text[], p_data text[])
  owner headgate_poster
  comment One audit event and one message a reservation, with these facts; for announce_reservations and reserve_many
  returns void, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 03e75d9277edf01e

function ledger.tell_still_pending(p_transaction bigint, p_code text)
  owner headgate_poster
  comment Says of a scheduled transaction that its day has come and that it was refused, and why
  returns void, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 0772243d0affe9c3
  grant EXECUTE to headgate_app

function ledger.transaction_of(p_key text)
  owner headgate_poster
  comment The transaction of that key
  returns bigint, sql, stable
  body 4c3167b259d1976c

function ledger.void_one(p_transaction bigint, p_reason text, OUT code smallint, OUT status text)
  owner headgate_poster
  comment Gives back all that a pending transaction holds. Answers 0; 24 where it is posted; void or expired already: nothing happens. Raises HG111
  returns record, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body b979f8db816ec634
  grant EXECUTE to headgate_app

function ledger.watch(p_accounts bigint[])
  owner headgate_poster
  comment Flips and announces the monitors of accounts whose balance has crossed a threshold; the caller holds their locks and has written their balances
  returns void, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 20162928cc8ea7e7

sequence ledger.account_ids
  owner headgate_owner
  comment Numbers of accounts (acct_… at the edge)
  bigint start 1 increment 1 from 1 to 9223372036854775807 cache 1
  grant USAGE to headgate_poster

sequence ledger.exchange_ids
  owner headgate_owner
  comment Numbers of exchange rates (fxr_…), conversions (fxc_…) and revaluations (fxv_…)
  bigint start 1 increment 1 from 1 to 9223372036854775807 cache 1
  grant USAGE to headgate_poster

sequence ledger.monitor_ids
  owner headgate_owner
  comment Numbers of balance monitors (mon_…)
  bigint start 1 increment 1 from 1 to 9223372036854775807 cache 1
  grant USAGE to headgate_poster

sequence ledger.period_ids
  owner headgate_owner
  comment Numbers of periods (per_…) and settlements (stl_…)
  bigint start 1 increment 1 from 1 to 9223372036854775807 cache 1
  grant USAGE to headgate_poster

sequence ledger.request_ids
  owner headgate_owner
  comment Numbers of transactions (txn_…) and reservations (rsv_…)
  bigint start 1 increment 1 from 1 to 9223372036854775807 cache 1
  grant SELECT, USAGE to headgate_poster

sequence ledger.reservation_event_ids
  owner headgate_owner
  comment Numbers of the facts about reservations
  bigint start 1 increment 1 from 1 to 9223372036854775807 cache 1
  grant USAGE to headgate_poster

table ledger.account_limits
  owner headgate_owner
  comment Which limits an account had: those of the last row hold for every leg numbered above from_seq
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column account_id bigint not null
  column from_seq bigint not null
  column set_at timestamp with time zone not null
  column lo_minor bigint not null
  column hi_minor bigint not null
  constraint account_limits_pkey PRIMARY KEY (tenant_id, account_id, from_seq, set_at)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.account_limits FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.accounts
  owner headgate_owner
  comment Accounts with their running balance; every posting locks its accounts here, in id order
  with fillfactor=45
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  grant UPDATE (closed_through) to headgate_poster
  grant UPDATE (effective_max) to headgate_poster
  grant UPDATE (hi_minor) to headgate_poster
  grant UPDATE (is_watched) to headgate_poster
  grant UPDATE (late_by_max) to headgate_poster
  grant UPDATE (lo_minor) to headgate_poster
  grant UPDATE (must_be_zero) to headgate_poster
  grant UPDATE (net_minor) to headgate_poster
  grant UPDATE (next_expiry_at) to headgate_poster
  grant UPDATE (parent_id) to headgate_poster
  grant UPDATE (pending_in_minor) to headgate_poster
  grant UPDATE (pending_out_minor) to headgate_poster
  grant UPDATE (reserved_minor) to headgate_poster
  grant UPDATE (route_to) to headgate_poster
  grant UPDATE (seq) to headgate_poster
  grant UPDATE (status) to headgate_poster
  column tenant_id uuid not null
  column id bigint not null default nextval('ledger.account_ids'::regclass)
  column net_minor bigint not null default 0 -- Debits − credits of all entries so far
  column seq bigint not null default 0 -- How many legs of entries the account has; each leg carries its number
  column lo_minor bigint not null default '-4611686018427387903'::bigint -- The least net allowed: the minimum balance of an ASSET or EXPENSE, minus the maximum of the others
  column hi_minor bigint not null default '4611686018427387903'::bigint -- The greatest net allowed: the maximum balance of an ASSET or EXPENSE, minus the minimum of the others
  column reserved_minor bigint not null default 0 -- What is left of the active reservations, overdue ones included until they are marked
  column pending_out_minor bigint not null default 0 -- What its pending transactions would take from its normal side
  column pending_in_minor bigint not null default 0 -- What its pending transactions would add to its normal side; it counts in no limit and is not available
  column next_expiry_at timestamp with time zone not null default 'infinity'::timestamp with time zone -- No active reservation falls due before this; from then on the next posting or reserve marks what is overdue
  column effective_max timestamp with time zone not null default '-infinity'::timestamp with time zone -- The latest effective time of its legs: a leg that is effective before it is late
  column late_by_max interval not null default '00:00:00'::interval -- How far before the latest effective time of their account its late legs were at most: how far back a reading has to look
  column created_at timestamp with time zone not null default clock_timestamp()
  column parent_id bigint -- The account above it in the chart: subtotals add up the tree; of the same currency
  column closed_through date not null default '-infinity'::date -- The last day of its closed periods: a close takes the lock of every account, so no posting slips in behind it
  column route_to date -- The day on which what belongs to a closed period is booked instead; NULL: it is refused
  column is_default boolean not null default false
  column must_be_zero boolean not null default false -- A clearing account: what is left on it is explained by age and origin
  column is_watched boolean not null default false -- Balance monitors look at it when it is posted to
  column status text collate C not null default 'open'::text
  column type text collate C not null
  column currency text collate C not null
  column code text collate C not null
  column name text not null
  column purpose text collate C
  column legal_entity_id text collate C
  constraint accounts_closed_are_empty CHECK (((status <> 'closed'::text) OR ((net_minor = 0) AND (reserved_minor = 0) AND (pending_out_minor = 0) AND (pending_in_minor = 0))))
  constraint accounts_code_is_unique UNIQUE (tenant_id, code)
  constraint accounts_net_within_limits CHECK (((net_minor >= lo_minor) AND (net_minor <= hi_minor)))
  constraint accounts_pending_is_not_negative CHECK (((pending_out_minor >= 0) AND (pending_in_minor >= 0)))
  constraint accounts_pkey PRIMARY KEY (tenant_id, id)
  constraint accounts_reserved_is_covered CHECK (((reserved_minor >= 0) AND ( CASE WHEN (type = ANY (ARRAY['ASSET'::text, 'EXPENSE'::text])) THEN (net_minor - lo_minor) ELSE (hi_minor - net_minor) END >= (reserved_minor + pending_out_minor))))
  INDEX accounts_by_parent ON ledger.accounts USING btree (tenant_id, parent_id) WHERE (parent_id IS NOT NULL)
  INDEX accounts_by_purpose ON ledger.accounts USING btree (tenant_id, purpose, currency) WHERE (purpose IS NOT NULL)
  UNIQUE INDEX accounts_one_default ON ledger.accounts USING btree (tenant_id, purpose, currency, COALESCE(legal_entity_id, ''::text)) WHERE is_default
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER accounts_describe_themselves AFTER INSERT OR UPDATE OF code, name, type, status, currency, purpose, is_default, lo_minor, hi_minor, route_to, closed_through ON ledger.accounts FOR EACH ROW EXECUTE FUNCTION ledger.check_description()
  always TRIGGER accounts_form_a_tree AFTER INSERT OR UPDATE OF parent_id ON ledger.accounts FOR EACH ROW WHEN ((new.parent_id IS NOT NULL)) EXECUTE FUNCTION ledger.check_parent()
  always TRIGGER accounts_stay BEFORE DELETE OR TRUNCATE ON ledger.accounts FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.balance_monitors
  owner headgate_owner
  comment Thresholds on an account's balance; a message goes out in the posting that crosses one, and in the one that comes back
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (changed_at) to headgate_poster
  grant UPDATE (is_crossed) to headgate_poster
  grant UPDATE (removed_at) to headgate_poster
  column tenant_id uuid not null
  column id bigint not null default nextval('ledger.monitor_ids'::regclass)
  column account_id bigint not null
  column threshold_minor bigint not null -- On the account's normal side; crossed when the balance is below (or above) it, not when it is equal
  column created_at timestamp with time zone not null
  column changed_at timestamp with time zone not null -- When is_crossed last changed
  column removed_at timestamp with time zone
  column is_crossed boolean not null
  column what text collate C not null
  column comparison text collate C not null
  column name text not null
  constraint balance_monitors_comparison_is_known CHECK ((comparison = ANY (ARRAY['below'::text, 'above'::text])))
  constraint balance_monitors_name_length CHECK (((length(name) >= 1) AND (length(name) <= 100)))
  constraint balance_monitors_pkey PRIMARY KEY (tenant_id, id)
  constraint balance_monitors_what_is_known CHECK ((what = ANY (ARRAY['posted'::text, 'available'::text])))
  INDEX balance_monitors_watching ON ledger.balance_monitors USING btree (tenant_id, account_id) WHERE (removed_at IS NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER balance_monitors_of_an_account AFTER INSERT OR UPDATE OF tenant_id, account_id ON ledger.balance_monitors FOR EACH ROW EXECUTE FUNCTION ledger.check_account()

table ledger.clearing_rules
  owner headgate_owner
  comment Which accounts should come to zero, and how old what is left on them may be; the last row of an account holds
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column account_id bigint not null
  column set_at timestamp with time zone not null
  column must_be_zero boolean not null
  column max_age interval
  column reason text not null
  column actor_id text not null
  constraint clearing_rules_age_is_positive CHECK ((max_age > '00:00:00'::interval))
  constraint clearing_rules_pkey PRIMARY KEY (tenant_id, account_id, set_at)
  constraint clearing_rules_reason_length CHECK (((length(reason) >= 1) AND (length(reason) <= 1000)))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER clearing_rules_of_an_account AFTER INSERT OR UPDATE OF tenant_id, account_id ON ledger.clearing_rules FOR EACH ROW EXECUTE FUNCTION ledger.check_account()
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.clearing_rules FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.conversions
  owner headgate_owner
  comment Every conversion that was asked for, once a key: the amounts, the rate and whose it is, and the gain that it realised; code 0, or why the book refused it
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null
  column transaction_id bigint not null
  column recorded_at timestamp with time zone not null
  column from_account_id bigint not null
  column to_account_id bigint not null
  column from_minor bigint not null
  column to_minor bigint not null
  column value_minor bigint not null -- What was exchanged, in the functional currency
  column gain_minor bigint not null -- Realised, in the functional currency; a loss is negative
  column code smallint not null
  column rate numeric not null
  column from_currency text collate C not null
  column to_currency text collate C not null
  column functional_currency text collate C not null
  column source text collate C not null
  column key text collate C not null
  column body_hash bytea not null
  column facts jsonb
  constraint conversions_amounts_are_positive CHECK (((from_minor > 0) AND (to_minor > 0) AND (value_minor >= 0)))
  constraint conversions_hash_is_sha256 CHECK ((octet_length(body_hash) = 32))
  constraint conversions_one_a_key UNIQUE (tenant_id, key)
  constraint conversions_pkey PRIMARY KEY (tenant_id, id)
  UNIQUE INDEX conversions_by_transaction ON ledger.conversions USING btree (tenant_id, transaction_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.conversions FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.entries
  owner headgate_owner
  comment The journal: each row debits one account and credits another by the same amount, so it is balanced by its shape
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column transaction_id bigint not null
  column debit_account_id bigint not null
  column credit_account_id bigint not null
  column amount_minor bigint not null
  column debit_seq bigint not null -- The number of this leg among all legs of the debited account, from 1 without gaps
  column debit_net bigint not null -- The debited account's net (debits − credits) after this leg
  column credit_seq bigint not null -- The number of this leg among all legs of the credited account, from 1 without gaps
  column credit_net bigint not null -- The credited account's net (debits − credits) after this leg
  column recorded_at timestamp with time zone not null
  column effective_at timestamp with time zone not null
  column effective_on date not null
  column n smallint not null
  column of_n smallint not null default 0 -- The entry that this one takes back or posts, by its number within the transaction that is reversed or settled; 0: none
  column debit_late boolean not null default false -- Effective before a leg that the debited account had already
  column credit_late boolean not null default false -- Effective before a leg that the credited account had already
  column currency text collate C not null
  constraint entries_amount_is_positive CHECK ((amount_minor > 0))
  constraint entries_between_two_accounts CHECK ((debit_account_id <> credit_account_id))
  constraint entries_credit_sequence UNIQUE (tenant_id, credit_account_id, credit_seq)
  constraint entries_debit_sequence UNIQUE (tenant_id, debit_account_id, debit_seq)
  constraint entries_pkey PRIMARY KEY (tenant_id, transaction_id, n)
  INDEX entries_credit_ahead ON ledger.entries USING btree (tenant_id, credit_account_id, effective_at) INCLUDE (credit_seq, amount_minor, recorded_at) WHERE (((effective_at - recorded_at) > '00:00:00.001'::interval) AND (NOT ((effective_at - recorded_at) > '25:00:00'::interval)))
  INDEX entries_credit_behind ON ledger.entries USING btree (tenant_id, credit_account_id, effective_at) INCLUDE (credit_seq, amount_minor) WHERE (credit_late AND (effective_at < recorded_at))
  INDEX entries_credit_far_ahead ON ledger.entries USING btree (tenant_id, credit_account_id, effective_at) INCLUDE (credit_seq, amount_minor, recorded_at) WHERE ((effective_at - recorded_at) > '25:00:00'::interval)
  INDEX entries_debit_ahead ON ledger.entries USING btree (tenant_id, debit_account_id, effective_at) INCLUDE (debit_seq, amount_minor, recorded_at) WHERE (((effective_at - recorded_at) > '00:00:00.001'::interval) AND (NOT ((effective_at - recorded_at) > '25:00:00'::interval)))
  INDEX entries_debit_behind ON ledger.entries USING btree (tenant_id, debit_account_id, effective_at) INCLUDE (debit_seq, amount_minor) WHERE (debit_late AND (effective_at < recorded_at))
  INDEX entries_debit_far_ahead ON ledger.entries USING btree (tenant_id, debit_account_id, effective_at) INCLUDE (debit_seq, amount_minor, recorded_at) WHERE ((effective_at - recorded_at) > '25:00:00'::interval)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.entries FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  STATISTICS ledger.entries_of_credited ON tenant_id, credit_account_id FROM ledger.entries
  STATISTICS ledger.entries_of_debited ON tenant_id, debit_account_id FROM ledger.entries

table ledger.exchange_rates
  owner headgate_owner
  comment Units of to_currency for one of from_currency, from effective_at on; a correction is a later row for the same instant
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null default nextval('ledger.exchange_ids'::regclass)
  column effective_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null
  column rate numeric not null
  column from_currency text collate C not null
  column to_currency text collate C not null
  column source text collate C not null
  constraint exchange_rates_currencies CHECK (((from_currency ~ '^[A-Z]{3}$'::text) AND (to_currency ~ '^[A-Z]{3}$'::text) AND (from_currency <> to_currency)))
  constraint exchange_rates_pkey PRIMARY KEY (tenant_id, id)
  constraint exchange_rates_rate_is_exact CHECK (((rate > (0)::numeric) AND (rate < ('1000000000000'::bigint)::numeric) AND (scale(rate) <= 12)))
  constraint exchange_rates_source_length CHECK (((length(source) >= 1) AND (length(source) <= 100)))
  INDEX exchange_rates_latest ON ledger.exchange_rates USING btree (tenant_id, from_currency, to_currency, effective_at, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.exchange_rates FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.imports
  owner headgate_owner
  comment Files whose balances or whole book were taken in, once each, with the proof that was given
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column file_hash bytea not null
  column imported_at timestamp with time zone not null default clock_timestamp()
  column kind text collate C not null
  column report jsonb not null
  constraint imports_hash_is_sha256 CHECK ((octet_length(file_hash) = 32))
  constraint imports_kind_is_known CHECK ((kind = ANY (ARRAY['opening_balances'::text, 'book'::text])))
  constraint imports_pkey PRIMARY KEY (tenant_id, kind, file_hash)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.imports FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.pending_entries
  owner headgate_owner
  comment What a pending transaction would move: at most this is posted of each entry
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column transaction_id bigint not null
  column debit_account_id bigint not null
  column credit_account_id bigint not null
  column amount_minor bigint not null
  column n smallint not null
  column currency text collate C not null
  constraint pending_entries_amount_is_positive CHECK ((amount_minor > 0))
  constraint pending_entries_between_two_accounts CHECK ((debit_account_id <> credit_account_id))
  constraint pending_entries_pkey PRIMARY KEY (tenant_id, transaction_id, n)
  INDEX pending_entries_by_credit ON ledger.pending_entries USING btree (tenant_id, credit_account_id, transaction_id) INCLUDE (amount_minor)
  INDEX pending_entries_by_debit ON ledger.pending_entries USING btree (tenant_id, debit_account_id, transaction_id) INCLUDE (amount_minor)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.pending_entries FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.pending_holds
  owner headgate_owner
  comment What a pending transaction takes from and adds to an account's normal side, until it is posted, void or overdue
  row security enabled, forced
  grant DELETE, INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column account_id bigint not null
  column transaction_id bigint not null
  column out_minor bigint not null
  column in_minor bigint not null
  column expires_at timestamp with time zone not null
  constraint pending_holds_hold_something CHECK (((out_minor >= 0) AND (in_minor >= 0) AND ((out_minor + in_minor) > 0)))
  constraint pending_holds_pkey PRIMARY KEY (tenant_id, account_id, transaction_id)
  INDEX pending_holds_falling_due ON ledger.pending_holds USING btree (tenant_id, account_id, expires_at) WHERE (expires_at < 'infinity'::timestamp with time zone)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table ledger.pending_transactions
  owner headgate_owner
  comment Transactions that are agreed and not yet posted, and what became of each: posted, void or expired
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (reason) to headgate_poster
  grant UPDATE (settled_by) to headgate_poster
  grant UPDATE (status) to headgate_poster
  grant UPDATE (updated_at) to headgate_poster
  column tenant_id uuid not null
  column id bigint not null
  column created_at timestamp with time zone not null
  column updated_at timestamp with time zone not null
  column effective_at timestamp with time zone -- The effective time that was asked for; NULL: when it is posted
  column expires_at timestamp with time zone not null default 'infinity'::timestamp with time zone -- On the tenant's clock; from that instant it counts in no read, marked or not
  column settled_by bigint -- The transaction that posted it, whole or in part
  column kind text collate C not null -- pending: somebody posts or voids it; scheduled: its day was still to come, and a job posts it then
  column status text collate C not null default 'pending'::text
  column reason text
  constraint pending_transactions_kind_is_known CHECK ((kind = ANY (ARRAY['pending'::text, 'scheduled'::text])))
  constraint pending_transactions_pkey PRIMARY KEY (tenant_id, id)
  constraint pending_transactions_posted_by_one CHECK (((status = 'posted'::text) = (settled_by IS NOT NULL)))
  constraint pending_transactions_reason_length CHECK ((length(reason) <= 1000))
  constraint pending_transactions_scheduled_for_a_time CHECK (((kind <> 'scheduled'::text) OR (effective_at IS NOT NULL)))
  constraint pending_transactions_status_is_known CHECK ((status = ANY (ARRAY['pending'::text, 'posted'::text, 'void'::text, 'expired'::text])))
  INDEX pending_transactions_falling_due ON ledger.pending_transactions USING btree (tenant_id, expires_at) WHERE ((status = 'pending'::text) AND (expires_at < 'infinity'::timestamp with time zone))
  INDEX pending_transactions_scheduled ON ledger.pending_transactions USING btree (tenant_id, effective_at) WHERE ((status = 'pending'::text) AND (kind = 'scheduled'::text))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER pending_transactions_end_once BEFORE UPDATE ON ledger.pending_transactions FOR EACH ROW WHEN ((old.status <> 'pending'::text)) EXECUTE FUNCTION ledger.refuse_a_second_judgement()

table ledger.period_balances
  owner headgate_owner
  comment The frozen trial balance of a closing: the net of each account that had entries, as of the end of the period
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column period_id bigint not null
  column n integer not null
  column account_id bigint not null
  column net_minor bigint not null
  column seq bigint not null -- How many legs the account had at the closing: no leg above it may belong to the period
  column settled_seq bigint not null -- Every leg up to this one belongs to this period or an earlier one: the next close begins after it
  column settled_net bigint not null -- The net after that leg
  column currency text collate C not null
  constraint period_balances_closing FOREIGN KEY (tenant_id, period_id, n) REFERENCES ledger.period_closings(tenant_id, period_id, n) DEFERRABLE
  constraint period_balances_pkey PRIMARY KEY (tenant_id, period_id, n, account_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.period_balances FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.period_closings
  owner headgate_owner
  comment Each closing of a period: what becomes of late postings, the totals of its frozen trial balance and their digest
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column period_id bigint not null
  column n integer not null
  column closed_at timestamp with time zone not null
  column accounts integer not null
  column late text collate C not null
  column reason text not null
  column actor_id text not null
  column digest bytea not null -- sha256 of one line "account:currency:net" and a newline for each row of its period_balances, by account
  column totals jsonb not null -- By currency: the sum of the debit balances and the sum of the credit balances
  constraint period_closings_digest_is_sha256 CHECK ((octet_length(digest) = 32))
  constraint period_closings_late_is_known CHECK ((late = ANY (ARRAY['refuse'::text, 'route'::text])))
  constraint period_closings_period FOREIGN KEY (tenant_id, period_id) REFERENCES ledger.periods(tenant_id, id)
  constraint period_closings_pkey PRIMARY KEY (tenant_id, period_id, n)
  constraint period_closings_reason_length CHECK (((length(reason) >= 1) AND (length(reason) <= 1000)))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.period_closings FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.period_reopenings
  owner headgate_owner
  comment Which closing was undone, by whose approval; its frozen trial balance stays
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column period_id bigint not null
  column n integer not null
  column reopened_at timestamp with time zone not null
  column approval_ref text not null -- What a higher floor obtained from two people; opaque here
  column reason text not null
  column actor_id text not null
  constraint period_reopenings_approval_length CHECK (((length(approval_ref) >= 1) AND (length(approval_ref) <= 255)))
  constraint period_reopenings_closing FOREIGN KEY (tenant_id, period_id, n) REFERENCES ledger.period_closings(tenant_id, period_id, n)
  constraint period_reopenings_pkey PRIMARY KEY (tenant_id, period_id, n)
  constraint period_reopenings_reason_length CHECK (((length(reason) >= 1) AND (length(reason) <= 1000)))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.period_reopenings FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.periods
  owner headgate_owner
  comment Accounting periods of the tenant (its whole book) or of one legal entity (its accounts), day after day without gaps
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (closings) to headgate_poster
  grant UPDATE (status) to headgate_poster
  column tenant_id uuid not null
  column id bigint not null default nextval('ledger.period_ids'::regclass)
  column created_at timestamp with time zone not null default clock_timestamp()
  column starts_on date not null
  column ends_on date not null
  column previous_ends_on date
  column closings integer not null default 0 -- How often it was closed; the number of its latest closing
  column status text collate C not null default 'open'::text
  column name text not null
  column legal_entity_id text collate C
  column scope text collate C not null -- The legal entity, or empty for the whole book: what the constraints compare, since NULL equals nothing
  constraint periods_begin_where_the_last_ends CHECK ((previous_ends_on = (starts_on - 1)))
  constraint periods_closed_by_a_closing CHECK (((status = 'open'::text) OR (closings > 0)))
  constraint periods_follow FOREIGN KEY (tenant_id, scope, previous_ends_on) REFERENCES ledger.periods(tenant_id, scope, ends_on)
  constraint periods_legal_entity FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint periods_name_is_unique UNIQUE (tenant_id, scope, name)
  constraint periods_name_length CHECK (((length(name) >= 1) AND (length(name) <= 100)))
  constraint periods_one_ends_on_a_day UNIQUE (tenant_id, scope, ends_on)
  constraint periods_one_follows UNIQUE (tenant_id, scope, previous_ends_on)
  constraint periods_pkey PRIMARY KEY (tenant_id, id)
  constraint periods_run_forward CHECK ((starts_on <= ends_on))
  constraint periods_scope_is_the_entity CHECK ((scope = COALESCE(legal_entity_id, ''::text)))
  constraint periods_status_is_known CHECK ((status = ANY (ARRAY['open'::text, 'closed'::text])))
  UNIQUE INDEX periods_one_begins ON ledger.periods USING btree (tenant_id, scope) WHERE (previous_ends_on IS NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table ledger.position_moves
  owner headgate_owner
  comment What each conversion did to a currency position: quantity in its own currency, cost in the functional one, with running totals
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column account_id bigint not null
  column seq bigint not null
  column functional_account_id bigint not null
  column conversion_id bigint not null
  column transaction_id bigint not null
  column quantity_minor bigint not null -- Positive: more of the currency is held; its position account is credited with it
  column cost_minor bigint not null -- What the position account of the functional currency was debited with for it, realised gain included
  column gain_minor bigint not null
  column quantity_after bigint not null
  column cost_after bigint not null
  constraint position_moves_between_two_accounts CHECK ((account_id <> functional_account_id))
  constraint position_moves_closed_at_no_cost CHECK (((quantity_after <> 0) OR (cost_after = 0)))
  constraint position_moves_one_a_transaction UNIQUE (tenant_id, transaction_id, account_id)
  constraint position_moves_pkey PRIMARY KEY (tenant_id, account_id, seq)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.position_moves FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.refusals
  owner headgate_owner
  comment What a rule refused, under its key, for ever: the result code (listed in headgate/ledger/errors.py) and the figures
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column request_id bigint not null
  column refused_at timestamp with time zone not null
  column code smallint not null
  column facts jsonb not null
  constraint refusals_code_is_one CHECK ((code >= 10))
  constraint refusals_pkey PRIMARY KEY (tenant_id, request_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.refusals FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.reservation_events
  owner headgate_owner
  comment What became of reserved money, part by part; a capture names its posting
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column reservation_id bigint not null
  column id bigint not null
  column recorded_at timestamp with time zone not null
  column amount_minor bigint not null
  column transaction_id bigint
  column request_id bigint -- The request, once a key, that changed it: more, or a part given back
  column kind text collate C not null
  constraint reservation_events_a_capture_is_a_posting CHECK (((kind = 'captured'::text) = (transaction_id IS NOT NULL)))
  constraint reservation_events_amount_is_positive CHECK ((amount_minor > 0))
  constraint reservation_events_kind_is_known CHECK ((kind = ANY (ARRAY['increased'::text, 'captured'::text, 'released'::text, 'expired'::text])))
  constraint reservation_events_pkey PRIMARY KEY (tenant_id, reservation_id, id)
  UNIQUE INDEX reservation_events_one_a_posting ON ledger.reservation_events USING btree (tenant_id, transaction_id) WHERE (transaction_id IS NOT NULL)
  UNIQUE INDEX reservation_events_one_a_request ON ledger.reservation_events USING btree (tenant_id, request_id) WHERE (request_id IS NOT NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.reservation_events FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.reservation_expiries
  owner headgate_owner
  comment When each active reservation falls due, of those that do
  row security enabled, forced
  grant DELETE, INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column account_id bigint not null
  column expires_at timestamp with time zone not null
  column reservation_id bigint not null
  constraint reservation_expiries_are_instants CHECK ((expires_at < 'infinity'::timestamp with time zone))
  constraint reservation_expiries_pkey PRIMARY KEY (tenant_id, account_id, expires_at, reservation_id)
  INDEX reservation_expiries_falling_due ON ledger.reservation_expiries USING btree (tenant_id, expires_at)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table ledger.reservation_requests
  owner headgate_owner
  comment Every reservation, and change of one, that was asked for, once a key, for ever: made where ledger.reservations or ledger.reservation_events has it, else refused
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null
  column recorded_at timestamp with time zone not null
  column hash_formula smallint not null
  column body_hash bytea not null
  column key text collate C not null
  constraint reservation_requests_hash_is_sha256 CHECK ((octet_length(body_hash) = 32))
  constraint reservation_requests_key_length CHECK (((length(key) >= 1) AND (length(key) <= 255)))
  constraint reservation_requests_one_a_key UNIQUE (tenant_id, key)
  constraint reservation_requests_pkey PRIMARY KEY (tenant_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.reservation_requests FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.reservations
  owner headgate_owner
  comment Money of an account set aside for one purpose, until it is captured into postings, released or expired
  with fillfactor=45
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  grant UPDATE (amount_minor) to headgate_poster
  grant UPDATE (captured_minor) to headgate_poster
  grant UPDATE (expires_at) to headgate_poster
  grant UPDATE (released_minor) to headgate_poster
  grant UPDATE (remaining_minor) to headgate_poster
  grant UPDATE (status) to headgate_poster
  grant UPDATE (updated_at) to headgate_poster
  column tenant_id uuid not null
  column id bigint not null
  column account_id bigint not null
  column amount_minor bigint not null
  column remaining_minor bigint not null
  column captured_minor bigint not null default 0
  column released_minor bigint not null default 0
  column created_at timestamp with time zone not null
  column updated_at timestamp with time zone not null
  column expires_at timestamp with time zone not null default 'infinity'::timestamp with time zone -- On the tenant's clock; from that instant it counts in no read, marked or not
  column status text collate C not null default 'active'::text
  column currency text collate C not null
  column reserve_type text collate C not null
  column source_ref text collate C not null
  constraint reservations_active_while_something_is_left CHECK (((status = 'active'::text) = (remaining_minor > 0)))
  constraint reservations_amount_is_positive CHECK ((amount_minor > 0))
  constraint reservations_parts_add_up CHECK ((((captured_minor + released_minor) + remaining_minor) = amount_minor))
  constraint reservations_parts_are_not_negative CHECK (((remaining_minor >= 0) AND (captured_minor >= 0) AND (released_minor >= 0)))
  constraint reservations_pkey PRIMARY KEY (tenant_id, id)
  constraint reservations_source_length CHECK (((length(source_ref) >= 1) AND (length(source_ref) <= 255)))
  constraint reservations_status_is_known CHECK ((status = ANY (ARRAY['active'::text, 'captured'::text, 'released'::text, 'expired'::text])))
  constraint reservations_type_length CHECK (((length(reserve_type) >= 1) AND (length(reserve_type) <= 100)))
  INDEX reservations_by_account ON ledger.reservations USING btree (tenant_id, account_id, id)
  INDEX reservations_by_source ON ledger.reservations USING btree (tenant_id, source_ref)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER reservations_end_once BEFORE UPDATE ON ledger.reservations FOR EACH ROW WHEN ((old.status <> 'active'::text)) EXECUTE FUNCTION ledger.refuse_a_second_end()

table ledger.revaluation_lines
  owner headgate_owner
  comment A revaluation, position by position: what it cost, the rate of the day, what it is worth
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column revaluation_id bigint not null
  column account_id bigint not null
  column rate_id bigint not null
  column quantity_minor bigint not null
  column cost_minor bigint not null
  column value_minor bigint not null
  column gain_minor bigint not null
  column currency text collate C not null
  constraint revaluation_lines_add_up CHECK ((gain_minor = (value_minor - cost_minor)))
  constraint revaluation_lines_pkey PRIMARY KEY (tenant_id, revaluation_id, account_id)
  constraint revaluation_lines_rate FOREIGN KEY (tenant_id, rate_id) REFERENCES ledger.exchange_rates(tenant_id, id)
  constraint revaluation_lines_revaluation FOREIGN KEY (tenant_id, revaluation_id) REFERENCES ledger.revaluations(tenant_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.revaluation_lines FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.revaluations
  owner headgate_owner
  comment The unrealised gain or loss at the end of a day, posted on it and taken back on the next; no transaction where it is zero
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null
  column functional_account_id bigint not null
  column recorded_at timestamp with time zone not null
  column revalued_on date not null
  column transaction_id bigint
  column reversal_id bigint
  column gain_minor bigint not null
  column functional_currency text collate C not null
  constraint revaluations_are_taken_back CHECK (((transaction_id IS NULL) = (reversal_id IS NULL)))
  constraint revaluations_one_a_day UNIQUE (tenant_id, functional_account_id, revalued_on)
  constraint revaluations_pkey PRIMARY KEY (tenant_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.revaluations FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.settlement_legs
  owner headgate_owner
  comment Which leg of an account was settled with which cut-off
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column account_id bigint not null
  column seq bigint not null
  column settlement_id bigint not null
  column change_minor bigint not null
  constraint settlement_legs_pkey PRIMARY KEY (tenant_id, account_id, seq)
  constraint settlement_legs_settlement FOREIGN KEY (tenant_id, settlement_id) REFERENCES ledger.settlements(tenant_id, id)
  INDEX settlement_legs_by_settlement ON ledger.settlement_legs USING btree (tenant_id, settlement_id, seq)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.settlement_legs FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.settlements
  owner headgate_owner
  comment Named cut-offs of an account: each takes what was recorded, effective by then, and in no settlement yet
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null default nextval('ledger.period_ids'::regclass)
  column account_id bigint not null
  column cut_off_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null
  column through_seq bigint not null -- Every leg up to this one is settled: the next cut-off begins after it
  column legs bigint not null
  column late_legs bigint not null -- How many of its legs an earlier cut-off would have taken, had they been recorded by then
  column debit_minor bigint not null
  column credit_minor bigint not null
  column currency text collate C not null
  column name text not null
  column actor_id text not null
  constraint settlements_name_is_unique UNIQUE (tenant_id, account_id, name)
  constraint settlements_name_length CHECK (((length(name) >= 1) AND (length(name) <= 100)))
  constraint settlements_pkey PRIMARY KEY (tenant_id, id)
  constraint settlements_sums_are_not_negative CHECK (((debit_minor >= 0) AND (credit_minor >= 0) AND (legs >= late_legs) AND (late_legs >= 0)))
  INDEX settlements_by_account ON ledger.settlements USING btree (tenant_id, account_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER settlements_of_an_account AFTER INSERT OR UPDATE OF tenant_id, account_id ON ledger.settlements FOR EACH ROW EXECUTE FUNCTION ledger.check_account()
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.settlements FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.transactions
  owner headgate_owner
  comment Every posting that was asked for, once a key, for ever: posted where it has entries, refused where ledger.refusals has it
  row security enabled, forced
  grant INSERT, SELECT to headgate_poster
  grant SELECT (description) to headgate_operator
  grant SELECT (id) to headgate_operator
  grant SELECT (key) to headgate_operator
  grant SELECT (source_id) to headgate_operator
  grant SELECT (source_type) to headgate_operator
  grant SELECT (tenant_id) to headgate_operator
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null
  column recorded_at timestamp with time zone not null -- Real time, taken while its accounts were locked: the order of an account's legs is the order of these times
  column effective_at timestamp with time zone not null
  column reverses bigint -- The transaction that this one takes back, whole or in part
  column settles bigint -- The pending transaction that this one posts
  column asked_effective_at timestamp with time zone -- The effective time that was asked for, where it lay in a closed period and was routed to a later day
  column effective_on date not null -- The day of effective_at in the legal entity's time zone (UTC where its accounts belong to none), derived once
  column hash_formula smallint not null
  column body_hash bytea not null -- Hash of what was asked for: the same key with another body is a conflict
  column key text collate C not null
  column source_type text collate C
  column source_id text collate C
  column description text
  column metadata jsonb
  constraint transactions_description_length CHECK ((length(description) <= 1000))
  constraint transactions_hash_is_sha256 CHECK ((octet_length(body_hash) = 32))
  constraint transactions_key_length CHECK (((length(key) >= 1) AND (length(key) <= 255)))
  constraint transactions_metadata_is_an_object CHECK ((jsonb_typeof(metadata) = 'object'::text))
  constraint transactions_one_a_key UNIQUE (tenant_id, key)
  constraint transactions_pkey PRIMARY KEY (tenant_id, id)
  constraint transactions_source_is_whole CHECK (((source_type IS NULL) = (source_id IS NULL)))
  constraint transactions_source_length CHECK ((((length(source_type) >= 1) AND (length(source_type) <= 100)) AND ((length(source_id) >= 1) AND (length(source_id) <= 255))))
  INDEX transactions_by_original ON ledger.transactions USING btree (tenant_id, reverses) WHERE (reverses IS NOT NULL)
  INDEX transactions_by_pending ON ledger.transactions USING btree (tenant_id, settles) WHERE (settles IS NOT NULL)
  INDEX transactions_by_source ON ledger.transactions USING btree (tenant_id, source_type, source_id, id) WHERE (source_id IS NOT NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.transactions FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ledger.verified_accounts
  owner headgate_owner
  comment Up to which leg, and at which net, a check has found each account right
  row security enabled, forced
  grant INSERT, SELECT, UPDATE to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column account_id bigint not null
  column seq bigint not null
  column net_minor bigint not null
  constraint verified_accounts_pkey PRIMARY KEY (tenant_id, account_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table ledger.verified_requests
  owner headgate_owner
  comment Up to which number every transaction and reservation has been found right
  row security enabled, forced
  grant INSERT, SELECT, UPDATE to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column request_id bigint not null
  column next_request_id bigint not null
  column next_xid xid8 not null -- Once every database transaction below this is over, no number up to next_request_id can appear any more
  constraint verified_requests_goes_on CHECK ((next_request_id >= request_id))
  constraint verified_requests_pkey PRIMARY KEY (tenant_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

view ledger.balances
  owner headgate_owner
  comment Each account's balance on its normal side (a debit raises an ASSET): posted, reserved, pending out and in, available
  with security_invoker=true
  query 8326008afc6440ca
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column account_id bigint
  column code text collate C
  column name text
  column type text collate C
  column currency text collate C
  column purpose text collate C
  column legal_entity_id text collate C
  column status text collate C
  column posted_minor bigint
  column reserved_minor bigint
  column available_minor bigint
  column pending_out_minor bigint
  column pending_in_minor bigint

view ledger.book_entities
  owner headgate_owner
  comment The legal entities of which the book has accounts or periods, as a file of the book numbers them
  with security_invoker=true
  query b9e80e0e0102b6c0
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column id text collate C
  column no bigint
  column name text
  column time_zone text
  column currency text collate C

view ledger.book_lines
  owner headgate_owner
  comment The journal and its accounts, a JSON document a row, in the order in which it can be taken in again
  with security_invoker=true
  query dfe77892443a51fa
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column part integer
  column line text

view ledger.book_lines_beside
  owner headgate_owner
  comment What stands beside the journal, a JSON document a row, in the order in which it can be taken in again
  with security_invoker=true
  query 2e08830c8f1b34b5
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column part integer
  column line text

view ledger.clearing_items
  owner headgate_owner
  comment What is left on each account that should be zero, leg by leg: left_minor is the part that nothing has cleared, signed as net
  with security_invoker=true
  query e91ccbfb3f8a444c
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column account_id bigint
  column seq bigint
  column transaction_id bigint
  column n smallint
  column effective_at timestamp with time zone
  column recorded_at timestamp with time zone
  column other_account_id bigint
  column reference text collate C
  column source_type text collate C
  column source_id text collate C
  column description text
  column change_minor bigint
  column left_minor bigint

view ledger.clearing_rule
  owner headgate_owner
  comment The rule that holds for each clearing account now
  with security_invoker=true
  query 9c80cf04940912f9
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column account_id bigint
  column must_be_zero boolean
  column max_age interval
  column set_at timestamp with time zone

view ledger.invariant_account_of_its_entity
  owner headgate_owner
  comment Every account that names a legal entity names one that exists
  with security_invoker=true
  query 47dac82311c76001
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view ledger.invariant_available
  owner headgate_owner
  comment Available is posted less what is reserved or pending to leave, and not overdue
  with security_invoker=true
  query d88e74ff8da82f68
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view ledger.invariant_balanced_book
  owner headgate_owner
  comment Over all accounts of a currency, debits equal credits
  with security_invoker=true
  query 24757802e3103bdf
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view ledger.invariant_captures
  owner headgate_owner
  comment Every capture is a posting of the same amount out of the reserved account
  with security_invoker=true
  query 5ba7b12c409d3e16
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text
  column detail text

view ledger.invariant_clearing
  owner headgate_owner
  comment What is left on an account that should be zero is no older than its rule allows; a case explains what is
  with security_invoker=true
  query 842ba0593f600269
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view ledger.invariant_closed_accounts
  owner headgate_owner
  comment Every account is closed through the last day of the closed periods that hold for it
  with security_invoker=true
  query 910ad1c249163101
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view ledger.invariant_closed_periods
  owner headgate_owner
  comment Nothing was recorded for a day of a closed period after its close
  with security_invoker=true
  query 01b8cfd5dddee88f
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text
  column detail text collate C

view ledger.invariant_entry_currency
  owner headgate_owner
  comment Every entry has the currency of both its accounts, and both exist
  with security_invoker=true
  query 093cce89f5b03bf9
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text
  column detail text collate C

view ledger.invariant_expiries
  owner headgate_owner
  comment Every active reservation that falls due is noted with its time, and no other
  with security_invoker=true
  query 03b59e7c6964e050
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text
  column detail text collate C

view ledger.invariant_frozen_balance
  owner headgate_owner
  comment The frozen trial balance of a closed period is what the entries say today (judged by the full check)
  with security_invoker=true
  query 59ac7283a4789308
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text
  column detail text collate C

view ledger.invariant_late_legs
  owner headgate_owner
  comment A leg is marked late exactly where its account had a later one; the account knows the latest effective time and how late a leg was at most
  with security_invoker=true
  query 1da1e9c26e1d8a7e
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view ledger.invariant_limits
  owner headgate_owner
  comment No leg ever took an account beyond the limits it had at that time
  with security_invoker=true
  query ae127a4691e6cbd2
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view ledger.invariant_monitors
  owner headgate_owner
  comment Every monitor stands on the side where the balance is, and an account is watched while it has one
  with security_invoker=true
  query de3f2f3e1f7c92ad
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view ledger.invariant_one_effect_a_key
  owner headgate_owner
  comment An idempotency key stands for one transaction, and for one reservation
  with security_invoker=true
  query 99194d1cda70842a
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view ledger.invariant_pending
  owner headgate_owner
  comment What an account has pending is what its pending transactions hold; only one that is still pending holds anything, and it holds all
  with security_invoker=true
  query 2227a2d70ae503a0
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view ledger.invariant_positions
  owner headgate_owner
  comment Every move of a position is what its conversion's entries did, in quantity and cost, and the running totals follow (judged by the full check)
  with security_invoker=true
  query d9cd3f531f752a51
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view ledger.invariant_reservation_parts
  owner headgate_owner
  comment Captured, released and remaining of a reservation add up to its amount, and its facts say the same
  with security_invoker=true
  query 7337ea38aaf86d56
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text
  column detail text collate C

view ledger.invariant_reservations_judged
  owner headgate_owner
  comment Every reservation that was asked for was made or refused, never both
  with security_invoker=true
  query 9423252b1e1f042c
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text
  column detail text

view ledger.invariant_reserved
  owner headgate_owner
  comment What an account has set aside is the sum of its active reservations, and it knows when the first falls due
  with security_invoker=true
  query 8c12afad2db8a80e
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view ledger.invariant_reversed_within_original
  owner headgate_owner
  comment What was reversed of a transaction is never more than it moved, account by account
  with security_invoker=true
  query 7e7dbd30e672f8a8
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text
  column detail text

view ledger.invariant_running_balance
  owner headgate_owner
  comment Each leg's running balance is the one before it plus or minus its amount, and an account's legs are numbered without gaps
  with security_invoker=true
  query 053d10fac318a405
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view ledger.invariant_settled_within_pending
  owner headgate_owner
  comment A pending transaction is posted by one other at most, entry by entry never for more than it had
  with security_invoker=true
  query f3bbbe33a36a6cb5
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text
  column detail text collate C

view ledger.invariant_settlements
  owner headgate_owner
  comment A settlement is the sum of its legs, each a leg of its account that was effective by the cut-off (judged by the full check)
  with security_invoker=true
  query 08d168a01fde5881
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text
  column detail text collate C

view ledger.invariant_stored_balance
  owner headgate_owner
  comment Each account's stored balance and leg count are the fold of its entries
  with security_invoker=true
  query 29d34f639b393dae
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view ledger.invariant_transactions_judged
  owner headgate_owner
  comment Every transaction has its entries or its refusal or is a pending one, never two of these; a refused one leaves nothing but its record
  with security_invoker=true
  query b69e75e679f20c25
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text
  column detail text

view ledger.invariant_tree
  owner headgate_owner
  comment The chart is a tree, and every branch has one currency
  with security_invoker=true
  query 6d1df166788c1ef0
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view ledger.legs
  owner headgate_owner
  comment Entries seen from each of their two accounts: number, signed change (debit positive) and running net
  with security_invoker=true
  query e0f4e9e9bdd2bae0
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column account_id bigint
  column seq bigint
  column net_minor bigint
  column change_minor bigint
  column other_account_id bigint
  column transaction_id bigint
  column n smallint
  column currency text collate C
  column recorded_at timestamp with time zone
  column effective_at timestamp with time zone
  column effective_on date

view ledger.monitored
  owner headgate_owner
  comment Each monitor with the balance that it watches: available counts an overdue reservation until it is marked
  with security_invoker=true
  query 6b08f9d773eedbfc
  grant SELECT to headgate_app
  grant SELECT to headgate_poster
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column id bigint
  column account_id bigint
  column name text
  column what text collate C
  column comparison text collate C
  column threshold_minor bigint
  column is_crossed boolean
  column created_at timestamp with time zone
  column changed_at timestamp with time zone
  column code text collate C
  column currency text collate C
  column balance_minor bigint
  column crosses boolean

view ledger.unverified_legs
  owner headgate_owner
  comment The legs that a check has to judge: all of them, or those past each account's watermark
  with security_invoker=true
  query 7a21ddefeb1aecca
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column account_id bigint
  column code text collate C
  column from_seq bigint
  column from_net bigint
  column seq bigint
  column net_minor bigint
  column change_minor bigint
  column transaction_id bigint
  column n smallint
  column currency text collate C
  column effective_at timestamp with time zone
  column is_late boolean
  column account_currency text collate C

view ledger.unverified_transactions
  owner headgate_owner
  comment The transactions that a check has to judge: all of them, or those past the watermark
  with security_invoker=true
  query e7d38fc65dc7f8fb
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column id bigint
  column key text collate C
  column recorded_at timestamp with time zone
  column effective_at timestamp with time zone
  column effective_on date
  column reverses bigint

schema messaging
  owner headgate_owner
  comment Transactional outbox, queues of the PostgreSQL transport, consumer inbox, dead letters
  grant CREATE, USAGE to headgate_poster
  grant CREATE, USAGE to headgate_resolver
  grant USAGE to headgate_app
  grant USAGE to headgate_dispatcher
  grant USAGE to headgate_operator
  grant USAGE to headgate_readonly

function messaging.add_months(months_ahead integer)
  owner headgate_owner
  comment Makes the missing monthly partitions of the outbox
  returns integer, sql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 892ac6419c12b191
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_dispatcher

function messaging.advance_verified()
  owner headgate_poster
  comment After a clean check, in its snapshot: the messages that were judged need not be judged again before the next full check
  returns void, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 4e31c675787c0b02
  grant EXECUTE to headgate_app

function messaging.announce_many(p_type text, p_aggregate_type text, p_aggregate_ids text[], p_datas text[], p_payment_ids text[])
  owner headgate_poster
  comment Records one event of a type for each of many things and publishes it, under the correlation in context. Says how many
  returns integer, sql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 2ed011715185aa77
  grant EXECUTE to headgate_app

function messaging.announce_many_v2(p_type text, p_aggregate_type text, p_aggregate_ids text[], p_datas text[], p_payment_ids text[], p_correlations text[])
  owner headgate_poster
  comment Records one event of a type for each of many things and publishes it: each message points at its event. Each under its correlation, or the context's. Says how many
  returns integer, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body ff6b0b8d246e7df1
  grant EXECUTE to headgate_app

function messaging.claim_queued(p_consumers text[], p_limit integer, p_holder text, p_seconds double precision)
  owner headgate_owner
  comment Claims up to p_limit messages that are due for these consumers, for so many seconds
  returns SETOF messaging.queue_messages, plpgsql, volatile
  set enable_bitmapscan=off
  set enable_indexscan=on
  set enable_seqscan=off
  set search_path=pg_catalog, pg_temp
  body 5bbabc41f31fcc4c
  grant EXECUTE to headgate_dispatcher

function messaging.publish(p_type text, p_aggregate_type text, p_aggregate_ids text[], p_payloads jsonb[], p_correlations text[])
  owner headgate_owner
  comment Publishes messages of one topic, each about one thing and under its correlation, or the context's
  returns void, plpgsql, volatile
  set search_path=pg_catalog, pg_temp
  body e7c45d1c65def3d1
  grant EXECUTE to headgate_app

function messaging.queue_due(p_limit integer, p_attempts_max integer)
  owner headgate_owner
  comment Takes up to p_limit messages that are due out of the outbox into the queues of who wants them, and marks them published; how many. NULL where none of those that are due can be taken so
  returns integer, plpgsql, volatile
  set enable_indexscan=on
  set enable_seqscan=off
  set search_path=pg_catalog, pg_temp
  body 2d41aabcbbb2439b
  grant EXECUTE to headgate_dispatcher

function messaging.replay(p_ids bigint[])
  owner headgate_poster
  comment Gives published events of the tenant in context to the relay again; says how many. What waits or was given up stays as it is
  returns integer, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 3cd8e74015fdfc18
  grant EXECUTE to headgate_app

function messaging.requeue(dead_letter_id bigint)
  owner headgate_poster
  comment Gives a dead letter of the tenant in context back to the relay or its consumer; raises HG211 where none waits
  returns void, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 9ca5e07d8e76aa4d
  grant EXECUTE to headgate_app

function messaging.verified_through()
  owner headgate_owner
  comment The number from which on a check judges the tenant's messages; all of them in a full one
  returns bigint, sql, stable
  body a5ccc633d64cb36e
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

function messaging.wanting(p_type text)
  owner headgate_owner
  comment The consumers whose queues a message of this topic is put into by who publishes it; NULL where that is the relay's part
  returns text[], plpgsql, stable
  set search_path=pg_catalog, pg_temp
  body e6348d6b48c646de
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_poster

sequence messaging.dead_letter_id
  owner headgate_owner
  bigint start 1 increment 1 from 1 to 9223372036854775807 cache 1
  grant USAGE to headgate_dispatcher

sequence messaging.message_id
  owner headgate_owner
  bigint start 1 increment 1 from 1 to 9223372036854775807 cache 1
  grant USAGE to headgate_app
  grant USAGE to headgate_dispatcher
  grant USAGE to headgate_poster

table messaging.dead_letters
  owner headgate_owner
  comment Messages given up after their last attempt, with the reason; requeued by hand
  row security enabled, forced
  grant INSERT, SELECT to headgate_dispatcher
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_poster
  grant SELECT to headgate_readonly
  grant UPDATE (requeued_at) to headgate_poster
  grant UPDATE (requeued_by) to headgate_poster
  column tenant_id uuid not null
  column id bigint not null default nextval('messaging.dead_letter_id'::regclass)
  column consumer text collate C not null -- Who could not handle it; empty where the relay could not hand it to the transport
  column message_id bigint not null
  column created_at timestamp with time zone not null
  column event_type text collate C not null
  column aggregate_type text collate C not null
  column aggregate_id text collate C not null
  column payload jsonb not null
  column correlation_id text collate C
  column attempt_count integer not null
  column last_error text not null
  column dead_at timestamp with time zone not null default clock_timestamp()
  column requeued_at timestamp with time zone
  column requeued_by text
  constraint dead_letters_pkey PRIMARY KEY (tenant_id, id)
  constraint dead_letters_requeue_is_whole CHECK (((requeued_at IS NULL) = (requeued_by IS NULL)))
  UNIQUE INDEX dead_letters_stand_once ON messaging.dead_letters USING btree (tenant_id, consumer, message_id) WHERE (requeued_at IS NULL)
  policy dispatcher_inserts permissive for insert to {headgate_dispatcher} check true
  policy dispatcher_reads permissive for select to {headgate_dispatcher} using true
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table messaging.inbox
  owner headgate_owner
  comment What each consumer has handled, written with its effects: a message that comes twice is handled once
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column consumer text collate C not null
  column message_id bigint not null
  column handled_at timestamp with time zone not null default clock_timestamp()
  constraint inbox_pkey PRIMARY KEY (tenant_id, consumer, message_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON messaging.inbox FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table messaging.outbox_keys
  owner headgate_owner
  comment Derived keys of messages that may be published once only
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant INSERT, SELECT to headgate_poster
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column dedupe_key text collate C not null
  column message_id bigint not null
  constraint outbox_keys_are_not_empty CHECK ((dedupe_key <> ''::text))
  constraint outbox_keys_pkey PRIMARY KEY (tenant_id, dedupe_key)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON messaging.outbox_keys FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table messaging.outbox_messages
  owner headgate_owner
  comment Messages as the business transaction wrote them; the relay hands them to the transport
  partition by RANGE (created_at)
  row security enabled, forced
  grant INSERT (aggregate_id) to headgate_app
  grant INSERT (aggregate_id) to headgate_dispatcher
  grant INSERT (aggregate_id) to headgate_poster
  grant INSERT (aggregate_type) to headgate_app
  grant INSERT (aggregate_type) to headgate_dispatcher
  grant INSERT (aggregate_type) to headgate_poster
  grant INSERT (audit_epoch) to headgate_app
  grant INSERT (audit_epoch) to headgate_dispatcher
  grant INSERT (audit_epoch) to headgate_poster
  grant INSERT (audit_event_id) to headgate_app
  grant INSERT (audit_event_id) to headgate_dispatcher
  grant INSERT (audit_event_id) to headgate_poster
  grant INSERT (audit_xid) to headgate_app
  grant INSERT (audit_xid) to headgate_dispatcher
  grant INSERT (audit_xid) to headgate_poster
  grant INSERT (correlation_id) to headgate_app
  grant INSERT (correlation_id) to headgate_dispatcher
  grant INSERT (correlation_id) to headgate_poster
  grant INSERT (created_at) to headgate_app
  grant INSERT (created_at) to headgate_dispatcher
  grant INSERT (created_at) to headgate_poster
  grant INSERT (dedupe_key) to headgate_app
  grant INSERT (dedupe_key) to headgate_dispatcher
  grant INSERT (dedupe_key) to headgate_poster
  grant INSERT (event_type) to headgate_app
  grant INSERT (event_type) to headgate_dispatcher
  grant INSERT (event_type) to headgate_poster
  grant INSERT (handled_by) to headgate_app
  grant INSERT (id) to headgate_app
  grant INSERT (id) to headgate_dispatcher
  grant INSERT (id) to headgate_poster
  grant INSERT (payload) to headgate_app
  grant INSERT (payload) to headgate_dispatcher
  grant INSERT (payload) to headgate_poster
  grant INSERT (published_at) to headgate_app
  grant INSERT (tenant_id) to headgate_app
  grant INSERT (tenant_id) to headgate_dispatcher
  grant INSERT (tenant_id) to headgate_poster
  grant INSERT, UPDATE (published_at) to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_dispatcher
  grant SELECT to headgate_operator
  grant SELECT to headgate_poster
  grant SELECT to headgate_readonly
  grant UPDATE (attempt_count) to headgate_dispatcher
  grant UPDATE (attempt_count) to headgate_poster
  grant UPDATE (available_at) to headgate_dispatcher
  grant UPDATE (available_at) to headgate_poster
  grant UPDATE (claimed_by) to headgate_dispatcher
  grant UPDATE (claimed_by) to headgate_poster
  grant UPDATE (claimed_until) to headgate_dispatcher
  grant UPDATE (claimed_until) to headgate_poster
  grant UPDATE (dead_at) to headgate_dispatcher
  grant UPDATE (dead_at) to headgate_poster
  grant UPDATE (last_error) to headgate_dispatcher
  grant UPDATE (last_error) to headgate_poster
  grant UPDATE (published_at) to headgate_dispatcher
  column tenant_id uuid not null
  column id bigint not null default nextval('messaging.message_id'::regclass)
  column created_at timestamp with time zone not null default clock_timestamp()
  column event_type text collate C not null
  column aggregate_type text collate C not null
  column aggregate_id text collate C not null
  column payload jsonb
  column audit_event_id bigint -- Instead of a payload: the audit event of the same transaction whose data is the payload; its event_time equals created_at
  column audit_xid xid8
  column audit_epoch integer
  column correlation_id text collate C
  column dedupe_key text collate C -- The derived key under which this message exists once per tenant (messaging.outbox_keys)
  column available_at timestamp with time zone not null default clock_timestamp()
  column claimed_by text collate C
  column claimed_until timestamp with time zone -- Until when the relay that claimed the row may keep it; past that anyone takes it over
  column attempt_count integer not null default 0
  column last_error text
  column published_at timestamp with time zone
  column dead_at timestamp with time zone
  column handled_by text collate C -- The consumer that did its part in the transaction that wrote this: it is not given the message
  constraint outbox_carries_or_points CHECK (((payload IS NULL) = (audit_event_id IS NOT NULL)))
  constraint outbox_event_type_is_a_topic CHECK (((payload IS NULL) OR (event_type ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$'::text)))
  constraint outbox_is_published_or_dead CHECK (((published_at IS NULL) OR (dead_at IS NULL)))
  constraint outbox_messages_pkey PRIMARY KEY (tenant_id, id, created_at)
  constraint outbox_pointer_is_whole CHECK ((num_nulls(audit_event_id, audit_xid, audit_epoch) = ANY (ARRAY[0, 3])))
  INDEX outbox_by_time ON ONLY messaging.outbox_messages USING brin (created_at)
  INDEX outbox_pending ON ONLY messaging.outbox_messages USING btree (available_at, id) WHERE ((published_at IS NULL) AND (dead_at IS NULL))
  policy dispatcher_inserts permissive for insert to {headgate_dispatcher} check true
  policy dispatcher_reads permissive for select to {headgate_dispatcher} using true
  policy dispatcher_updates permissive for update to {headgate_dispatcher} using true check true
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table messaging.outbox_messages_rest
  owner headgate_owner
  comment Rows of messaging.outbox_messages outside every month made so far
  partition of messaging.outbox_messages DEFAULT
  row security enabled, forced
  column tenant_id uuid not null
  column id bigint not null default nextval('messaging.message_id'::regclass)
  column created_at timestamp with time zone not null default clock_timestamp()
  column event_type text collate C not null
  column aggregate_type text collate C not null
  column aggregate_id text collate C not null
  column payload jsonb
  column audit_event_id bigint
  column audit_xid xid8
  column audit_epoch integer
  column correlation_id text collate C
  column dedupe_key text collate C
  column available_at timestamp with time zone not null default clock_timestamp()
  column claimed_by text collate C
  column claimed_until timestamp with time zone
  column attempt_count integer not null default 0
  column last_error text
  column published_at timestamp with time zone
  column dead_at timestamp with time zone
  column handled_by text collate C
  constraint outbox_carries_or_points CHECK (((payload IS NULL) = (audit_event_id IS NOT NULL)))
  constraint outbox_event_type_is_a_topic CHECK (((payload IS NULL) OR (event_type ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$'::text)))
  constraint outbox_is_published_or_dead CHECK (((published_at IS NULL) OR (dead_at IS NULL)))
  constraint outbox_pointer_is_whole CHECK ((num_nulls(audit_event_id, audit_xid, audit_epoch) = ANY (ARRAY[0, 3])))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table messaging.queue_messages
  owner headgate_owner
  comment What each consumer still has to handle (PostgreSQL transport); a handled message leaves
  with fillfactor=70
  row security enabled, forced
  grant DELETE, INSERT, SELECT, UPDATE to headgate_dispatcher
  grant INSERT to headgate_poster
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column consumer text collate C not null
  column message_id bigint not null
  column created_at timestamp with time zone not null
  column event_type text collate C not null
  column aggregate_type text collate C not null
  column aggregate_id text collate C not null
  column payload jsonb not null
  column correlation_id text collate C
  column queued_at timestamp with time zone not null default clock_timestamp()
  column available_at timestamp with time zone not null default clock_timestamp()
  column claimed_by text collate C
  column claimed_until timestamp with time zone
  column attempt_count integer not null default 0
  column last_error text
  constraint queue_messages_pkey PRIMARY KEY (tenant_id, consumer, message_id)
  INDEX queue_messages_due ON messaging.queue_messages USING btree (consumer, available_at, message_id) WHERE (available_at < 'infinity'::timestamp with time zone)
  policy dispatcher_deletes permissive for delete to {headgate_dispatcher} using true
  policy dispatcher_inserts permissive for insert to {headgate_dispatcher} check true
  policy dispatcher_reads permissive for select to {headgate_dispatcher} using true
  policy dispatcher_updates permissive for update to {headgate_dispatcher} using true check true
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table messaging.subscriptions
  owner headgate_owner
  comment Which consumers want which topics, since when, and where their messages wait
  grant DELETE, INSERT, SELECT, UPDATE to headgate_dispatcher
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_poster
  grant SELECT to headgate_readonly
  column consumer text collate C not null
  column topics text[] not null
  column pattern text not null -- The topics as one regular expression over event_type
  column since timestamp with time zone not null default clock_timestamp()
  column transport text collate C not null default 'postgres'::text -- Who holds the messages that wait: postgres (messaging.queue_messages) or rabbitmq
  constraint subscriptions_have_topics CHECK ((cardinality(topics) > 0))
  constraint subscriptions_pkey PRIMARY KEY (consumer)
  constraint subscriptions_transport_is_known CHECK ((transport = ANY (ARRAY['postgres'::text, 'rabbitmq'::text])))

table messaging.verified_messages
  owner headgate_owner
  comment Up to which number every message was published or given up, and was found right
  row security enabled, forced
  grant INSERT, SELECT, UPDATE to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column message_id bigint not null
  column next_message_id bigint not null
  column next_xid xid8 not null -- Once every database transaction below this is over, no number up to next_message_id can appear any more
  constraint verified_messages_goes_on CHECK ((next_message_id >= message_id))
  constraint verified_messages_pkey PRIMARY KEY (tenant_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

view messaging.invariant_dead_are_lettered
  owner headgate_owner
  comment What the relay gave up lies with the dead letters, with its reason.
  with security_invoker=true
  query f874a57507e9e36a
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view messaging.invariant_pointers_resolve
  owner headgate_owner
  comment A message that points at an audit event finds it, written at the same instant.
  with security_invoker=true
  query 055794a4ec59ed83
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view messaging.invariant_published_arrives
  owner headgate_owner
  comment Every published message waits for each consumer of its topic, was handled by it, or lies with the dead letters (a broker's queues are not seen).
  with security_invoker=true
  query 537b3f1801271802
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view messaging.invariant_published_once
  owner headgate_owner
  comment Under one dedupe key there is one message, and the key is written down.
  with security_invoker=true
  query 28146a0899e82c91
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

schema parties
  owner headgate_owner
  comment Employers, payees, borrowers and their bank accounts
  grant CREATE, USAGE to headgate_poster
  grant CREATE, USAGE to headgate_resolver
  grant USAGE to headgate_app
  grant USAGE to headgate_readonly

function parties.check_evidence()
  owner headgate_owner
  comment Row trigger: a bank account is as verified as its last evidence says
  returns trigger, plpgsql, volatile
  body 8c372cc595fef7db

function parties.record_bank_account_changes()
  owner headgate_poster
  comment Statement trigger: writes the history of bank accounts
  returns trigger, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 4ca93b58877cfd09

function parties.record_party_changes()
  owner headgate_poster
  comment Statement trigger: writes the history of parties
  returns trigger, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body bef8932f12142dbd

table parties.addresses
  owner headgate_owner
  comment Postal addresses of parties, in parts: the last one said of a party holds; append-only, so that what a wire named stays known
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column party_id text collate C not null
  column country text not null
  column town text not null
  column street text not null
  column building text not null
  column post_code text not null
  column state text not null
  column source_ref text
  column actor_type text not null default core.actor_type()
  column actor_id text not null default core.actor_id()
  column said_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint addresses_country_has_two_capitals CHECK ((country ~ '^[A-Z]{2}$'::text))
  constraint addresses_parts_are_short CHECK (((length(street) <= 70) AND (length(building) <= 16) AND (length(post_code) <= 16) AND (length(state) <= 35)))
  constraint addresses_party_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES parties.parties(tenant_id, id)
  constraint addresses_pkey PRIMARY KEY (tenant_id, id)
  constraint addresses_town_is_named CHECK (((length(town) >= 1) AND (length(town) <= 35)))
  INDEX addresses_of_party ON parties.addresses USING btree (tenant_id, party_id, id DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON parties.addresses FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table parties.bank_account_changes
  owner headgate_owner
  comment The history of bank accounts, written by trigger whoever writes; append-only: cooldowns after a change are judged by it
  row security enabled, forced
  grant INSERT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column party_id text collate C not null
  column bank_account_id text collate C not null
  column change text not null
  column source_ref text
  column actor_type text not null default core.actor_type()
  column actor_id text not null default core.actor_id()
  column correlation_id text default core.correlation_id()
  column changed_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint bank_account_changes_account_fkey FOREIGN KEY (tenant_id, bank_account_id) REFERENCES parties.bank_accounts(tenant_id, id)
  constraint bank_account_changes_change_is_known CHECK ((change = ANY (ARRAY['added'::text, 'replaced'::text, 'reactivated'::text, 'closed'::text, 'verification_pending'::text, 'verification_verified'::text, 'verification_failed'::text])))
  constraint bank_account_changes_party_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES parties.parties(tenant_id, id)
  constraint bank_account_changes_pkey PRIMARY KEY (tenant_id, id)
  INDEX bank_account_changes_of_account ON parties.bank_account_changes USING btree (tenant_id, bank_account_id, id)
  INDEX bank_account_changes_of_party ON parties.bank_account_changes USING btree (tenant_id, party_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON parties.bank_account_changes FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table parties.bank_accounts
  owner headgate_owner
  comment Bank accounts of parties: the number sealed, found again by its keyed fingerprint, shown by its last digits
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (source_ref) to headgate_app
  grant UPDATE (status) to headgate_app
  grant UPDATE (verification) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null
  column party_id text collate C not null
  column routing_number text not null
  column account_number_sealed bytea not null
  column fingerprint bytea not null -- Keyed fingerprint of routing number and account number
  column last4 text not null
  column account_type text not null
  column status text not null default 'active'::text
  column verification text not null default 'unverified'::text
  column source_ref text
  column created_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint bank_accounts_last4_is_short CHECK ((length(last4) <= 4))
  constraint bank_accounts_one_row_per_account UNIQUE (tenant_id, party_id, fingerprint, account_type)
  constraint bank_accounts_party_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES parties.parties(tenant_id, id)
  constraint bank_accounts_pkey PRIMARY KEY (tenant_id, id)
  constraint bank_accounts_routing_number_has_nine_digits CHECK ((routing_number ~ '^[0-9]{9}$'::text))
  constraint bank_accounts_status_is_known CHECK ((status = ANY (ARRAY['active'::text, 'replaced'::text, 'closed'::text])))
  constraint bank_accounts_type_is_known CHECK ((account_type = ANY (ARRAY['checking'::text, 'savings'::text])))
  constraint bank_accounts_verification_is_known CHECK ((verification = ANY (ARRAY['unverified'::text, 'pending'::text, 'verified'::text, 'failed'::text])))
  INDEX bank_accounts_by_fingerprint ON parties.bank_accounts USING btree (tenant_id, fingerprint)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER bank_account_begins BEFORE INSERT ON parties.bank_accounts FOR EACH ROW WHEN ((new.status <> 'active'::text)) EXECUTE FUNCTION core.check_transition('bank_account', 'parties.transitions')
  TRIGGER bank_account_history_of_inserts AFTER INSERT ON parties.bank_accounts REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION parties.record_bank_account_changes()
  TRIGGER bank_account_history_of_updates AFTER UPDATE ON parties.bank_accounts REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION parties.record_bank_account_changes()
  TRIGGER bank_account_moves BEFORE UPDATE OF status ON parties.bank_accounts FOR EACH ROW EXECUTE FUNCTION core.check_transition('bank_account', 'parties.transitions')
  TRIGGER verification_begins BEFORE INSERT ON parties.bank_accounts FOR EACH ROW WHEN ((new.verification <> 'unverified'::text)) EXECUTE FUNCTION core.check_transition('verification', 'parties.transitions', 'verification')
  TRIGGER verification_has_evidence BEFORE UPDATE OF verification ON parties.bank_accounts FOR EACH ROW EXECUTE FUNCTION parties.check_evidence()
  TRIGGER verification_moves BEFORE UPDATE OF verification ON parties.bank_accounts FOR EACH ROW EXECUTE FUNCTION core.check_transition('verification', 'parties.transitions', 'verification')
  always TRIGGER bank_accounts_are_kept BEFORE DELETE OR TRUNCATE ON parties.bank_accounts FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table parties.blocks
  owner headgate_owner
  comment Who is not paid: a party, or an account number wherever it turns up (by fingerprint), with the reason and who lifted it
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (lift_reason) to headgate_app
  grant UPDATE (lifted_at) to headgate_app
  grant UPDATE (lifted_by) to headgate_app
  grant UPDATE (status) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null
  column party_id text collate C
  column fingerprint bytea
  column bank_account_id text collate C
  column reason text not null
  column status text not null default 'active'::text
  column blocked_by text not null default core.actor_id()
  column blocked_at timestamp with time zone not null
  column lifted_by text
  column lifted_at timestamp with time zone
  column lift_reason text
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint blocks_account_fkey FOREIGN KEY (tenant_id, bank_account_id) REFERENCES parties.bank_accounts(tenant_id, id)
  constraint blocks_lift_reason_is_short CHECK (((length(lift_reason) >= 1) AND (length(lift_reason) <= 500)))
  constraint blocks_lifted_says_who_and_why CHECK (((status = 'lifted'::text) = ((lifted_by IS NOT NULL) AND (lifted_at IS NOT NULL) AND (lift_reason IS NOT NULL))))
  constraint blocks_one_target CHECK (((num_nonnulls(party_id, fingerprint) = 1) AND ((bank_account_id IS NULL) OR (fingerprint IS NOT NULL))))
  constraint blocks_party_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES parties.parties(tenant_id, id)
  constraint blocks_pkey PRIMARY KEY (tenant_id, id)
  constraint blocks_reason_is_known CHECK ((reason = ANY (ARRAY['fraud'::text, 'sanctions'::text, 'legal_hold'::text, 'deceased'::text, 'account_closed'::text, 'unauthorized_return'::text, 'client_request'::text, 'manual'::text])))
  constraint blocks_status_is_known CHECK ((status = ANY (ARRAY['active'::text, 'lifted'::text])))
  UNIQUE INDEX blocks_one_active_per_fingerprint ON parties.blocks USING btree (tenant_id, fingerprint, reason) WHERE (status = 'active'::text)
  UNIQUE INDEX blocks_one_active_per_party ON parties.blocks USING btree (tenant_id, party_id, reason) WHERE (status = 'active'::text)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER block_moves BEFORE INSERT OR UPDATE OF status ON parties.blocks FOR EACH ROW EXECUTE FUNCTION core.check_transition('block', 'parties.transitions')

table parties.parties
  owner headgate_owner
  comment Employers, payees and borrowers; known again by legal entity, kind and the client's own external id
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (name) to headgate_app
  grant UPDATE (source_ref) to headgate_app
  grant UPDATE (status) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null
  column kind text not null
  column legal_entity_id text collate C
  column external_id text not null
  column name text not null
  column is_person boolean not null
  column status text not null default 'active'::text
  column source_ref text -- What said it last: the artifact of a register, or who typed it in
  column created_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint parties_external_id_is_short CHECK (((length(external_id) >= 1) AND (length(external_id) <= 100)))
  constraint parties_kind_is_known CHECK ((kind = ANY (ARRAY['employer'::text, 'payee'::text, 'borrower'::text])))
  constraint parties_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint parties_name_is_short CHECK (((length(name) >= 1) AND (length(name) <= 200)))
  constraint parties_one_per_external_id UNIQUE NULLS NOT DISTINCT (tenant_id, kind, legal_entity_id, external_id)
  constraint parties_payee_has_legal_entity CHECK (((kind = 'borrower'::text) OR (legal_entity_id IS NOT NULL)))
  constraint parties_pkey PRIMARY KEY (tenant_id, id)
  constraint parties_status_is_known CHECK ((status = ANY (ARRAY['active'::text, 'closed'::text])))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER party_begins BEFORE INSERT ON parties.parties FOR EACH ROW WHEN ((new.status <> 'active'::text)) EXECUTE FUNCTION core.check_transition('party', 'parties.transitions')
  TRIGGER party_history_of_inserts AFTER INSERT ON parties.parties REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION parties.record_party_changes()
  TRIGGER party_history_of_updates AFTER UPDATE ON parties.parties REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION parties.record_party_changes()
  TRIGGER party_moves BEFORE UPDATE OF status ON parties.parties FOR EACH ROW EXECUTE FUNCTION core.check_transition('party', 'parties.transitions')
  always TRIGGER parties_are_kept BEFORE DELETE OR TRUNCATE ON parties.parties FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table parties.party_changes
  owner headgate_owner
  comment The history of parties, written by trigger whoever writes; append-only
  row security enabled, forced
  grant INSERT to headgate_poster
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column party_id text collate C not null
  column change text not null
  column name_before text
  column name_after text
  column source_ref text
  column actor_type text not null default core.actor_type()
  column actor_id text not null default core.actor_id()
  column correlation_id text default core.correlation_id()
  column changed_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint party_changes_change_is_known CHECK ((change = ANY (ARRAY['created'::text, 'renamed'::text, 'closed'::text, 'reopened'::text])))
  constraint party_changes_party_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES parties.parties(tenant_id, id)
  constraint party_changes_pkey PRIMARY KEY (tenant_id, id)
  INDEX party_changes_of_party ON parties.party_changes USING btree (tenant_id, party_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON parties.party_changes FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table parties.transitions
  owner headgate_owner
  comment The legal status moves of parties, bank accounts, their verification, and blocks; '' is nothing yet
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column entity text not null
  column from_status text not null
  column to_status text not null
  constraint transitions_pkey PRIMARY KEY (entity, from_status, to_status)

table parties.verifications
  owner headgate_owner
  comment Each step of verifying a bank account, with its method and evidence; append-only. The last outcome is the account's state
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column bank_account_id text collate C not null
  column method text not null
  column outcome text not null
  column evidence_ref text
  column actor_type text not null default core.actor_type()
  column actor_id text not null default core.actor_id()
  column verified_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint verifications_account_fkey FOREIGN KEY (tenant_id, bank_account_id) REFERENCES parties.bank_accounts(tenant_id, id)
  constraint verifications_evidence_ref_is_short CHECK ((length(evidence_ref) <= 200))
  constraint verifications_method_is_known CHECK ((method = ANY (ARRAY['prenote'::text, 'micro_entry'::text, 'document'::text, 'ownership_check'::text, 'manual'::text])))
  constraint verifications_outcome_is_known CHECK ((outcome = ANY (ARRAY['pending'::text, 'verified'::text, 'failed'::text])))
  constraint verifications_pkey PRIMARY KEY (tenant_id, id)
  INDEX verifications_of_account ON parties.verifications USING btree (tenant_id, bank_account_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON parties.verifications FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

view parties.invariant_account_history
  owner headgate_owner
  comment Every bank account stands as its history last says
  with security_invoker=true
  query 7bcad635af052333
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view parties.invariant_verification_evidence
  owner headgate_owner
  comment Every bank account is as verified as its last evidence says
  with security_invoker=true
  query 618f0685687cc48a
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

schema payments
  owner headgate_owner
  comment Payment instructions, their attempts, the files that carry them, and what the bank says of them
  grant CREATE, USAGE to headgate_poster
  grant CREATE, USAGE to headgate_resolver
  grant USAGE to headgate_app
  grant USAGE to headgate_operator
  grant USAGE to headgate_readonly

function payments.check_attempt_files()
  owner headgate_owner
  comment Statement trigger: the file that attempts stand in is there
  returns trigger, plpgsql, volatile
  body 634bea072f0167fc

function payments.check_first_status()
  owner headgate_owner
  comment Statement trigger: whatever is new begins in a status that the transitions table lists
  returns trigger, plpgsql, volatile
  body 317337b9f74f0766

function payments.check_instruction_account()
  owner headgate_owner
  comment Row trigger: another account, or another payee, is there and belongs together
  returns trigger, plpgsql, volatile
  body 94e1359e25a18763

function payments.check_instruction_keys()
  owner headgate_owner
  comment Statement trigger: payroll, judgement, payee and the payee's bank account that instructions name are there
  returns trigger, plpgsql, volatile
  set enable_hashjoin=off
  set enable_mergejoin=off
  set enable_seqscan=off
  body 90cc2c34b81e541a

function payments.check_moves()
  owner headgate_owner
  comment Statement trigger: a status may only make the moves that the transitions table lists; names stay, so that each row has its former self
  returns trigger, plpgsql, volatile
  set enable_nestloop=off
  body a9152a394e1b749e

function payments.refuse_fact_change()
  owner headgate_owner
  comment Row trigger: what was fixed before money moved stays as it was
  returns trigger, plpgsql, volatile
  body b74eb50885da3015

function payments.refuse_order_change()
  owner headgate_owner
  comment Row trigger: what an order says, and what names its message once it was claimed, stays as it was
  returns trigger, plpgsql, volatile
  body 11ad1f7710b6eafd

function payments.require_asked_authorization()
  owner headgate_owner
  comment Row trigger: a client's bank is asked only for its own request, and for the account that it authorised
  returns trigger, plpgsql, volatile
  body 94b20b7e35731c27

function payments.require_authorization()
  owner headgate_owner
  comment Row trigger: a client's account is debited only for its own request and by its own authorization
  returns trigger, plpgsql, volatile
  body d489519034261b4b

function payments.require_consumed_reservation()
  owner headgate_owner
  comment Statement trigger: each new attempt has its own reservation of the client's settled and not provisional money, captured whole for exactly its amount
  returns trigger, plpgsql, volatile
  set enable_hashjoin=off
  set enable_mergejoin=off
  set enable_seqscan=off
  body 39abf8eba6349a15

function payments.require_dispute()
  owner headgate_owner
  comment Row trigger: a dishonored return that had given the client its money takes it from a consumed reservation, never after the payment was paid anew; only what was dishonored is contested
  returns trigger, plpgsql, volatile
  body 5768bddbc850d19a

function payments.require_failed_attempt()
  owner headgate_owner
  comment Row trigger: a retry is of a payment's last attempt, which came back or was refused
  returns trigger, plpgsql, volatile
  body d1457abbea6af8b8

function payments.require_proof_of_absence()
  owner headgate_owner
  comment Row trigger: a file is tried again only where its last try is proved absent, and never once the bank has it
  returns trigger, plpgsql, volatile
  body 28acbf12cd5626eb

function payments.require_representment()
  owner headgate_owner
  comment Row trigger: after a return a request is debited again only as a representment that is counted and equal in amount
  returns trigger, plpgsql, volatile
  body 1429caf1c7155f64

function payments.require_retry()
  owner headgate_owner
  comment Row trigger: a payment that came back or was refused waits for money again only by a retry
  returns trigger, plpgsql, volatile
  body 2820cec805a60878

table payments.ach_files
  owner headgate_owner
  comment Files for the bank, fixed here before the first byte leaves: name, modifier, sealed bytes, hash and control totals never change
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (delivered_at) to headgate_app
  grant UPDATE (settled_on) to headgate_app
  grant UPDATE (status) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null
  column legal_entity_id text collate C not null
  column name text collate C not null
  column reference text collate C not null -- Stands in the file header, and comes back on the statement line that settles the file
  column file_id_modifier text not null
  column file_created_on date not null
  column effective_on date not null
  column currency text collate C not null
  column content_sealed bytea not null
  column sha256 bytea not null
  column byte_count bigint not null
  column entry_count integer not null
  column credit_minor bigint not null
  column debit_minor bigint not null
  column entry_hash text not null
  column status text not null default 'pending'::text
  column created_at timestamp with time zone not null
  column delivered_at timestamp with time zone
  column settled_on date
  column recorded_at timestamp with time zone not null default clock_timestamp()
  column bank text collate C -- The bank profile for which it was written; none: it was written before files said so, and its originator names the bank
  column kind text not null default 'payments'::text -- Payments, or dishonored returns: entries that came back and are sent to their bank once more
  column heard_by timestamp with time zone -- By when each payment in it must have been heard of, as its bank's profile said when it was written; of other rails, and before files said it: settlement_deadlines
  constraint ach_files_carry_money CHECK (((entry_count > 0) AND (credit_minor >= 0) AND (debit_minor >= 0) AND ((credit_minor + debit_minor) > 0)))
  constraint ach_files_delivered_is_dated CHECK (((status <> 'delivered'::text) OR (delivered_at IS NOT NULL)))
  constraint ach_files_hash_is_sha256 CHECK ((octet_length(sha256) = 32))
  constraint ach_files_kind_is_known CHECK ((kind = ANY (ARRAY['payments'::text, 'dishonors'::text])))
  constraint ach_files_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint ach_files_modifier_is_a_letter_or_digit CHECK ((file_id_modifier ~ '^[A-Z0-9]$'::text))
  constraint ach_files_one_name_each UNIQUE (tenant_id, name)
  constraint ach_files_one_reference_each UNIQUE (tenant_id, reference)
  constraint ach_files_pkey PRIMARY KEY (tenant_id, id)
  constraint ach_files_reference_fits_its_field CHECK ((reference ~ '^[A-Z0-9]{8}$'::text))
  constraint ach_files_settled_is_dated CHECK (((status = 'settled'::text) = (settled_on IS NOT NULL)))
  INDEX ach_files_by_status ON payments.ach_files USING btree (tenant_id, status, id)
  INDEX ach_files_by_time ON payments.ach_files USING btree (tenant_id, created_at)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER ach_file_moves BEFORE INSERT OR UPDATE OF status ON payments.ach_files FOR EACH ROW EXECUTE FUNCTION core.check_transition('ach_file', 'payments.transitions')
  always TRIGGER ach_files_are_kept BEFORE DELETE OR TRUNCATE ON payments.ach_files FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER ach_files_stay BEFORE UPDATE ON payments.ach_files FOR EACH ROW WHEN (((((((((((((((((((((old.tenant_id IS DISTINCT FROM new.tenant_id) OR (old.id IS DISTINCT FROM new.id)) OR (old.legal_entity_id IS DISTINCT FROM new.legal_entity_id)) OR (old.name IS DISTINCT FROM new.name)) OR (old.bank IS DISTINCT FROM new.bank)) OR (old.reference IS DISTINCT FROM new.reference)) OR (old.file_id_modifier IS DISTINCT FROM new.file_id_modifier)) OR (old.file_created_on IS DISTINCT FROM new.file_created_on)) OR (old.effective_on IS DISTINCT FROM new.effective_on)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.content_sealed IS DISTINCT FROM new.content_sealed)) OR (old.sha256 IS DISTINCT FROM new.sha256)) OR (old.byte_count IS DISTINCT FROM new.byte_count)) OR (old.entry_count IS DISTINCT FROM new.entry_count)) OR (old.credit_minor IS DISTINCT FROM new.credit_minor)) OR (old.debit_minor IS DISTINCT FROM new.debit_minor)) OR (old.entry_hash IS DISTINCT FROM new.entry_hash)) OR (old.heard_by IS DISTINCT FROM new.heard_by)) OR (old.created_at IS DISTINCT FROM new.created_at)) OR (old.recorded_at IS DISTINCT FROM new.recorded_at))) EXECUTE FUNCTION payments.refuse_fact_change()

table payments.attempts
  owner headgate_owner
  comment One try to pay one instruction. Nothing is sent without one consumed reservation, equal in amount and used once, whoever writes
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (status) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null
  column instruction_id text collate C not null
  column attempt_no integer not null
  column reservation_id bigint not null
  column transaction_id bigint not null -- The posting that took the money out of the client's funds when the reservation was captured
  column amount_minor bigint not null
  column currency text collate C not null
  column rail text not null
  column ach_file_id text collate C
  column trace_number text collate C
  column rdfi_identification text collate C
  column status text not null default 'sent'::text
  column created_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  column individual_id text collate C generated as (upper("right"(instruction_id, 15))) stored -- What stands in the order and comes back unchanged: the end of the payment's id
  constraint attempts_amount_is_positive CHECK ((amount_minor > 0))
  constraint attempts_are_numbered UNIQUE (tenant_id, instruction_id, attempt_no)
  constraint attempts_in_a_file_are_over_ach CHECK ((((ach_file_id IS NULL) = (trace_number IS NULL)) AND ((ach_file_id IS NULL) = (rdfi_identification IS NULL)) AND ((ach_file_id IS NULL) OR (rail = 'ach'::text))))
  constraint attempts_one_entry_each UNIQUE (tenant_id, ach_file_id, trace_number)
  constraint attempts_pkey PRIMARY KEY (tenant_id, id)
  constraint attempts_rail_is_known CHECK ((rail = ANY (ARRAY['ach'::text, 'wire'::text, 'fednow'::text, 'rtp'::text, 'check'::text])))
  constraint attempts_rdfi_has_eight_digits CHECK ((rdfi_identification ~ '^[0-9]{8}$'::text))
  constraint attempts_reservation_fkey FOREIGN KEY (tenant_id, reservation_id) REFERENCES ledger.reservations(tenant_id, id)
  constraint attempts_trace_has_fifteen_digits CHECK ((trace_number ~ '^[0-9]{15}$'::text))
  constraint attempts_use_a_reservation_once UNIQUE (tenant_id, reservation_id)
  INDEX attempts_by_individual_id ON payments.attempts USING btree (tenant_id, individual_id)
  INDEX attempts_by_trace ON payments.attempts USING btree (tenant_id, trace_number)
  INDEX attempts_unheard ON payments.attempts USING btree (tenant_id, id) WHERE (status = 'sent'::text)
  UNIQUE INDEX attempts_one_alive_per_instruction ON payments.attempts USING btree (tenant_id, instruction_id) WHERE (status <> ALL (ARRAY['returned'::text, 'rejected'::text]))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER attempts_are_funded AFTER INSERT ON payments.attempts REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments.require_consumed_reservation()
  always TRIGGER attempts_are_kept BEFORE DELETE OR TRUNCATE ON payments.attempts FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER attempts_begin AFTER INSERT ON payments.attempts REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments.check_first_status('attempt')
  always TRIGGER attempts_move AFTER UPDATE ON payments.attempts REFERENCING OLD TABLE AS stale NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments.check_moves('attempt')
  always TRIGGER attempts_stand_in_a_file AFTER INSERT ON payments.attempts REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments.check_attempt_files()
  always TRIGGER attempts_stay BEFORE UPDATE ON payments.attempts FOR EACH ROW WHEN (((((((((((((((old.tenant_id IS DISTINCT FROM new.tenant_id) OR (old.id IS DISTINCT FROM new.id)) OR (old.instruction_id IS DISTINCT FROM new.instruction_id)) OR (old.attempt_no IS DISTINCT FROM new.attempt_no)) OR (old.reservation_id IS DISTINCT FROM new.reservation_id)) OR (old.transaction_id IS DISTINCT FROM new.transaction_id)) OR (old.amount_minor IS DISTINCT FROM new.amount_minor)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.rail IS DISTINCT FROM new.rail)) OR (old.ach_file_id IS DISTINCT FROM new.ach_file_id)) OR (old.trace_number IS DISTINCT FROM new.trace_number)) OR (old.rdfi_identification IS DISTINCT FROM new.rdfi_identification)) OR (old.created_at IS DISTINCT FROM new.created_at)) OR (old.recorded_at IS DISTINCT FROM new.recorded_at))) EXECUTE FUNCTION payments.refuse_fact_change()

table payments.bank_summaries
  owner headgate_owner
  comment What a bank's summary says of an account and a day: balances and what moved; told again otherwise, the last row holds
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column bank text collate C not null
  column account_fingerprint bytea not null
  column account_last4 text not null
  column day_on date not null -- The day as the bank counts it
  column opening_minor bigint not null
  column credit_minor bigint not null
  column debit_minor bigint not null
  column closing_minor bigint not null
  column currency text collate C not null
  column artifact_id text collate C not null
  column told_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint bank_summaries_amounts_are_positive CHECK (((credit_minor >= 0) AND (debit_minor >= 0)))
  constraint bank_summaries_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts(tenant_id, id)
  constraint bank_summaries_of_an_artifact_once UNIQUE (tenant_id, account_fingerprint, day_on, artifact_id)
  constraint bank_summaries_pkey PRIMARY KEY (tenant_id, id)
  constraint bank_summaries_prove_themselves CHECK ((((opening_minor + credit_minor) - debit_minor) = closing_minor))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.bank_summaries FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.counters
  owner headgate_owner
  comment Trace numbers of an ODFI, and file id modifiers of a day: rows, so that what rolls back leaves no gap in a file
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (last_no) to headgate_app
  column tenant_id uuid not null
  column name text collate C not null
  column last_no bigint not null
  constraint counters_count_up CHECK ((last_no > 0))
  constraint counters_pkey PRIMARY KEY (tenant_id, name)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table payments.debit_order_answers
  owner headgate_owner
  comment What was said of a debit over a provider, in the order in which it was heard, with the bytes: append-only, a message counts once
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT (amount_minor) to headgate_readonly
  grant SELECT (answer_no) to headgate_readonly
  grant SELECT (asked_by) to headgate_readonly
  grant SELECT (code) to headgate_readonly
  grant SELECT (debit_id) to headgate_readonly
  grant SELECT (evidence_sha256) to headgate_readonly
  grant SELECT (message_id) to headgate_readonly
  grant SELECT (occurred_at) to headgate_readonly
  grant SELECT (outcome) to headgate_readonly
  grant SELECT (reason) to headgate_readonly
  grant SELECT (recorded_at) to headgate_readonly
  grant SELECT (tenant_id) to headgate_readonly
  grant SELECT (told) to headgate_readonly
  column tenant_id uuid not null
  column debit_id text collate C not null
  column answer_no integer not null
  column asked_by text not null
  column outcome text not null
  column code text not null
  column reason text not null
  column told text not null
  column message_id text collate C not null
  column amount_minor bigint
  column evidence_sealed bytea
  column evidence_sha256 bytea
  column occurred_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint debit_order_answers_asked_by_is_known CHECK ((asked_by = ANY (ARRAY['submit'::text, 'status'::text, 'inbox'::text])))
  constraint debit_order_answers_evidence_is_whole CHECK (((evidence_sealed IS NULL) = (evidence_sha256 IS NULL)))
  constraint debit_order_answers_order_fkey FOREIGN KEY (tenant_id, debit_id) REFERENCES payments.debit_orders(tenant_id, debit_id)
  constraint debit_order_answers_outcome_is_known CHECK ((outcome = ANY (ARRAY['accepted'::text, 'settled'::text, 'rejected'::text, 'returned'::text, 'outcome_unknown'::text, 'unheard'::text, 'unsent'::text])))
  constraint debit_order_answers_pkey PRIMARY KEY (tenant_id, debit_id, answer_no)
  UNIQUE INDEX debit_order_answers_each_message_once ON payments.debit_order_answers USING btree (tenant_id, debit_id, message_id) WHERE (message_id <> ''::text)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.debit_order_answers FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.debit_orders
  owner headgate_owner
  comment A debit of a client that goes to a provider by itself: what is known of it. The debit is in payments.funding_attempts
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT (amount_minor) to headgate_readonly
  grant SELECT (ask_count) to headgate_readonly
  grant SELECT (bank) to headgate_readonly
  grant SELECT (changed_at) to headgate_readonly
  grant SELECT (created_at) to headgate_readonly
  grant SELECT (currency) to headgate_readonly
  grant SELECT (debit_id) to headgate_readonly
  grant SELECT (effective_on) to headgate_readonly
  grant SELECT (message_id) to headgate_readonly
  grant SELECT (next_at) to headgate_readonly
  grant SELECT (provider_reference) to headgate_readonly
  grant SELECT (rail) to headgate_readonly
  grant SELECT (recorded_at) to headgate_readonly
  grant SELECT (reference) to headgate_readonly
  grant SELECT (status) to headgate_readonly
  grant SELECT (tenant_id) to headgate_readonly
  grant UPDATE (ask_count) to headgate_app
  grant UPDATE (changed_at) to headgate_app
  grant UPDATE (created_at) to headgate_app
  grant UPDATE (message_id) to headgate_app
  grant UPDATE (next_at) to headgate_app
  grant UPDATE (provider_reference) to headgate_app
  grant UPDATE (reference) to headgate_app
  grant UPDATE (status) to headgate_app
  column tenant_id uuid not null
  column debit_id text collate C not null
  column rail text collate C not null
  column bank text collate C not null
  column amount_minor bigint not null
  column currency text collate C not null
  column order_sealed bytea not null
  column effective_on date not null
  column status text not null default 'ready'::text
  column created_at timestamp with time zone -- The instant of its sending, fixed when it is claimed: from then on it is asked about, and never made anew
  column message_id text collate C
  column reference text collate C
  column provider_reference text collate C -- The id under which the provider knows it, once that was told
  column ask_count integer not null default 0
  column next_at timestamp with time zone not null
  column changed_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint debit_orders_amount_is_positive CHECK ((amount_minor > 0))
  constraint debit_orders_are_named_before_they_leave CHECK ((((status = 'ready'::text) = (created_at IS NULL)) AND ((created_at IS NULL) = (message_id IS NULL)) AND ((created_at IS NULL) = (reference IS NULL))))
  constraint debit_orders_debit_fkey FOREIGN KEY (tenant_id, debit_id) REFERENCES payments.funding_attempts(tenant_id, id)
  constraint debit_orders_one_message_each UNIQUE (tenant_id, rail, message_id)
  constraint debit_orders_one_provider_reference_each UNIQUE (tenant_id, provider_reference)
  constraint debit_orders_pkey PRIMARY KEY (tenant_id, debit_id)
  constraint debit_orders_rail_is_spoken_to CHECK ((rail = 'ach'::text))
  INDEX debit_orders_by_reference ON payments.debit_orders USING btree (tenant_id, reference)
  INDEX debit_orders_to_do ON payments.debit_orders USING btree (tenant_id, next_at, debit_id) WHERE (status = ANY (ARRAY['ready'::text, 'sending'::text, 'outcome_unknown'::text, 'doubted'::text, 'accepted'::text]))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER debit_order_moves BEFORE INSERT OR UPDATE OF status ON payments.debit_orders FOR EACH ROW EXECUTE FUNCTION core.check_transition('debit_order', 'payments.transitions')
  always TRIGGER debit_orders_are_kept BEFORE DELETE OR TRUNCATE ON payments.debit_orders FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER debit_orders_stay BEFORE UPDATE ON payments.debit_orders FOR EACH ROW WHEN (((((((((((old.tenant_id IS DISTINCT FROM new.tenant_id) OR (old.debit_id IS DISTINCT FROM new.debit_id)) OR (old.rail IS DISTINCT FROM new.rail)) OR (old.bank IS DISTINCT FROM new.bank)) OR (old.amount_minor IS DISTINCT FROM new.amount_minor)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.order_sealed IS DISTINCT FROM new.order_sealed)) OR (old.effective_on IS DISTINCT FROM new.effective_on)) OR (old.recorded_at IS DISTINCT FROM new.recorded_at)) OR ((old.created_at IS NOT NULL) AND (((old.created_at IS DISTINCT FROM new.created_at) OR (old.message_id IS DISTINCT FROM new.message_id)) OR (old.reference IS DISTINCT FROM new.reference))) OR ((old.provider_reference IS NOT NULL) AND (old.provider_reference IS DISTINCT FROM new.provider_reference)))) EXECUTE FUNCTION payments.refuse_fact_change()

table payments.delivery_evidence
  owner headgate_owner
  comment What is known of a file, and what that rests on: append-only, the same evidence counts once
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column ach_file_id text collate C not null
  column try_no integer not null -- How many tries had been begun; 0 where the bank has a file that we did not hand over
  column verdict text not null
  column basis text not null
  column detail jsonb not null default '{}'::jsonb
  column approval_id text collate C
  column occurred_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint delivery_evidence_absence_is_of_a_try CHECK (((verdict <> 'absent'::text) OR (try_no > 0)))
  constraint delivery_evidence_approval_fkey FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_requests(tenant_id, id)
  constraint delivery_evidence_basis_is_known CHECK ((basis = ANY (ARRAY['handed_over'::text, 'acknowledgement'::text, 'outbound'::text, 'archive'::text, 'people'::text, 'temporary'::text, 'never_removed'::text, 'other_bytes'::text, 'other_totals'::text, 'may_be_removed'::text])))
  constraint delivery_evidence_file_fkey FOREIGN KEY (tenant_id, ach_file_id) REFERENCES payments.ach_files(tenant_id, id)
  constraint delivery_evidence_of_people_is_approved CHECK (((basis = 'people'::text) = (approval_id IS NOT NULL)))
  constraint delivery_evidence_pkey PRIMARY KEY (tenant_id, ach_file_id, try_no, verdict, basis)
  constraint delivery_evidence_verdict_is_known CHECK ((verdict = ANY (ARRAY['delivered'::text, 'rejected'::text, 'absent'::text, 'unknown'::text])))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.delivery_evidence FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.delivery_tries
  owner headgate_owner
  comment Each try to hand a file to the bank, written before its first byte leaves. A second one needs proof that the first did not arrive
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column ach_file_id text collate C not null
  column try_no integer not null
  column bank text collate C not null -- The bank profile under which it was tried
  column begun_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  column place text collate C not null default 'folder'::text -- Where it was tried: elsewhere a file that is not found is not proved absent
  constraint delivery_tries_count_from_one CHECK ((try_no > 0))
  constraint delivery_tries_file_fkey FOREIGN KEY (tenant_id, ach_file_id) REFERENCES payments.ach_files(tenant_id, id)
  constraint delivery_tries_pkey PRIMARY KEY (tenant_id, ach_file_id, try_no)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER a_try_needs_proof BEFORE INSERT ON payments.delivery_tries FOR EACH ROW EXECUTE FUNCTION payments.require_proof_of_absence()
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.delivery_tries FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.dishonor_settlements
  owner headgate_owner
  comment The statement line that settled a file of dishonored returns
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column ach_file_id text collate C not null
  column provider text collate C not null
  column external_id text collate C not null
  column settled_on date not null
  column record_id text collate C not null
  column occurred_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint dishonor_settlements_file_fkey FOREIGN KEY (tenant_id, ach_file_id) REFERENCES payments.ach_files(tenant_id, id)
  constraint dishonor_settlements_pkey PRIMARY KEY (tenant_id, ach_file_id)
  constraint dishonor_settlements_same_evidence_counts_once UNIQUE (tenant_id, provider, external_id)
  INDEX dishonor_settlements_of_record ON payments.dishonor_settlements USING btree (tenant_id, record_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.dishonor_settlements FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.fetched_files
  owner headgate_owner
  comment Files that a bank put for us and that were fetched: by name, size and time they are known again without being read
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column bank text collate C not null
  column folder text collate C not null
  column name text collate C not null
  column sha256 bytea not null
  column size_bytes bigint not null
  column modified_at timestamp with time zone -- As the bank's server says it; none where it does not
  column artifact_id text collate C
  column outcome text not null -- What became of it, in a line
  column fetched_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint fetched_files_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts(tenant_id, id)
  constraint fetched_files_pkey PRIMARY KEY (tenant_id, id)
  constraint fetched_files_sha256_is_one CHECK ((octet_length(sha256) = 32))
  INDEX fetched_files_of_artifact ON payments.fetched_files USING btree (tenant_id, artifact_id)
  INDEX fetched_files_seen ON payments.fetched_files USING btree (tenant_id, bank, folder, name, size_bytes)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.fetched_files FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.funding_ask_answers
  owner headgate_owner
  comment What was said of a request for money, in the order in which it was heard, with the bytes: append-only, a message counts once
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT (answer_no) to headgate_readonly
  grant SELECT (ask_id) to headgate_readonly
  grant SELECT (asked_by) to headgate_readonly
  grant SELECT (code) to headgate_readonly
  grant SELECT (evidence_sha256) to headgate_readonly
  grant SELECT (message_id) to headgate_readonly
  grant SELECT (occurred_at) to headgate_readonly
  grant SELECT (outcome) to headgate_readonly
  grant SELECT (reason) to headgate_readonly
  grant SELECT (recorded_at) to headgate_readonly
  grant SELECT (tenant_id) to headgate_readonly
  grant SELECT (told) to headgate_readonly
  column tenant_id uuid not null
  column ask_id text collate C not null
  column answer_no integer not null
  column asked_by text not null
  column outcome text not null
  column code text not null
  column reason text not null
  column told text not null
  column message_id text collate C not null
  column evidence_sealed bytea
  column evidence_sha256 bytea
  column occurred_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint funding_ask_answers_ask_fkey FOREIGN KEY (tenant_id, ask_id) REFERENCES payments.funding_asks(tenant_id, id)
  constraint funding_ask_answers_asked_by_is_known CHECK ((asked_by = ANY (ARRAY['submit'::text, 'status'::text, 'inbox'::text])))
  constraint funding_ask_answers_evidence_is_whole CHECK (((evidence_sealed IS NULL) = (evidence_sha256 IS NULL)))
  constraint funding_ask_answers_outcome_is_known CHECK ((outcome = ANY (ARRAY['pending'::text, 'accepted'::text, 'refused'::text, 'outcome_unknown'::text, 'unheard'::text, 'unsent'::text])))
  constraint funding_ask_answers_pkey PRIMARY KEY (tenant_id, ask_id, answer_no)
  UNIQUE INDEX funding_ask_answers_each_message_once ON payments.funding_ask_answers USING btree (tenant_id, ask_id, message_id) WHERE (message_id <> ''::text)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.funding_ask_answers FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.funding_asks
  owner headgate_owner
  comment One try to ask a client's bank for the money of one funding request: nothing moves by it, and what is paid is a movement of its own
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT (amount_minor) to headgate_readonly
  grant SELECT (ask_count) to headgate_readonly
  grant SELECT (attempt_no) to headgate_readonly
  grant SELECT (authorization_id) to headgate_readonly
  grant SELECT (bank) to headgate_readonly
  grant SELECT (bank_account_id) to headgate_readonly
  grant SELECT (changed_at) to headgate_readonly
  grant SELECT (created_at) to headgate_readonly
  grant SELECT (currency) to headgate_readonly
  grant SELECT (expires_on) to headgate_readonly
  grant SELECT (funding_request_id) to headgate_readonly
  grant SELECT (id) to headgate_readonly
  grant SELECT (legal_entity_id) to headgate_readonly
  grant SELECT (message_id) to headgate_readonly
  grant SELECT (next_at) to headgate_readonly
  grant SELECT (payment_reference) to headgate_readonly
  grant SELECT (rail) to headgate_readonly
  grant SELECT (recorded_at) to headgate_readonly
  grant SELECT (reference) to headgate_readonly
  grant SELECT (status) to headgate_readonly
  grant SELECT (tenant_id) to headgate_readonly
  grant SELECT (wanted_on) to headgate_readonly
  grant SELECT, UPDATE (payment_reference) to headgate_app
  grant UPDATE (ask_count) to headgate_app
  grant UPDATE (changed_at) to headgate_app
  grant UPDATE (created_at) to headgate_app
  grant UPDATE (message_id) to headgate_app
  grant UPDATE (next_at) to headgate_app
  grant UPDATE (reference) to headgate_app
  grant UPDATE (status) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null
  column funding_request_id text collate C not null
  column attempt_no integer not null
  column legal_entity_id text collate C not null
  column bank_account_id text collate C not null
  column authorization_id bigint not null
  column rail text collate C not null
  column bank text collate C not null
  column amount_minor bigint not null
  column currency text collate C not null
  column ask_sealed bytea not null
  column wanted_on date not null
  column expires_on date not null
  column status text not null default 'ready'::text
  column created_at timestamp with time zone -- The instant of its message, fixed when it is claimed for sending: every id of the message follows from it
  column message_id text collate C
  column reference text collate C
  column ask_count integer not null default 0
  column next_at timestamp with time zone not null
  column changed_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  column payment_reference text collate C -- What the provider calls the payment that answers it, once it told that: that money is the request's
  constraint funding_asks_account_fkey FOREIGN KEY (tenant_id, bank_account_id) REFERENCES parties.bank_accounts(tenant_id, id)
  constraint funding_asks_amount_is_positive CHECK ((amount_minor > 0))
  constraint funding_asks_are_named_before_they_leave CHECK ((((status = ANY (ARRAY['ready'::text, 'withdrawn'::text])) = (created_at IS NULL)) AND ((created_at IS NULL) = (message_id IS NULL)) AND ((created_at IS NULL) = (reference IS NULL))))
  constraint funding_asks_are_numbered UNIQUE (tenant_id, funding_request_id, attempt_no)
  constraint funding_asks_authorization_fkey FOREIGN KEY (tenant_id, authorization_id) REFERENCES funding.debit_authorizations(tenant_id, id)
  constraint funding_asks_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint funding_asks_one_message_each UNIQUE (tenant_id, rail, message_id)
  constraint funding_asks_pkey PRIMARY KEY (tenant_id, id)
  constraint funding_asks_rail_is_spoken_to CHECK ((rail = ANY (ARRAY['wire'::text, 'fednow'::text, 'rtp'::text])))
  constraint funding_asks_request_fkey FOREIGN KEY (tenant_id, funding_request_id) REFERENCES funding.requests(tenant_id, id)
  INDEX funding_asks_by_reference ON payments.funding_asks USING btree (tenant_id, rail, reference)
  INDEX funding_asks_to_do ON payments.funding_asks USING btree (tenant_id, next_at, id) WHERE (status <> ALL (ARRAY['paid'::text, 'withdrawn'::text]))
  UNIQUE INDEX funding_asks_one_payment_each ON payments.funding_asks USING btree (tenant_id, rail, payment_reference)
  UNIQUE INDEX funding_asks_one_under_way ON payments.funding_asks USING btree (tenant_id, funding_request_id) WHERE (status <> ALL (ARRAY['refused'::text, 'unheard'::text, 'expired'::text, 'paid'::text, 'withdrawn'::text]))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER funding_ask_moves BEFORE INSERT OR UPDATE OF status ON payments.funding_asks FOR EACH ROW EXECUTE FUNCTION core.check_transition('funding_ask', 'payments.transitions')
  always TRIGGER funding_asks_are_authorized BEFORE INSERT ON payments.funding_asks FOR EACH ROW EXECUTE FUNCTION payments.require_asked_authorization()
  always TRIGGER funding_asks_are_kept BEFORE DELETE OR TRUNCATE ON payments.funding_asks FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER funding_asks_stay BEFORE UPDATE ON payments.funding_asks FOR EACH ROW WHEN (((((((((((((((((old.tenant_id IS DISTINCT FROM new.tenant_id) OR (old.id IS DISTINCT FROM new.id)) OR (old.funding_request_id IS DISTINCT FROM new.funding_request_id)) OR (old.attempt_no IS DISTINCT FROM new.attempt_no)) OR (old.legal_entity_id IS DISTINCT FROM new.legal_entity_id)) OR (old.bank_account_id IS DISTINCT FROM new.bank_account_id)) OR (old.authorization_id IS DISTINCT FROM new.authorization_id)) OR (old.rail IS DISTINCT FROM new.rail)) OR (old.bank IS DISTINCT FROM new.bank)) OR (old.amount_minor IS DISTINCT FROM new.amount_minor)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.ask_sealed IS DISTINCT FROM new.ask_sealed)) OR (old.wanted_on IS DISTINCT FROM new.wanted_on)) OR (old.expires_on IS DISTINCT FROM new.expires_on)) OR (old.recorded_at IS DISTINCT FROM new.recorded_at)) OR ((old.created_at IS NOT NULL) AND (((old.created_at IS DISTINCT FROM new.created_at) OR (old.message_id IS DISTINCT FROM new.message_id)) OR (old.reference IS DISTINCT FROM new.reference))) OR ((old.payment_reference IS NOT NULL) AND (old.payment_reference IS DISTINCT FROM new.payment_reference)))) EXECUTE FUNCTION payments.refuse_fact_change()

table payments.funding_attempts
  owner headgate_owner
  comment One try to debit a client for one funding request. It brings money and consumes none: payouts are payments.attempts
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (status) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null
  column funding_request_id text collate C not null
  column attempt_no integer not null
  column legal_entity_id text collate C not null
  column bank_account_id text collate C not null
  column authorization_id bigint not null -- By what we may debit this account
  column amount_minor bigint not null
  column currency text collate C not null
  column rail text not null
  column sec_code text not null
  column ach_file_id text collate C
  column trace_number text collate C
  column rdfi_identification text collate C not null
  column individual_id text collate C not null
  column heard_by timestamp with time zone not null -- By when the bank must have said what became of it, as its profile has it
  column status text not null default 'sent'::text
  column created_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  column company_identification text collate C -- As whom the client was debited: return rates are counted by it. NULL of those that were sent before it was kept
  constraint funding_attempts_account_fkey FOREIGN KEY (tenant_id, bank_account_id) REFERENCES parties.bank_accounts(tenant_id, id)
  constraint funding_attempts_amount_is_positive CHECK ((amount_minor > 0))
  constraint funding_attempts_are_numbered UNIQUE (tenant_id, funding_request_id, attempt_no)
  constraint funding_attempts_authorization_fkey FOREIGN KEY (tenant_id, authorization_id) REFERENCES funding.debit_authorizations(tenant_id, id)
  constraint funding_attempts_file_fkey FOREIGN KEY (tenant_id, ach_file_id) REFERENCES payments.ach_files(tenant_id, id)
  constraint funding_attempts_in_a_file_have_a_trace CHECK (((ach_file_id IS NULL) = (trace_number IS NULL)))
  constraint funding_attempts_known_by_their_id UNIQUE (tenant_id, individual_id)
  constraint funding_attempts_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint funding_attempts_one_entry_each UNIQUE (tenant_id, ach_file_id, trace_number)
  constraint funding_attempts_pkey PRIMARY KEY (tenant_id, id)
  constraint funding_attempts_rail_is_known CHECK ((rail = 'ach'::text))
  constraint funding_attempts_rdfi_has_eight_digits CHECK ((rdfi_identification ~ '^[0-9]{8}$'::text))
  constraint funding_attempts_request_fkey FOREIGN KEY (tenant_id, funding_request_id) REFERENCES funding.requests(tenant_id, id)
  constraint funding_attempts_trace_has_fifteen_digits CHECK ((trace_number ~ '^[0-9]{15}$'::text))
  INDEX funding_attempts_by_trace ON payments.funding_attempts USING btree (tenant_id, trace_number)
  INDEX funding_attempts_unheard ON payments.funding_attempts USING btree (tenant_id, heard_by) WHERE (status = 'sent'::text)
  UNIQUE INDEX funding_attempts_one_under_way ON payments.funding_attempts USING btree (tenant_id, funding_request_id) WHERE (status = 'sent'::text)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER funding_attempt_moves BEFORE INSERT OR UPDATE OF status ON payments.funding_attempts FOR EACH ROW EXECUTE FUNCTION core.check_transition('funding_attempt', 'payments.transitions')
  always TRIGGER funding_attempts_are_authorized BEFORE INSERT ON payments.funding_attempts FOR EACH ROW EXECUTE FUNCTION payments.require_authorization()
  always TRIGGER funding_attempts_are_counted BEFORE INSERT ON payments.funding_attempts FOR EACH ROW EXECUTE FUNCTION payments.require_representment()
  always TRIGGER funding_attempts_are_kept BEFORE DELETE OR TRUNCATE ON payments.funding_attempts FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER funding_attempts_stay BEFORE UPDATE ON payments.funding_attempts FOR EACH ROW WHEN ((((((((((((((((((((old.tenant_id IS DISTINCT FROM new.tenant_id) OR (old.id IS DISTINCT FROM new.id)) OR (old.funding_request_id IS DISTINCT FROM new.funding_request_id)) OR (old.attempt_no IS DISTINCT FROM new.attempt_no)) OR (old.legal_entity_id IS DISTINCT FROM new.legal_entity_id)) OR (old.bank_account_id IS DISTINCT FROM new.bank_account_id)) OR (old.authorization_id IS DISTINCT FROM new.authorization_id)) OR (old.amount_minor IS DISTINCT FROM new.amount_minor)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.rail IS DISTINCT FROM new.rail)) OR (old.sec_code IS DISTINCT FROM new.sec_code)) OR (old.company_identification IS DISTINCT FROM new.company_identification)) OR (old.ach_file_id IS DISTINCT FROM new.ach_file_id)) OR (old.trace_number IS DISTINCT FROM new.trace_number)) OR (old.rdfi_identification IS DISTINCT FROM new.rdfi_identification)) OR (old.individual_id IS DISTINCT FROM new.individual_id)) OR (old.heard_by IS DISTINCT FROM new.heard_by)) OR (old.created_at IS DISTINCT FROM new.created_at)) OR (old.recorded_at IS DISTINCT FROM new.recorded_at))) EXECUTE FUNCTION payments.refuse_fact_change()

table payments.instructions
  owner headgate_owner
  comment What is to be paid to whom and when: the intent. How it was tried stands in attempts, what became of it in settlement_events
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT (id) to headgate_operator
  grant SELECT (legal_entity_id) to headgate_operator
  grant SELECT (payroll_id) to headgate_operator
  grant SELECT (tenant_id) to headgate_operator
  grant SELECT to headgate_readonly
  grant UPDATE (bank_account_id) to headgate_app
  grant UPDATE (changed_at) to headgate_app
  grant UPDATE (evaluation_id) to headgate_app
  grant UPDATE (payee_id) to headgate_app
  grant UPDATE (reservation_id) to headgate_app
  grant UPDATE (return_code) to headgate_app
  grant UPDATE (status) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null
  column idempotency_key text collate C not null
  column payroll_id text collate C not null
  column legal_entity_id text collate C not null
  column kind text not null
  column obligation text
  column payee_id text collate C
  column bank_account_id text collate C
  column amount_minor bigint not null
  column currency text collate C not null
  column due_on date not null
  column status text not null
  column reservation_id bigint -- The money that is held for it, or was consumed by its attempt
  column evaluation_id text collate C not null
  column return_code text
  column created_at timestamp with time zone not null
  column changed_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  column rail text collate C not null default 'ach'::text -- The rail that the payroll asks for, else the default of the bank's profile
  constraint instructions_amount_is_positive CHECK ((amount_minor > 0))
  constraint instructions_funded_unless_blocked CHECK (((status = ANY (ARRAY['blocked_funds'::text, 'awaiting_funding'::text])) = (reservation_id IS NULL)))
  constraint instructions_key UNIQUE (tenant_id, idempotency_key)
  constraint instructions_kind_is_known CHECK ((kind = ANY (ARRAY['net_pay'::text, 'tax'::text, 'third_party'::text, 'fee'::text])))
  constraint instructions_net_pay_has_its_account CHECK (((kind <> 'net_pay'::text) OR ((payee_id IS NOT NULL) AND (bank_account_id IS NOT NULL))))
  constraint instructions_obligation_is_named CHECK (((kind = 'net_pay'::text) = (obligation IS NULL)))
  constraint instructions_pkey PRIMARY KEY (tenant_id, id)
  constraint instructions_rail_is_known CHECK ((rail = ANY (ARRAY['ach'::text, 'wire'::text, 'fednow'::text, 'rtp'::text, 'check'::text])))
  constraint instructions_returned_says_why CHECK ( CASE status WHEN 'returned'::text THEN (return_code IS NOT NULL) WHEN 'rejected'::text THEN true ELSE (return_code IS NULL) END)
  INDEX instructions_by_amount ON payments.instructions USING btree (tenant_id, amount_minor, id)
  INDEX instructions_by_status ON payments.instructions USING btree (tenant_id, status, id) INCLUDE (currency, amount_minor)
  INDEX instructions_of_payroll ON payments.instructions USING btree (tenant_id, payroll_id, status, id)
  INDEX instructions_to_account ON payments.instructions USING btree (tenant_id, bank_account_id) WHERE (status = ANY (ARRAY['pending'::text, 'awaiting_funding'::text, 'blocked_funds'::text]))
  INDEX instructions_unfunded ON payments.instructions USING btree (tenant_id, legal_entity_id, due_on, payroll_id) WHERE (status = ANY (ARRAY['awaiting_funding'::text, 'blocked_funds'::text]))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER instructions_are_kept BEFORE DELETE OR TRUNCATE ON payments.instructions FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER instructions_begin AFTER INSERT ON payments.instructions REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments.check_first_status('instruction')
  always TRIGGER instructions_go_to_their_payee BEFORE UPDATE ON payments.instructions FOR EACH ROW WHEN (((new.payee_id IS DISTINCT FROM old.payee_id) OR (new.bank_account_id IS DISTINCT FROM old.bank_account_id))) EXECUTE FUNCTION payments.check_instruction_account()
  always TRIGGER instructions_have_their_keys AFTER INSERT ON payments.instructions REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments.check_instruction_keys()
  always TRIGGER instructions_keep_their_keys AFTER UPDATE ON payments.instructions REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments.check_instruction_keys()
  always TRIGGER instructions_move AFTER UPDATE ON payments.instructions REFERENCING OLD TABLE AS stale NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments.check_moves('instruction')
  always TRIGGER instructions_stay BEFORE UPDATE ON payments.instructions FOR EACH ROW WHEN ((((((((((((((old.tenant_id IS DISTINCT FROM new.tenant_id) OR (old.id IS DISTINCT FROM new.id)) OR (old.idempotency_key IS DISTINCT FROM new.idempotency_key)) OR (old.payroll_id IS DISTINCT FROM new.payroll_id)) OR (old.legal_entity_id IS DISTINCT FROM new.legal_entity_id)) OR (old.kind IS DISTINCT FROM new.kind)) OR (old.obligation IS DISTINCT FROM new.obligation)) OR (old.amount_minor IS DISTINCT FROM new.amount_minor)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.due_on IS DISTINCT FROM new.due_on)) OR (old.rail IS DISTINCT FROM new.rail)) OR (old.created_at IS DISTINCT FROM new.created_at)) OR (old.recorded_at IS DISTINCT FROM new.recorded_at))) EXECUTE FUNCTION payments.refuse_fact_change()
  always TRIGGER paying_again_is_said BEFORE UPDATE OF status ON payments.instructions FOR EACH ROW WHEN (((old.status = ANY (ARRAY['returned'::text, 'rejected'::text])) AND (new.status = 'awaiting_funding'::text))) EXECUTE FUNCTION payments.require_retry()

table payments.movement_effects
  owner headgate_owner
  comment What a movement came to, once. One without a row waits for what it is about, or for a person, and is judged again at each pull
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column movement_id text collate C not null
  column effect text not null -- known: its fact stood already, by another piece of evidence
  column attempt_id text collate C
  column funding_attempt_id text collate C
  column funding_event_id text collate C
  column deposit_id text collate C
  column applied_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint movement_effects_are_about_something CHECK ((num_nonnulls(attempt_id, funding_attempt_id, funding_event_id, deposit_id) > 0))
  constraint movement_effects_attempt_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.attempts(tenant_id, id)
  constraint movement_effects_deposit_fkey FOREIGN KEY (tenant_id, deposit_id) REFERENCES funding.deposits(tenant_id, id)
  constraint movement_effects_effect_is_known CHECK ((effect = ANY (ARRAY['settled'::text, 'returned'::text, 'rejected'::text, 'deposited'::text, 'known'::text])))
  constraint movement_effects_event_fkey FOREIGN KEY (tenant_id, funding_event_id) REFERENCES funding.events(tenant_id, id)
  constraint movement_effects_funding_attempt_fkey FOREIGN KEY (tenant_id, funding_attempt_id) REFERENCES payments.funding_attempts(tenant_id, id)
  constraint movement_effects_movement_fkey FOREIGN KEY (tenant_id, movement_id) REFERENCES payments.movements(tenant_id, id)
  constraint movement_effects_pkey PRIMARY KEY (tenant_id, movement_id)
  INDEX movement_effects_of_debit ON payments.movement_effects USING btree (tenant_id, funding_attempt_id) WHERE (funding_attempt_id IS NOT NULL)
  INDEX movement_effects_of_event ON payments.movement_effects USING btree (tenant_id, funding_event_id) WHERE (funding_event_id IS NOT NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.movement_effects FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.movements
  owner headgate_owner
  comment What providers say moved, as they said it first: the same movement counts once, whatever day it is pulled again
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column provider text collate C not null
  column external_trace_id text collate C not null
  column direction text not null -- As the receiver's account sees it: credit is a payment of ours, debit is money that we drew or were paid
  column status text not null
  column amount_minor bigint not null
  column currency text collate C not null
  column reference text collate C not null
  column individual_id text collate C not null
  column return_code text not null
  column effective_on date not null
  column artifact_id text collate C
  column record_id text collate C
  column told_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint movements_amount_is_positive CHECK ((amount_minor > 0))
  constraint movements_direction_is_known CHECK ((direction = ANY (ARRAY['credit'::text, 'debit'::text])))
  constraint movements_pkey PRIMARY KEY (tenant_id, id)
  constraint movements_same_evidence_counts_once UNIQUE (tenant_id, provider, external_trace_id)
  constraint movements_status_is_known CHECK ((status = ANY (ARRAY['settled'::text, 'returned'::text, 'rejected'::text])))
  INDEX movements_by_individual ON payments.movements USING btree (tenant_id, individual_id)
  INDEX movements_by_reference ON payments.movements USING btree (tenant_id, reference)
  INDEX movements_of_record ON payments.movements USING btree (tenant_id, record_id) WHERE (record_id IS NOT NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.movements FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.notice_policies
  owner headgate_owner
  comment What a tenant does with each kind of correction that a bank asks for; the newest row of a code counts
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column code text collate C not null
  column policy text not null
  column reason text not null
  column set_by text not null default core.actor_id()
  column set_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint notice_policies_code_is_one CHECK ((code ~ '^C(0[1-9]|1[0-4])$'::text))
  constraint notice_policies_pkey PRIMARY KEY (tenant_id, id)
  constraint notice_policies_policy_is_known CHECK ((policy = ANY (ARRAY['apply'::text, 'case'::text])))
  constraint notice_policies_say_why CHECK ((btrim(reason) <> ''::text))
  INDEX notice_policies_of_code ON payments.notice_policies USING btree (tenant_id, code, id DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.notice_policies FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.notices
  owner headgate_owner
  comment What banks asked to correct, and what was done: applied to the payee, superseded by a later change, or a case for a person
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column provider text collate C not null
  column external_id text collate C not null
  column code text collate C not null
  column decision text not null
  column attempt_id text collate C
  column instruction_id text collate C
  column party_id text collate C
  column old_bank_account_id text collate C
  column new_bank_account_id text collate C
  column moved_count integer not null default 0 -- Payments that had not left yet and go to the corrected account
  column artifact_id text collate C not null
  column record_id text collate C not null
  column noticed_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  column funding_attempt_id text collate C -- The debit of a client that the notice is about, where it is about no payment
  constraint notices_applied_names_accounts CHECK (((decision <> 'applied'::text) OR (num_nulls(old_bank_account_id, new_bank_account_id) = 0)))
  constraint notices_are_about_one_entry CHECK ((num_nonnulls(attempt_id, funding_attempt_id) = CASE decision WHEN 'orphan'::text THEN 0 ELSE 1 END))
  constraint notices_attempt_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.attempts(tenant_id, id)
  constraint notices_count_once UNIQUE (tenant_id, provider, external_id)
  constraint notices_decision_is_known CHECK ((decision = ANY (ARRAY['applied'::text, 'superseded'::text, 'case'::text, 'orphan'::text])))
  constraint notices_funding_attempt_fkey FOREIGN KEY (tenant_id, funding_attempt_id) REFERENCES payments.funding_attempts(tenant_id, id)
  constraint notices_moved_is_not_negative CHECK ((moved_count >= 0))
  constraint notices_new_account_fkey FOREIGN KEY (tenant_id, new_bank_account_id) REFERENCES parties.bank_accounts(tenant_id, id)
  constraint notices_old_account_fkey FOREIGN KEY (tenant_id, old_bank_account_id) REFERENCES parties.bank_accounts(tenant_id, id)
  constraint notices_pkey PRIMARY KEY (tenant_id, id)
  INDEX notices_of_attempt ON payments.notices USING btree (tenant_id, attempt_id)
  INDEX notices_of_funding_attempt ON payments.notices USING btree (tenant_id, funding_attempt_id) WHERE (funding_attempt_id IS NOT NULL)
  INDEX notices_of_record ON payments.notices USING btree (tenant_id, record_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.notices FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.order_answers
  owner headgate_owner
  comment What was said of an order, in the order in which it was heard, with the bytes: append-only, a message counts once
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT (amount_minor) to headgate_readonly
  grant SELECT (answer_no) to headgate_readonly
  grant SELECT (approval_id) to headgate_readonly
  grant SELECT (asked_by) to headgate_readonly
  grant SELECT (attempt_id) to headgate_readonly
  grant SELECT (code) to headgate_readonly
  grant SELECT (evidence_sha256) to headgate_readonly
  grant SELECT (message_id) to headgate_readonly
  grant SELECT (occurred_at) to headgate_readonly
  grant SELECT (outcome) to headgate_readonly
  grant SELECT (reason) to headgate_readonly
  grant SELECT (recorded_at) to headgate_readonly
  grant SELECT (tenant_id) to headgate_readonly
  grant SELECT (told) to headgate_readonly
  column tenant_id uuid not null
  column attempt_id text collate C not null
  column answer_no integer not null
  column asked_by text not null
  column outcome text not null
  column code text not null
  column reason text not null
  column told text not null
  column message_id text collate C not null
  column amount_minor bigint
  column evidence_sealed bytea
  column evidence_sha256 bytea
  column approval_id text collate C
  column occurred_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint order_answers_approval_fkey FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_requests(tenant_id, id)
  constraint order_answers_asked_by_is_known CHECK ((asked_by = ANY (ARRAY['submit'::text, 'status'::text, 'inbox'::text, 'report'::text, 'recall'::text, 'people'::text])))
  constraint order_answers_evidence_is_whole CHECK (((evidence_sealed IS NULL) = (evidence_sha256 IS NULL)))
  constraint order_answers_of_people_are_approved CHECK (((asked_by = 'people'::text) = (approval_id IS NOT NULL)))
  constraint order_answers_order_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.orders(tenant_id, attempt_id)
  constraint order_answers_outcome_is_known CHECK ((outcome = ANY (ARRAY['accepted'::text, 'settled'::text, 'rejected'::text, 'returned'::text, 'outcome_unknown'::text, 'unheard'::text, 'unsent'::text, 'recall_pending'::text, 'recall_promised'::text, 'recall_refused'::text])))
  constraint order_answers_pkey PRIMARY KEY (tenant_id, attempt_id, answer_no)
  INDEX order_answers_by_time ON payments.order_answers USING btree (tenant_id, occurred_at)
  UNIQUE INDEX order_answers_each_message_once ON payments.order_answers USING btree (tenant_id, attempt_id, message_id) WHERE (message_id <> ''::text)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.order_answers FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.orders
  owner headgate_owner
  comment What goes to a provider order by order: its message's ids and instant are fixed before the first byte leaves, and it is sent once
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT (amount_minor) to headgate_readonly
  grant SELECT (ask_count) to headgate_readonly
  grant SELECT (attempt_id) to headgate_readonly
  grant SELECT (bank) to headgate_readonly
  grant SELECT (changed_at) to headgate_readonly
  grant SELECT (created_at) to headgate_readonly
  grant SELECT (currency) to headgate_readonly
  grant SELECT (effective_on) to headgate_readonly
  grant SELECT (imad) to headgate_readonly
  grant SELECT (instruction_id) to headgate_readonly
  grant SELECT (message_id) to headgate_readonly
  grant SELECT (next_at) to headgate_readonly
  grant SELECT (omad) to headgate_readonly
  grant SELECT (provider_reference) to headgate_readonly
  grant SELECT (rail) to headgate_readonly
  grant SELECT (recall) to headgate_readonly
  grant SELECT (recall_at) to headgate_readonly
  grant SELECT (recall_reason) to headgate_readonly
  grant SELECT (recorded_at) to headgate_readonly
  grant SELECT (reference) to headgate_readonly
  grant SELECT (status) to headgate_readonly
  grant SELECT (tenant_id) to headgate_readonly
  grant SELECT, UPDATE (imad) to headgate_app
  grant SELECT, UPDATE (omad) to headgate_app
  grant SELECT, UPDATE (provider_reference) to headgate_app
  grant UPDATE (ask_count) to headgate_app
  grant UPDATE (changed_at) to headgate_app
  grant UPDATE (created_at) to headgate_app
  grant UPDATE (message_id) to headgate_app
  grant UPDATE (next_at) to headgate_app
  grant UPDATE (recall) to headgate_app
  grant UPDATE (recall_at) to headgate_app
  grant UPDATE (recall_reason) to headgate_app
  grant UPDATE (reference) to headgate_app
  grant UPDATE (status) to headgate_app
  column tenant_id uuid not null
  column attempt_id text collate C not null
  column instruction_id text collate C not null
  column rail text collate C not null
  column bank text collate C not null
  column amount_minor bigint not null
  column currency text collate C not null
  column order_sealed bytea not null
  column effective_on date not null
  column status text not null default 'ready'::text
  column created_at timestamp with time zone -- The instant of its message: fixed when it is claimed for sending; with the order, every id of the message follows from it
  column message_id text collate C
  column reference text collate C
  column ask_count integer not null default 0
  column next_at timestamp with time zone not null -- When it is sent, or asked about next, by the tenant's clock
  column changed_at timestamp with time zone not null
  column recall text not null default ''::text
  column recall_reason text collate C
  column recall_at timestamp with time zone
  column recorded_at timestamp with time zone not null default clock_timestamp()
  column imad text collate C -- Fedwire's number of the wire as the bank sent it: what a statement line and a telephone call name
  column omad text collate C -- Fedwire's number of the wire as the other bank was given it
  column provider_reference text collate C -- The id under which the provider knows it, once that was told; none where the reference is that
  constraint orders_amount_is_positive CHECK ((amount_minor > 0))
  constraint orders_are_named_before_they_leave CHECK ((((status = 'ready'::text) = (created_at IS NULL)) AND ((status = 'ready'::text) = (message_id IS NULL)) AND ((status = 'ready'::text) = (reference IS NULL))))
  constraint orders_attempt_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.attempts(tenant_id, id)
  constraint orders_instruction_fkey FOREIGN KEY (tenant_id, instruction_id) REFERENCES payments.instructions(tenant_id, id)
  constraint orders_numbers_are_fedwires CHECK ((((imad IS NULL) OR ((rail = 'wire'::text) AND (imad ~ '^[0-9]{8}[A-Z0-9]{8}[0-9]{6}$'::text))) AND ((omad IS NULL) OR ((rail = 'wire'::text) AND (omad ~ '^[0-9]{8}[A-Z0-9]{8}[0-9]{6}$'::text)))))
  constraint orders_one_imad_each UNIQUE (tenant_id, imad)
  constraint orders_one_message_each UNIQUE (tenant_id, rail, message_id)
  constraint orders_one_provider_reference_each UNIQUE (tenant_id, provider_reference)
  constraint orders_one_reference_each UNIQUE (tenant_id, rail, reference)
  constraint orders_pkey PRIMARY KEY (tenant_id, attempt_id)
  constraint orders_rail_is_spoken_to CHECK ((rail = ANY (ARRAY['ach'::text, 'wire'::text, 'fednow'::text, 'rtp'::text, 'check'::text])))
  constraint orders_recall_is_known CHECK ((recall = ANY (ARRAY[''::text, 'asked'::text, 'pending'::text, 'promised'::text, 'refused'::text])))
  constraint orders_recall_says_why CHECK ((((recall = ''::text) = (recall_reason IS NULL)) AND ((recall_at IS NULL) OR (recall <> ''::text))))
  INDEX orders_by_omad ON payments.orders USING btree (tenant_id, omad) WHERE (omad IS NOT NULL)
  INDEX orders_of_instruction ON payments.orders USING btree (tenant_id, instruction_id)
  INDEX orders_to_do ON payments.orders USING btree (tenant_id, next_at, attempt_id) WHERE (status <> ALL (ARRAY['settled'::text, 'rejected'::text, 'returned'::text, 'unheard'::text]))
  INDEX orders_to_recall ON payments.orders USING btree (tenant_id, attempt_id) WHERE (recall = 'asked'::text)
  INDEX orders_wires_by_time ON payments.orders USING btree (tenant_id, created_at) WHERE (rail = 'wire'::text)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER order_moves BEFORE INSERT OR UPDATE OF status ON payments.orders FOR EACH ROW EXECUTE FUNCTION core.check_transition('order', 'payments.transitions')
  always TRIGGER orders_are_kept BEFORE DELETE OR TRUNCATE ON payments.orders FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER orders_stay BEFORE UPDATE ON payments.orders FOR EACH ROW WHEN ((((((((((((old.tenant_id IS DISTINCT FROM new.tenant_id) OR (old.attempt_id IS DISTINCT FROM new.attempt_id)) OR (old.instruction_id IS DISTINCT FROM new.instruction_id)) OR (old.rail IS DISTINCT FROM new.rail)) OR (old.bank IS DISTINCT FROM new.bank)) OR (old.amount_minor IS DISTINCT FROM new.amount_minor)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.order_sealed IS DISTINCT FROM new.order_sealed)) OR (old.effective_on IS DISTINCT FROM new.effective_on)) OR (old.recorded_at IS DISTINCT FROM new.recorded_at)) OR ((old.created_at IS NOT NULL) AND (((old.created_at IS DISTINCT FROM new.created_at) OR (old.message_id IS DISTINCT FROM new.message_id)) OR (old.reference IS DISTINCT FROM new.reference))) OR ((old.provider_reference IS NOT NULL) AND (old.provider_reference IS DISTINCT FROM new.provider_reference)) OR ((old.imad IS NOT NULL) AND (old.imad IS DISTINCT FROM new.imad)) OR ((old.omad IS NOT NULL) AND (old.omad IS DISTINCT FROM new.omad)) OR ((old.recall_at IS NOT NULL) AND ((old.recall_at IS DISTINCT FROM new.recall_at) OR (old.recall_reason IS DISTINCT FROM new.recall_reason))))) EXECUTE FUNCTION payments.refuse_order_change()

table payments.originators
  owner headgate_owner
  comment How a legal entity stands in the header of its ACH files, as its bank (ODFI) agreed
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (changed_at) to headgate_app
  grant UPDATE (company_identification) to headgate_app
  grant UPDATE (company_name) to headgate_app
  grant UPDATE (destination_name) to headgate_app
  grant UPDATE (immediate_origin) to headgate_app
  grant UPDATE (odfi_routing_number) to headgate_app
  grant UPDATE (origin_name) to headgate_app
  column tenant_id uuid not null
  column legal_entity_id text collate C not null
  column odfi_routing_number text not null
  column destination_name text not null
  column immediate_origin text not null
  column origin_name text not null
  column company_name text not null
  column company_identification text not null
  column changed_at timestamp with time zone not null default clock_timestamp()
  constraint originators_ids_fit_their_fields CHECK ((((length(immediate_origin) >= 9) AND (length(immediate_origin) <= 10)) AND ((length(company_identification) >= 1) AND (length(company_identification) <= 10))))
  constraint originators_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint originators_names_fit_their_fields CHECK ((((length(destination_name) >= 1) AND (length(destination_name) <= 23)) AND ((length(origin_name) >= 1) AND (length(origin_name) <= 23)) AND ((length(company_name) >= 1) AND (length(company_name) <= 16))))
  constraint originators_odfi_has_nine_digits CHECK ((odfi_routing_number ~ '^[0-9]{9}$'::text))
  constraint originators_pkey PRIMARY KEY (tenant_id, legal_entity_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table payments.payrolls
  owner headgate_owner
  comment A payroll as its engine computed it: an input that is read and never edited; pending until the commit gate lets it pass
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (committed_at) to headgate_app
  grant UPDATE (evaluation_id) to headgate_app
  grant UPDATE (evaluation_no) to headgate_app
  grant UPDATE (status) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null
  column legal_entity_id text collate C not null
  column external_id text not null
  column pay_on date not null
  column currency text collate C not null
  column digest bytea not null
  column digest_formula smallint not null
  column instruction_count integer not null
  column total_minor bigint not null
  column status text not null default 'pending'::text
  column evaluation_no integer not null default 0
  column evaluation_id text collate C
  column source_artifact_id text collate C
  column created_at timestamp with time zone not null
  column committed_at timestamp with time zone
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint payrolls_committed_is_dated CHECK (((status = 'pending'::text) = (committed_at IS NULL)))
  constraint payrolls_digest_is_sha256 CHECK ((octet_length(digest) = 32))
  constraint payrolls_evaluation_fkey FOREIGN KEY (tenant_id, evaluation_id) REFERENCES funding.gate_evaluations(tenant_id, id)
  constraint payrolls_external_id_is_short CHECK (((length(external_id) >= 1) AND (length(external_id) <= 100)))
  constraint payrolls_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint payrolls_one_per_external_id UNIQUE (tenant_id, legal_entity_id, external_id)
  constraint payrolls_pay_somebody CHECK (((instruction_count > 0) AND (total_minor > 0)))
  constraint payrolls_pkey PRIMARY KEY (tenant_id, id)
  INDEX payrolls_by_status ON payments.payrolls USING btree (tenant_id, status, pay_on, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER payroll_moves BEFORE INSERT OR UPDATE OF status ON payments.payrolls FOR EACH ROW EXECUTE FUNCTION core.check_transition('payroll', 'payments.transitions')
  always TRIGGER payrolls_are_kept BEFORE DELETE OR TRUNCATE ON payments.payrolls FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER payrolls_stay BEFORE UPDATE ON payments.payrolls FOR EACH ROW WHEN ((((((((((((((old.tenant_id IS DISTINCT FROM new.tenant_id) OR (old.id IS DISTINCT FROM new.id)) OR (old.legal_entity_id IS DISTINCT FROM new.legal_entity_id)) OR (old.external_id IS DISTINCT FROM new.external_id)) OR (old.pay_on IS DISTINCT FROM new.pay_on)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.digest IS DISTINCT FROM new.digest)) OR (old.digest_formula IS DISTINCT FROM new.digest_formula)) OR (old.instruction_count IS DISTINCT FROM new.instruction_count)) OR (old.total_minor IS DISTINCT FROM new.total_minor)) OR (old.source_artifact_id IS DISTINCT FROM new.source_artifact_id)) OR (old.created_at IS DISTINCT FROM new.created_at)) OR (old.recorded_at IS DISTINCT FROM new.recorded_at))) EXECUTE FUNCTION payments.refuse_fact_change()

table payments.place_tries
  owner headgate_owner
  comment Each time a person tried a bank's server: whether it let us in, the key it showed, and what lay in its folders; append-only
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column place_id bigint not null
  column bank text collate C not null
  column is_ok boolean not null
  column host_key text not null -- The key that the server showed, as kind and SHA256 fingerprint; empty where it showed none
  column problem text
  column folders jsonb not null -- Each folder that the bank's profile names: its purpose, whether it was seen, how many files lie there
  column tried_by text not null default core.actor_id()
  column tried_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint place_tries_pkey PRIMARY KEY (tenant_id, id)
  constraint place_tries_place_fkey FOREIGN KEY (tenant_id, place_id) REFERENCES payments.places(tenant_id, id)
  constraint place_tries_problem_is_none_where_well CHECK ((NOT (is_ok AND (problem IS NOT NULL))))
  INDEX place_tries_of_place ON payments.place_tries USING btree (tenant_id, place_id, id DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.place_tries FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.places
  owner headgate_owner
  comment Where a tenant's files of a bank are handed over and fetched; the newest row of a bank counts, and none is the folder of this machine
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column bank text collate C not null -- The bank profile's name
  column kind text not null
  column host text collate C
  column port integer
  column username text collate C
  column host_keys text[] collate C not null default '{}'::text[] -- The server's keys that are trusted: whole, or as SHA256 fingerprints; with none nothing is sent
  column root text collate C not null default ''::text -- The folder at the server under which the profile's folders lie; empty: where the login arrives
  column login text
  column login_sealed bytea -- The private key or password, sealed
  column timeout_seconds integer not null default 30
  column set_by text not null default core.actor_id()
  column set_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint places_kind_is_known CHECK ((kind = ANY (ARRAY['folder'::text, 'sftp'::text])))
  constraint places_login_is_known CHECK ((login = ANY (ARRAY['key'::text, 'password'::text])))
  constraint places_of_a_server_are_whole CHECK ( CASE kind WHEN 'sftp'::text THEN (num_nulls(host, port, username, login, login_sealed) = 0) ELSE (num_nonnulls(host, port, username, login, login_sealed) = 0) END)
  constraint places_pkey PRIMARY KEY (tenant_id, id)
  constraint places_port_is_one CHECK (((port >= 1) AND (port <= 65535)))
  constraint places_timeout_is_sound CHECK (((timeout_seconds >= 1) AND (timeout_seconds <= 600)))
  INDEX places_of_bank ON payments.places USING btree (tenant_id, bank, id DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.places FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.provider_inboxes
  owner headgate_owner
  comment Up to which message a provider's inbox was read; it moves in the transaction that applies the message
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (last_no) to headgate_app
  column tenant_id uuid not null
  column rail text collate C not null
  column url_shown text not null
  column last_no bigint not null
  constraint provider_inboxes_count_up CHECK ((last_no >= 0))
  constraint provider_inboxes_pkey PRIMARY KEY (tenant_id, rail, url_shown)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table payments.provider_settings
  owner headgate_owner
  comment Whom a tenant speaks to over a rail, and from which account it pays; the last row of a rail holds
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT (account_last4) to headgate_readonly
  grant SELECT (bank) to headgate_readonly
  grant SELECT (fallback_rail) to headgate_readonly
  grant SELECT (has_authorization) to headgate_readonly
  grant SELECT (is_active) to headgate_readonly
  grant SELECT (rail) to headgate_readonly
  grant SELECT (routing_number) to headgate_readonly
  grant SELECT (set_at) to headgate_readonly
  grant SELECT (set_by) to headgate_readonly
  grant SELECT (tenant_id) to headgate_readonly
  grant SELECT (timeout_seconds) to headgate_readonly
  grant SELECT (url_shown) to headgate_readonly
  column tenant_id uuid not null
  column rail text collate C not null
  column set_at timestamp with time zone not null default clock_timestamp()
  column set_by text not null default core.actor_id()
  column is_active boolean not null
  column bank text collate C not null
  column routing_number text not null
  column account_last4 text not null
  column address jsonb not null
  column url_shown text not null
  column secrets_sealed bytea not null -- The whole URL, the account number and what is sent as Authorization; url_shown lacks the query
  column has_authorization boolean not null
  column timeout_seconds integer not null
  column fallback_rail text collate C -- The rail for what cannot go over this one; none: it waits, with a case
  constraint provider_settings_fallback_is_another_rail CHECK (((fallback_rail = ANY (ARRAY['ach'::text, 'wire'::text, 'fednow'::text, 'rtp'::text, 'check'::text])) AND (fallback_rail <> rail)))
  constraint provider_settings_pkey PRIMARY KEY (tenant_id, rail, set_at)
  constraint provider_settings_rail_is_spoken_to CHECK ((rail = ANY (ARRAY['ach'::text, 'wire'::text, 'fednow'::text, 'rtp'::text, 'check'::text])))
  constraint provider_settings_routing_has_nine_digits CHECK ((routing_number ~ '^[0-9]{9}$'::text))
  constraint provider_settings_waits_some_time CHECK (((timeout_seconds >= 1) AND (timeout_seconds <= 120)))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER is_setting AFTER INSERT OR DELETE OR UPDATE ON payments.provider_settings FOR EACH STATEMENT EXECUTE FUNCTION core.count_setting()
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.provider_settings FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.pulls
  owner headgate_owner
  comment Each time a provider was asked what moved on a day: what it said, or that it was silent, so that the next run asks again
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column provider text collate C not null
  column pulled_for date not null
  column has_answered boolean not null
  column movement_count integer not null
  column new_count integer not null
  column why text not null
  column pulled_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint pulls_new_are_some_of_all CHECK (((new_count >= 0) AND (new_count <= movement_count)))
  constraint pulls_pkey PRIMARY KEY (tenant_id, id)
  constraint pulls_silence_brings_nothing CHECK ((has_answered OR (movement_count = 0)))
  INDEX pulls_of_provider ON payments.pulls USING btree (tenant_id, provider, pulled_for, pulled_at DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.pulls FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.retries
  owner headgate_owner
  comment Payments whose attempt came back or was refused and that are to be paid again: by a new attempt, through the pay gate; append-only
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column instruction_id text collate C not null
  column attempt_id text collate C not null -- The attempt that failed; each leads to one retry at most
  column from_bank_account_id text collate C
  column to_bank_account_id text collate C
  column code text collate C
  column reason text not null
  column approval_id text collate C
  column requested_by text not null default core.actor_id()
  column requested_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint retries_approval_fkey FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_requests(tenant_id, id)
  constraint retries_attempt_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.attempts(tenant_id, id)
  constraint retries_from_fkey FOREIGN KEY (tenant_id, from_bank_account_id) REFERENCES parties.bank_accounts(tenant_id, id)
  constraint retries_instruction_fkey FOREIGN KEY (tenant_id, instruction_id) REFERENCES payments.instructions(tenant_id, id)
  constraint retries_one_per_attempt UNIQUE (tenant_id, attempt_id)
  constraint retries_pkey PRIMARY KEY (tenant_id, id)
  constraint retries_say_why CHECK ((btrim(reason) <> ''::text))
  constraint retries_to_fkey FOREIGN KEY (tenant_id, to_bank_account_id) REFERENCES parties.bank_accounts(tenant_id, id)
  INDEX retries_of_instruction ON payments.retries USING btree (tenant_id, instruction_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER a_retry_needs_a_failure BEFORE INSERT ON payments.retries FOR EACH ROW EXECUTE FUNCTION payments.require_failed_attempt()
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.retries FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.return_credits
  owner headgate_owner
  comment Statement lines by which the bank gave returned money back: they clear what the return files announced
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column provider text collate C not null
  column external_id text collate C not null
  column amount_minor bigint not null
  column currency text collate C not null
  column value_on date not null
  column transaction_id bigint not null
  column artifact_id text collate C
  column record_id text collate C
  column occurred_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint return_credits_amount_is_positive CHECK ((amount_minor > 0))
  constraint return_credits_pkey PRIMARY KEY (tenant_id, id)
  constraint return_credits_same_evidence_counts_once UNIQUE (tenant_id, provider, external_id)
  INDEX return_credits_of_record ON payments.return_credits USING btree (tenant_id, record_id) WHERE (record_id IS NOT NULL)
  INDEX return_credits_of_transaction ON payments.return_credits USING btree (tenant_id, transaction_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.return_credits FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.return_disputes
  owner headgate_owner
  comment Returns that were dishonored (R61 to R70), and what became of that: contested (R71 to R77, final), or refused by our own bank; append-only
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column return_id text collate C not null
  column kind text not null
  column direction text not null
  column code text collate C not null
  column amount_minor bigint not null
  column currency text collate C not null
  column reservation_id bigint -- The client's money that goes out once more; none where the return had given the client nothing
  column transaction_id bigint
  column ach_file_id text collate C
  column trace_number text collate C
  column provider text collate C
  column external_id text collate C
  column artifact_id text collate C
  column record_id text collate C
  column answer_until date -- The last day on which the receiving bank may contest: two banking days
  column is_late boolean not null
  column reason text
  column occurred_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint return_disputes_amount_is_positive CHECK ((amount_minor > 0))
  constraint return_disputes_direction_is_known CHECK ((direction = ANY (ARRAY['outbound'::text, 'inbound'::text])))
  constraint return_disputes_dishonored_may_be_answered CHECK (((kind = 'dishonored'::text) = (answer_until IS NOT NULL)))
  constraint return_disputes_each_step_once UNIQUE (tenant_id, return_id, kind)
  constraint return_disputes_file_fkey FOREIGN KEY (tenant_id, ach_file_id) REFERENCES payments.ach_files(tenant_id, id)
  constraint return_disputes_kind_has_its_codes CHECK ((((kind = 'dishonored'::text) AND (code ~ '^R(6[1-9]|70)$'::text)) OR ((kind = 'contested'::text) AND (code ~ '^R7[1-7]$'::text)) OR ((kind = 'refused'::text) AND (code ~ '^R(6[1-9]|70)$'::text))))
  constraint return_disputes_one_entry_each UNIQUE (tenant_id, ach_file_id, trace_number)
  constraint return_disputes_ours_stand_in_a_file CHECK ((((direction = 'outbound'::text) = (ach_file_id IS NOT NULL)) AND ((direction = 'outbound'::text) = (trace_number IS NOT NULL)) AND ((direction = 'outbound'::text) = (reason IS NOT NULL))))
  constraint return_disputes_pkey PRIMARY KEY (tenant_id, id)
  constraint return_disputes_reservation_fkey FOREIGN KEY (tenant_id, reservation_id) REFERENCES ledger.reservations(tenant_id, id)
  constraint return_disputes_return_fkey FOREIGN KEY (tenant_id, return_id) REFERENCES payments.returns(tenant_id, id)
  constraint return_disputes_same_evidence_counts_once UNIQUE (tenant_id, provider, external_id)
  constraint return_disputes_theirs_have_evidence CHECK ((((direction = 'inbound'::text) = (num_nulls(provider, external_id) = 0)) AND ((kind = 'refused'::text) OR ((direction = 'inbound'::text) = (num_nulls(artifact_id, record_id) = 0)))))
  constraint return_disputes_use_a_reservation_once UNIQUE (tenant_id, reservation_id)
  constraint return_disputes_we_contest_nothing CHECK (((kind = 'dishonored'::text) OR (direction = 'inbound'::text)))
  INDEX return_disputes_of_record ON payments.return_disputes USING btree (tenant_id, record_id) WHERE (record_id IS NOT NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.return_disputes FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER disputes_follow BEFORE INSERT ON payments.return_disputes FOR EACH ROW EXECUTE FUNCTION payments.require_dispute()

table payments.return_policies
  owner headgate_owner
  comment What a tenant does beside taking the money back, by return code or group of codes; approved, and the newest row of a subject counts
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column subject text collate C not null
  column action text not null
  column reason text not null
  column approval_id text collate C not null
  column set_by text not null default core.actor_id()
  column set_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint return_policies_action_is_known CHECK ((action = ANY (ARRAY['reverse'::text, 'hold'::text, 'dispute'::text, 'retry'::text])))
  constraint return_policies_approval_fkey FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_requests(tenant_id, id)
  constraint return_policies_only_funds_are_presented_again CHECK (((action <> 'retry'::text) OR (subject = ANY (ARRAY['R01'::text, 'R09'::text, 'insufficient_funds'::text]))))
  constraint return_policies_pkey PRIMARY KEY (tenant_id, id)
  constraint return_policies_say_why CHECK ((btrim(reason) <> ''::text))
  constraint return_policies_subject_is_a_code_or_group CHECK ((subject ~ '^(R[0-9]{2}|[a-z_]{2,40})$'::text))
  INDEX return_policies_of_subject ON payments.return_policies USING btree (tenant_id, subject, id DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.return_policies FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.returns
  owner headgate_owner
  comment Each return that a bank sent, and what was done: counted, come again, against what was said before, or of no entry of ours
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column provider text collate C not null
  column external_id text collate C not null
  column standing text not null
  column attempt_id text collate C
  column instruction_id text collate C
  column code text collate C not null
  column action text -- What the policy added to the money being the client's again
  column is_late boolean not null -- It came after the time that its code allows
  column dishonor_until date not null -- The last day on which our bank may dishonor it: five banking days after it settled
  column amount_minor bigint not null
  column currency text collate C not null
  column original_trace text collate C not null
  column original_rdfi text collate C not null
  column return_trace text collate C not null
  column settled_on date not null
  column transaction_id bigint
  column block_id text collate C
  column artifact_id text collate C not null
  column record_id text collate C not null
  column occurred_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint returns_action_is_known CHECK ((action = ANY (ARRAY['reverse'::text, 'hold'::text, 'dispute'::text, 'retry'::text])))
  constraint returns_amount_is_not_negative CHECK ((amount_minor >= 0))
  constraint returns_attempt_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.attempts(tenant_id, id)
  constraint returns_counted_moved_its_money CHECK ((((standing = 'counted'::text) = (transaction_id IS NOT NULL)) AND ((standing = 'counted'::text) = (action IS NOT NULL))))
  constraint returns_instruction_fkey FOREIGN KEY (tenant_id, instruction_id) REFERENCES payments.instructions(tenant_id, id)
  constraint returns_orphan_is_of_no_attempt CHECK ((((standing = 'orphan'::text) = (attempt_id IS NULL)) AND ((attempt_id IS NULL) = (instruction_id IS NULL))))
  constraint returns_pkey PRIMARY KEY (tenant_id, id)
  constraint returns_same_evidence_counts_once UNIQUE (tenant_id, provider, external_id)
  constraint returns_standing_is_known CHECK ((standing = ANY (ARRAY['counted'::text, 'repeated'::text, 'contradicts'::text, 'orphan'::text])))
  INDEX returns_of_attempt ON payments.returns USING btree (tenant_id, attempt_id, id)
  INDEX returns_of_record ON payments.returns USING btree (tenant_id, record_id)
  INDEX returns_of_transaction ON payments.returns USING btree (tenant_id, transaction_id) WHERE (transaction_id IS NOT NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.returns FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.settlement_deadlines
  owner headgate_owner
  comment By when each payment that left must have been heard of: fixed when it was sent, as its bank's profile said then
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column attempt_id text collate C not null
  column bank text collate C not null
  column heard_by timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint settlement_deadlines_attempt_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.attempts(tenant_id, id)
  constraint settlement_deadlines_pkey PRIMARY KEY (tenant_id, attempt_id)
  INDEX settlement_deadlines_by_time ON payments.settlement_deadlines USING btree (tenant_id, heard_by)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.settlement_deadlines FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.settlement_events
  owner headgate_owner
  comment What a bank said became of an attempt: the truth, append-only; the same evidence counts once
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column provider text collate C not null
  column external_id text collate C not null
  column status text not null
  column direction text not null
  column rail text not null
  column attempt_id text collate C not null
  column instruction_id text collate C not null
  column amount_minor bigint not null
  column currency text collate C not null
  column return_code text
  column effective_on date not null
  column transaction_id bigint not null
  column artifact_id text collate C
  column record_id text collate C
  column occurred_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint settlement_events_amount_is_positive CHECK ((amount_minor > 0))
  constraint settlement_events_attempt_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.attempts(tenant_id, id)
  constraint settlement_events_direction_is_known CHECK ((direction = ANY (ARRAY['outbound'::text, 'inbound'::text])))
  constraint settlement_events_instruction_fkey FOREIGN KEY (tenant_id, instruction_id) REFERENCES payments.instructions(tenant_id, id)
  constraint settlement_events_pkey PRIMARY KEY (tenant_id, id)
  constraint settlement_events_return_has_a_code CHECK (((status = 'rejected'::text) OR ((status = 'returned'::text) = (return_code IS NOT NULL))))
  constraint settlement_events_same_evidence_counts_once UNIQUE (tenant_id, provider, external_id)
  constraint settlement_events_status_is_known CHECK ((status = ANY (ARRAY['settled'::text, 'returned'::text, 'rejected'::text])))
  INDEX settlement_events_of_attempt ON payments.settlement_events USING btree (tenant_id, attempt_id)
  INDEX settlement_events_of_instruction ON payments.settlement_events USING btree (tenant_id, instruction_id, id)
  INDEX settlement_events_of_record ON payments.settlement_events USING btree (tenant_id, record_id) WHERE (record_id IS NOT NULL)
  INDEX settlement_events_of_transaction ON payments.settlement_events USING btree (tenant_id, transaction_id)
  UNIQUE INDEX settlement_events_each_fact_once ON payments.settlement_events USING btree (tenant_id, attempt_id, status) WHERE ((rail = 'ach'::text) OR (status <> 'returned'::text))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.settlement_events FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.tellings
  owner headgate_owner
  comment Each time a statement or a return file was told to funding and payments, and whether all of it was decided; append-only
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column artifact_id text collate C not null
  column readings integer not null -- How often the file had been read: read anew, it is told anew
  column standing text not null -- decided: no telling finds more; waiting: a line names nothing of ours yet; differing: something is named that it disagrees with, or that it disputes
  column told_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint tellings_are_of_what_was_read CHECK ((readings > 0))
  constraint tellings_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts(tenant_id, id)
  constraint tellings_pkey PRIMARY KEY (tenant_id, id)
  constraint tellings_standing_is_known CHECK ((standing = ANY (ARRAY['decided'::text, 'waiting'::text, 'differing'::text])))
  INDEX tellings_of_artifact ON payments.tellings USING btree (tenant_id, artifact_id, id DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.tellings FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table payments.transitions
  owner headgate_owner
  comment The legal status moves of payrolls, instructions, attempts and files; '' is nothing yet
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column entity text not null
  column from_status text not null
  column to_status text not null
  constraint transitions_pkey PRIMARY KEY (entity, from_status, to_status)

view payments.invariant_attempts_funded
  owner headgate_owner
  comment Every sent attempt has consumed one reservation of its payment's money, equal in amount.
  with security_invoker=true
  query d0ee634f2008c552
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view payments.invariant_captures_have_attempts
  owner headgate_owner
  comment No payment's money leaves the client's funds without an attempt that carries it.
  with security_invoker=true
  query 7af45f49b2f0e0bf
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view payments.invariant_clearing_residual
  owner headgate_owner
  comment What lies in payroll clearing is what was sent and has not settled.
  with security_invoker=true
  query b382e6502c3606f3
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view payments.invariant_debit_orders_agree
  owner headgate_owner
  comment Every debit that is no entry of a file is one order of its amount, and both say the same became of it.
  with security_invoker=true
  query 96429d4bdeb14be3
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view payments.invariant_debits_agree
  owner headgate_owner
  comment What a debit says of itself agrees with the money that came of it, to the cent and once.
  with security_invoker=true
  query 80c32728c3e10db1
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view payments.invariant_file_totals
  owner headgate_owner
  comment A file's attempts are as many, and add up to as much, as its control totals say.
  with security_invoker=true
  query 3e1ba2ac74cc71fe
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view payments.invariant_files_sent_once
  owner headgate_owner
  comment No file is handed over a second time without proof that the first did not arrive, and what is delivered is proved so.
  with security_invoker=true
  query bb208d56910eb7da
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view payments.invariant_keys
  owner headgate_owner
  comment What instructions and attempts name is there: the keys that their tables are too hot to hold row by row.
  with security_invoker=true
  query 7a71a029bab8f3c7
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view payments.invariant_movements_accounted
  owner headgate_owner
  comment Nothing that a provider said is dropped: each movement came to something, or is a case.
  with security_invoker=true
  query 1c65b78cc2fdb0db
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view payments.invariant_orders_agree
  owner headgate_owner
  comment Every attempt that is no entry of a file is one order, and both say the same became of it.
  with security_invoker=true
  query f317a0469235d9af
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view payments.invariant_paid_once
  owner headgate_owner
  comment Of a payment's attempts one at most is on its way or settled: the others came back, were refused, or never heard of.
  with security_invoker=true
  query fe4f0f8c54725972
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view payments.invariant_payroll_totals
  owner headgate_owner
  comment A payroll's instructions are as many, and add up to as much, as the payroll says.
  with security_invoker=true
  query 1ba99d0ed305f78d
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view payments.invariant_pending_is_reserved
  owner headgate_owner
  comment Every pending payment names a reservation of its own, equal in amount (which may have lapsed: the pay gate judges).
  with security_invoker=true
  query 8427791c5232508e
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view payments.invariant_retries_follow_failures
  owner headgate_owner
  comment Each further attempt of a payment answers a retry of the one before, or follows one that the network never heard of.
  with security_invoker=true
  query 7a10f36be439a8c5
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view payments.invariant_returns_moved_their_money
  owner headgate_owner
  comment Each return that counts, and each dispute of one, has its posting, to the cent.
  with security_invoker=true
  query 4fbbb42807b3b335
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view payments.invariant_settlements_heard
  owner headgate_owner
  comment Every outbound posting older than its rail's window has its settlement event, or an open case.
  with security_invoker=true
  query 5b1e68cd73dceabd
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view payments.invariant_statuses_agree
  owner headgate_owner
  comment What an instruction and its attempt say agrees with what the bank's events say.
  with security_invoker=true
  query c517d6ba4d2ec8d1
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view payments.lineage
  owner headgate_owner
  comment What each record of evidence became here, and the transaction of the book that it made, where it made one
  with security_invoker=true
  query af6e71ab4f200a67
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column what text
  column subject_id text collate C
  column record_id text collate C
  column artifact_id text collate C
  column ingestion_id text
  column transaction_id bigint
  column at timestamp with time zone

view payments.standing_returns
  owner headgate_owner
  comment Returns by which a client has its money back: counted, and not dishonored, or dishonored and contested since
  with security_invoker=true
  query d2579d5622b19037
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column attempt_id text collate C
  column return_id text collate C

view payments.unheard
  owner headgate_owner
  comment Payments and debits that left and of which no bank has said anything; has_case: one was opened, is_a_case: it stands
  with security_invoker=true
  query 437d7ba8154fb9dd
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column order_id text collate C
  column subject_id text collate C
  column payment_id text collate C
  column amount_minor bigint
  column currency text collate C
  column ach_file_id text collate C
  column heard_by timestamp with time zone
  column has_case boolean
  column is_a_case boolean

schema public
  owner pg_database_owner
  comment standard public schema
  grant CREATE to headgate_owner
  grant USAGE to PUBLIC

view public.payment_events
  owner headgate_owner
  comment What happened to payments, with each event's place in the hash chain
  with security_invoker=true
  query ab6c993d7b89f5f2
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column id bigint
  column payment_id text collate C
  column ingestion_id text collate C
  column type text collate C
  column event_time timestamp with time zone
  column actor_type text collate C
  column actor_id text collate C
  column correlation_id text collate C
  column data jsonb
  column prev_event_hash text
  column event_hash text

view public.psp_balance_reservation
  owner headgate_owner
  comment Money set aside; amount is what is neither captured nor given back. Overdue ones may be set to expired, and nothing else
  with security_invoker=true
  query 713212605359dbc4
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  grant UPDATE (status) to headgate_app
  grant UPDATE (status) to headgate_operator
  grant UPDATE (updated_at) to headgate_app
  grant UPDATE (updated_at) to headgate_operator
  column tenant_id uuid
  column psp_balance_reservation_id bigint
  column account_id bigint
  column amount numeric
  column purpose text collate C
  column status text collate C
  column expires_at timestamp with time zone
  column created_at timestamp with time zone
  column updated_at timestamp with time zone
  column currency text collate C
  column source_ref text collate C
  column reserved_amount numeric
  column captured_amount numeric
  column released_amount numeric
  TRIGGER expiry_is_prepared BEFORE UPDATE ON public.psp_balance_reservation FOR EACH STATEMENT EXECUTE FUNCTION ledger.prepare_expiry()
  TRIGGER expiry_is_the_ledgers INSTEAD OF UPDATE ON public.psp_balance_reservation FOR EACH ROW EXECUTE FUNCTION ledger.expire_through_view()

view public.psp_funding_request
  owner headgate_owner
  comment Money asked for: amount is the whole need, asked_amount what the client was asked to bring
  with security_invoker=true
  query cbf7e8cbe58c8e79
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column legal_entity_id text collate C
  column psp_funding_request_id text collate C
  column amount numeric
  column status text
  column block_reason text
  column created_at timestamp with time zone
  column currency text collate C
  column rail text
  column due_date date
  column subject text collate C
  column asked_amount numeric
  column idempotency_key text collate C
  column updated_at timestamp with time zone

view public.psp_gate_evaluation
  owner headgate_owner
  comment Every judgement of the gate with the figures it saw; available counts the subject's own reservations back
  with security_invoker=true
  query af4fb77390164b4a
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column funding_request_id text collate C
  column gate_evaluation_id text collate C
  column gate_type text
  column passed boolean
  column reason text
  column required_amount numeric
  column available_balance numeric
  column policy_violated text
  column created_at timestamp with time zone
  column legal_entity_id text collate C
  column subject text collate C
  column evaluation_no integer
  column currency text collate C
  column posted_balance numeric
  column reserved_balance numeric
  column own_reserved numeric
  column shortfall numeric
  column client_message text
  column funded_until timestamp with time zone

view public.psp_ledger_account
  owner headgate_owner
  comment Accounts of the book with what is posted, reserved and available, on each one's normal side
  with security_invoker=true
  query 0196ce33866e39d1
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column legal_entity_id text collate C
  column psp_ledger_account_id bigint
  column name text
  column account_type text collate C
  column code text collate C
  column currency text collate C
  column purpose text collate C
  column status text collate C
  column posted_balance numeric
  column reserved_balance numeric
  column pending_outflows numeric
  column available_balance numeric

view public.psp_ledger_entry
  owner headgate_owner
  comment Entries of the book: each debits one account and credits another by the same amount
  with security_invoker=true
  query d2d7071552036df1
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column debit_account_id bigint
  column credit_account_id bigint
  column amount numeric
  column currency text collate C
  column psp_ledger_entry_id text
  column transaction_id bigint
  column idempotency_key text collate C
  column source_type text collate C
  column source_id text collate C
  column description text
  column effective_at timestamp with time zone
  column effective_date date
  column created_at timestamp with time zone

view public.psp_settlement_event
  owner headgate_owner
  comment What banks and providers said: our payments settled or returned, clients' money come in; each names its entry in the book
  with security_invoker=true
  query d5257e5cdc5eb9dd
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column psp_settlement_event_id text collate C
  column provider text collate C
  column external_trace_id text collate C
  column direction text
  column rail text
  column amount numeric
  column currency text collate C
  column status text
  column return_code text
  column effective_date date
  column payment_attempt_id text collate C
  column funding_request_id text collate C
  column ledger_entry_id text
  column created_at timestamp with time zone
  column legal_entity_id text collate C
  column payment_instruction_id text collate C
  column transaction_id bigint

schema recon
  owner headgate_owner
  comment Reconciliation: what of the bank's statement is in the book, and what is not
  grant CREATE, USAGE to headgate_poster
  grant CREATE, USAGE to headgate_resolver
  grant USAGE to headgate_app
  grant USAGE to headgate_readonly

function recon.refuse_rewriting()
  owner headgate_owner
  comment Row trigger: a run is superseded once
  returns trigger, plpgsql, volatile
  body 158a0ca04c2d0a8c

sequence recon.match_ids
  owner headgate_owner
  comment Numbers of matches (mat_… at the edge)
  bigint start 1 increment 1 from 1 to 9223372036854775807 cache 1
  grant USAGE to headgate_app

table recon.differences
  owner headgate_owner
  comment What a run could not reconcile, each with its figures and its case
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column reconciliation_id text collate C not null
  column kind text collate C not null
  column reference text
  column record_id text collate C
  column transaction_id bigint
  column bank_minor bigint not null
  column book_minor bigint not null
  column legs integer not null
  column case_id text collate C not null
  constraint differences_case_fkey FOREIGN KEY (tenant_id, case_id) REFERENCES cases.exception_cases(tenant_id, id)
  constraint differences_differ CHECK (((kind = 'ambiguous'::text) = (bank_minor = book_minor)))
  constraint differences_kind_is_known CHECK ((kind = ANY (ARRAY['missing_in_book'::text, 'missing_at_bank'::text, 'amount_differs'::text, 'ambiguous'::text, 'match_differs'::text, 'opening_differs'::text, 'statement_unproved'::text])))
  constraint differences_pkey PRIMARY KEY (tenant_id, id)
  constraint differences_record_fkey FOREIGN KEY (tenant_id, record_id) REFERENCES ingestion.records(tenant_id, id)
  constraint differences_run_fkey FOREIGN KEY (tenant_id, reconciliation_id) REFERENCES recon.reconciliations(tenant_id, id) DEFERRABLE INITIALLY DEFERRED
  INDEX differences_of_run ON recon.differences USING btree (tenant_id, reconciliation_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON recon.differences FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table recon.links
  owner headgate_owner
  comment Which account of the book mirrors which bank account; said once by a person, never guessed
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column account_id bigint not null
  column account_fingerprint bytea not null
  column account_last4 text not null
  column currency text collate C not null
  column linked_by text not null default core.actor_id()
  column linked_at timestamp with time zone not null default clock_timestamp()
  constraint links_bank_account_has_one_mirror UNIQUE (tenant_id, account_fingerprint)
  constraint links_pkey PRIMARY KEY (tenant_id, account_id, account_fingerprint)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER links_of_an_account AFTER INSERT OR UPDATE OF tenant_id, account_id ON recon.links FOR EACH ROW EXECUTE FUNCTION ledger.check_account()
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON recon.links FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table recon.match_legs
  owner headgate_owner
  comment A leg of the book, by its account and its number there, is in one match at most: its key says so
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column account_id bigint not null
  column seq bigint not null
  column match_id bigint not null
  constraint match_legs_match_fkey FOREIGN KEY (tenant_id, match_id) REFERENCES recon.matches(tenant_id, id)
  constraint match_legs_pkey PRIMARY KEY (tenant_id, account_id, seq)
  INDEX match_legs_of_match ON recon.match_legs USING btree (tenant_id, match_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON recon.match_legs FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table recon.match_records
  owner headgate_owner
  comment A bank line is in one match at most: its key says so
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column record_id text collate C not null
  column match_id bigint not null
  constraint match_records_match_fkey FOREIGN KEY (tenant_id, match_id) REFERENCES recon.matches(tenant_id, id)
  constraint match_records_pkey PRIMARY KEY (tenant_id, record_id)
  constraint match_records_record_fkey FOREIGN KEY (tenant_id, record_id) REFERENCES ingestion.records(tenant_id, id)
  INDEX match_records_of_match ON recon.match_records USING btree (tenant_id, match_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON recon.match_records FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table recon.matches
  owner headgate_owner
  comment One bank line and the legs of the book that are it: equal in identifier and amount, found by the rule named
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null
  column reconciliation_id text collate C not null
  column account_id bigint not null
  column rule text collate C not null
  column reference text not null
  column signed_minor bigint not null
  column legs integer not null
  column matched_at timestamp with time zone not null default clock_timestamp()
  constraint matches_have_legs CHECK ((legs >= 1))
  constraint matches_pkey PRIMARY KEY (tenant_id, id)
  constraint matches_run_fkey FOREIGN KEY (tenant_id, reconciliation_id) REFERENCES recon.reconciliations(tenant_id, id) DEFERRABLE INITIALLY DEFERRED
  INDEX matches_of_run ON recon.matches USING btree (tenant_id, reconciliation_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON recon.matches FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table recon.reconciliations
  owner headgate_owner
  comment One run over an account, channel and period; a later run of the same supersedes it. Totals in signed minor units
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (superseded_by) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null
  column account_id bigint not null
  column channel text collate C not null
  column currency text collate C not null
  column period_start date not null
  column period_end date not null
  column bank_total bigint -- Signed sum of the bank's lines; NULL while no statement has come
  column sor_total bigint not null -- Signed sum of the book's legs (the system of record)
  column variance bigint generated as ((bank_total - sor_total)) stored
  column status text collate C not null
  column details jsonb not null
  column run_by text not null default core.actor_id()
  column run_at timestamp with time zone not null default clock_timestamp()
  column superseded_by text collate C
  constraint reconciliations_balanced_is_zero CHECK (((status <> 'balanced'::text) OR (bank_total = sor_total)))
  constraint reconciliations_channel_is_known CHECK ((channel = ANY (ARRAY['all'::text, 'ach'::text, 'wire'::text, 'realtime'::text, 'check'::text, 'card'::text, 'paypal'::text, 'venmo'::text, 'book'::text])))
  constraint reconciliations_open_without_statement CHECK (((status = 'open'::text) = (bank_total IS NULL)))
  constraint reconciliations_period_goes_forward CHECK ((period_start <= period_end))
  constraint reconciliations_pkey PRIMARY KEY (tenant_id, id)
  constraint reconciliations_status_is_known CHECK ((status = ANY (ARRAY['open'::text, 'balanced'::text, 'variance'::text])))
  constraint reconciliations_superseded_fkey FOREIGN KEY (tenant_id, superseded_by) REFERENCES recon.reconciliations(tenant_id, id) DEFERRABLE INITIALLY DEFERRED
  UNIQUE INDEX reconciliations_one_current ON recon.reconciliations USING btree (tenant_id, account_id, channel, period_start, period_end) WHERE (superseded_by IS NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER reconciliations_of_an_account AFTER INSERT OR UPDATE OF tenant_id, account_id ON recon.reconciliations FOR EACH ROW EXECUTE FUNCTION ledger.check_account()
  always TRIGGER superseded_once BEFORE UPDATE ON recon.reconciliations FOR EACH ROW WHEN ((old.superseded_by IS NOT NULL)) EXECUTE FUNCTION recon.refuse_rewriting()

view recon.bank_lines
  owner headgate_owner
  comment The bank's lines of every linked account, signed as its holder sees them; where the bank gave no reference, the record's id is it
  with security_invoker=true
  query b828974929013db6
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column account_id bigint
  column record_id text collate C
  column reference text collate C
  column signed_minor bigint
  column booked_on date

view recon.book_legs
  owner headgate_owner
  comment The legs of the book by account: a debit raises a bank account's mirror, a credit lowers it
  with security_invoker=true
  query 40db2e05810155be
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column account_id bigint
  column seq bigint
  column transaction_id bigint
  column signed_minor bigint
  column effective_on date

view recon.invariant_matches_are_equal
  owner headgate_owner
  comment Every match joins one bank line with legs of the book of exactly its amount
  with security_invoker=true
  query fec56be0d3ace2be
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text
  column detail text

view recon.invariant_variance_is_named
  owner headgate_owner
  comment A run has a variance exactly where it names what differs
  with security_invoker=true
  query a52a9c4a16982306
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view recon.lineage
  owner headgate_owner
  comment From evidence to the book and back: what each record, artifact or payment that came in became in every domain, and the transaction that it made
  with security_invoker=true
  query 25fc2efe55e36ecb
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column what text
  column subject_id text collate C
  column record_id text collate C
  column artifact_id text collate C
  column ingestion_id text collate C
  column transaction_id bigint
  column at timestamp with time zone

schema servicing
  owner headgate_owner
  comment Loans, their dues, their payments, and where each cent of a payment went
  grant CREATE, USAGE to headgate_poster
  grant CREATE, USAGE to headgate_resolver
  grant USAGE to headgate_app
  grant USAGE to headgate_readonly

table servicing.allocations
  owner headgate_owner
  comment Where the money of a payment went, line by line: the history, whatever the policy says now; a line is taken back once, by a line of the same amount that names it
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column payment_id text collate C not null
  column loan_id text collate C not null
  column bucket text not null
  column instalment_no integer
  column amount_minor bigint not null
  column applied_on date not null
  column policy_version_no integer not null
  column is_recovery boolean not null default false
  column reverses bigint
  column transaction_id bigint -- The posting in the book that moved it; NULL where the book did not change, as between two dues
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint allocations_amount_is_positive CHECK ((amount_minor > 0))
  constraint allocations_are_reversed_once UNIQUE (tenant_id, reverses)
  constraint allocations_bucket_is_known CHECK ((bucket = ANY (ARRAY['fees'::text, 'interest'::text, 'principal'::text, 'escrow'::text, 'suspense'::text, 'overpayment'::text])))
  constraint allocations_due_fkey FOREIGN KEY (tenant_id, loan_id, instalment_no) REFERENCES servicing.dues(tenant_id, loan_id, instalment_no)
  constraint allocations_lie_in_a_due_or_wait CHECK (((bucket = ANY (ARRAY['suspense'::text, 'overpayment'::text])) = (instalment_no IS NULL)))
  constraint allocations_payment_fkey FOREIGN KEY (tenant_id, payment_id) REFERENCES servicing.payments(tenant_id, id)
  constraint allocations_pkey PRIMARY KEY (tenant_id, id)
  constraint allocations_reverses_fkey FOREIGN KEY (tenant_id, reverses) REFERENCES servicing.allocations(tenant_id, id)
  INDEX allocations_of_due ON servicing.allocations USING btree (tenant_id, loan_id, instalment_no, id)
  INDEX allocations_of_payment ON servicing.allocations USING btree (tenant_id, payment_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON servicing.allocations FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table servicing.dues
  owner headgate_owner
  comment What a loan owes, by instalment and bucket, with what was paid of it; a charge is a due of fees alone
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (escrow_paid_minor) to headgate_app
  grant UPDATE (fees_paid_minor) to headgate_app
  grant UPDATE (interest_paid_minor) to headgate_app
  grant UPDATE (principal_paid_minor) to headgate_app
  column tenant_id uuid not null
  column loan_id text collate C not null
  column instalment_no integer not null
  column kind text not null default 'instalment'::text
  column due_on date not null
  column fees_minor bigint not null default 0
  column interest_minor bigint not null default 0
  column principal_minor bigint not null default 0
  column escrow_minor bigint not null default 0
  column fees_paid_minor bigint not null default 0
  column interest_paid_minor bigint not null default 0
  column principal_paid_minor bigint not null default 0
  column escrow_paid_minor bigint not null default 0
  column reason text
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint dues_are_paid_once CHECK ((((fees_paid_minor >= 0) AND (fees_paid_minor <= fees_minor)) AND ((interest_paid_minor >= 0) AND (interest_paid_minor <= interest_minor)) AND ((principal_paid_minor >= 0) AND (principal_paid_minor <= principal_minor)) AND ((escrow_paid_minor >= 0) AND (escrow_paid_minor <= escrow_minor))))
  constraint dues_charge_is_a_fee CHECK (((kind = 'instalment'::text) OR ((((interest_minor + principal_minor) + escrow_minor) = 0) AND (reason IS NOT NULL))))
  constraint dues_kind_is_known CHECK ((kind = ANY (ARRAY['instalment'::text, 'charge'::text])))
  constraint dues_loan_fkey FOREIGN KEY (tenant_id, loan_id) REFERENCES servicing.loans(tenant_id, id)
  constraint dues_owe_something CHECK (((fees_minor >= 0) AND (interest_minor >= 0) AND (principal_minor >= 0) AND (escrow_minor >= 0) AND ((((fees_minor + interest_minor) + principal_minor) + escrow_minor) > 0)))
  constraint dues_pkey PRIMARY KEY (tenant_id, loan_id, instalment_no)
  INDEX dues_by_day ON servicing.dues USING btree (tenant_id, loan_id, due_on, instalment_no)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

table servicing.hold_changes
  owner headgate_owner
  comment Each time a loan's holds were set: what they are since, and why; the loan's row has the newest
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column loan_id text collate C not null
  column has_legal_hold boolean not null
  column has_stop_pay boolean not null
  column is_kyc_incomplete boolean not null
  column reason text not null
  column set_by text not null default core.actor_id()
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint hold_changes_loan_fkey FOREIGN KEY (tenant_id, loan_id) REFERENCES servicing.loans(tenant_id, id)
  constraint hold_changes_pkey PRIMARY KEY (tenant_id, id)
  constraint hold_changes_say_why CHECK ((btrim(reason) <> ''::text))
  INDEX hold_changes_of_loan ON servicing.hold_changes USING btree (tenant_id, loan_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON servicing.hold_changes FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table servicing.loans
  owner headgate_owner
  comment Loans that are serviced: how each stands, and what its dues and payments come to
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (applied_key) to headgate_app
  grant UPDATE (applied_through) to headgate_app
  grant UPDATE (changed_at) to headgate_app
  grant UPDATE (has_legal_hold) to headgate_app
  grant UPDATE (has_stop_pay) to headgate_app
  grant UPDATE (is_kyc_incomplete) to headgate_app
  grant UPDATE (oldest_due_on) to headgate_app
  grant UPDATE (open_minor) to headgate_app
  grant UPDATE (overpayment_minor) to headgate_app
  grant UPDATE (state) to headgate_app
  grant UPDATE (suspense_minor) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null
  column external_id text collate C not null
  column legal_entity_id text collate C not null
  column product text collate C not null
  column currency text collate C not null
  column borrower_id text collate C
  column state text not null default 'pending'::text
  column has_legal_hold boolean not null default false
  column has_stop_pay boolean not null default false
  column applied_through date -- Up to this day the payments and due dates were folded; what comes for an earlier day makes the later ones be folded again
  column applied_key text collate C -- The key of the last payment of that day; a day's payments are taken by their keys
  column oldest_due_on date -- The oldest due date whose periodic payment is not whole yet; NULL: none is open
  column open_minor bigint not null default 0
  column suspense_minor bigint not null default 0
  column overpayment_minor bigint not null default 0
  column created_at timestamp with time zone not null
  column changed_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  column is_kyc_incomplete boolean not null default false -- It is not known well enough who owes it: payments are refused until it is
  constraint loans_borrower_fkey FOREIGN KEY (tenant_id, borrower_id) REFERENCES parties.parties(tenant_id, id)
  constraint loans_external_id_is_short CHECK (((length(external_id) >= 1) AND (length(external_id) <= 100)))
  constraint loans_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint loans_one_per_external_id UNIQUE (tenant_id, external_id)
  constraint loans_pkey PRIMARY KEY (tenant_id, id)
  constraint loans_sums_are_not_negative CHECK (((open_minor >= 0) AND (suspense_minor >= 0) AND (overpayment_minor >= 0)))
  INDEX loans_by_state ON servicing.loans USING btree (tenant_id, state, id)
  INDEX loans_with_waiting_money ON servicing.loans USING btree (tenant_id, id) WHERE (suspense_minor > 0)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER loan_begins BEFORE INSERT ON servicing.loans FOR EACH ROW WHEN ((new.state <> 'pending'::text)) EXECUTE FUNCTION core.check_transition('loan', 'servicing.transitions', 'state')
  TRIGGER loan_moves BEFORE UPDATE OF state ON servicing.loans FOR EACH ROW WHEN ((old.state <> new.state)) EXECUTE FUNCTION core.check_transition('loan', 'servicing.transitions', 'state')

table servicing.payments
  owner headgate_owner
  comment What borrowers paid, in minor units, and how it is divided now; the parts add up to the total
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant UPDATE (changed_at) to headgate_app
  grant UPDATE (escrow) to headgate_app
  grant UPDATE (fee) to headgate_app
  grant UPDATE (interest) to headgate_app
  grant UPDATE (principal) to headgate_app
  grant UPDATE (provider_event_last_seen) to headgate_app
  grant UPDATE (reversal_reason) to headgate_app
  grant UPDATE (status) to headgate_app
  grant UPDATE (suspense) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null
  column loan_id text collate C not null
  column source_channel text not null
  column idempotency_key text collate C not null
  column effective_date date not null -- The day on which it reached the servicer: it is credited as of that day, whenever it was posted
  column currency text collate C not null
  column total_received bigint not null
  column principal bigint not null
  column interest bigint not null
  column fee bigint not null
  column escrow bigint not null
  column suspense bigint not null -- What waits, or is over; the lines tell which
  column status text not null default 'completed'::text
  column reversal_reason text
  column instruction text not null default 'regular'::text
  column product text collate C not null
  column policy_version_no integer not null
  column provider_transfer_id text collate C
  column provider_account_id text collate C
  column provider_event_last_seen timestamp with time zone
  column ingestion_id text collate C
  column created_at timestamp with time zone not null
  column changed_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint payments_channel_is_known CHECK ((source_channel = ANY (ARRAY['ach'::text, 'wire'::text, 'realtime'::text, 'check'::text, 'card'::text, 'paypal'::text, 'venmo'::text, 'book'::text, 'manual'::text])))
  constraint payments_instruction_is_known CHECK ((instruction = ANY (ARRAY['regular'::text, 'principal_only'::text])))
  constraint payments_key UNIQUE (tenant_id, idempotency_key)
  constraint payments_key_is_short CHECK (((length(idempotency_key) >= 1) AND (length(idempotency_key) <= 255)))
  constraint payments_loan_fkey FOREIGN KEY (tenant_id, loan_id) REFERENCES servicing.loans(tenant_id, id)
  constraint payments_parts_add_up CHECK ((((((principal + interest) + fee) + escrow) + suspense) = total_received))
  constraint payments_parts_are_not_negative CHECK (((principal >= 0) AND (interest >= 0) AND (fee >= 0) AND (escrow >= 0) AND (suspense >= 0)))
  constraint payments_pkey PRIMARY KEY (tenant_id, id)
  constraint payments_policy_fkey FOREIGN KEY (tenant_id, product, policy_version_no) REFERENCES servicing.policies(tenant_id, product, version_no)
  constraint payments_reversed_says_why CHECK (((status = 'reversed'::text) = (reversal_reason IS NOT NULL)))
  constraint payments_total_is_positive CHECK ((total_received > 0))
  INDEX payments_by_transfer ON servicing.payments USING btree (tenant_id, provider_transfer_id) WHERE (provider_transfer_id IS NOT NULL)
  INDEX payments_of_ingestion ON servicing.payments USING btree (tenant_id, ingestion_id) WHERE (ingestion_id IS NOT NULL)
  INDEX payments_of_loan ON servicing.payments USING btree (tenant_id, loan_id, effective_date, idempotency_key)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER payment_begins BEFORE INSERT ON servicing.payments FOR EACH ROW WHEN ((new.status <> 'completed'::text)) EXECUTE FUNCTION core.check_transition('payment', 'servicing.transitions')
  TRIGGER payment_moves BEFORE UPDATE OF status ON servicing.payments FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION core.check_transition('payment', 'servicing.transitions')

table servicing.policies
  owner headgate_owner
  comment What a tenant chose for a product, in versions: a payment keeps the one that counted on the day it was received
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column product text collate C not null
  column version_no integer not null
  column effective_from date not null
  column grace_days integer not null
  column default_after_days integer -- From so many days past the oldest unpaid due date on, a loan is in default; NULL: only a person says so
  column overpayment text not null
  column nsf_fee_minor bigint not null default 0
  column reason text not null
  column set_by text not null default core.actor_id()
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint policies_are_numbered CHECK ((version_no > 0))
  constraint policies_days_are_counted CHECK ((((grace_days >= 0) AND (grace_days <= 60)) AND (default_after_days > grace_days)))
  constraint policies_fee_is_not_negative CHECK ((nsf_fee_minor >= 0))
  constraint policies_overpayment_is_known CHECK ((overpayment = ANY (ARRAY['keep'::text, 'refund'::text])))
  constraint policies_pkey PRIMARY KEY (tenant_id, product, version_no)
  constraint policies_product_is_a_word CHECK ((product ~ '^[a-z][a-z0-9_]{1,39}$'::text))
  constraint policies_say_why CHECK ((btrim(reason) <> ''::text))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER is_setting AFTER INSERT OR DELETE OR UPDATE ON servicing.policies FOR EACH STATEMENT EXECUTE FUNCTION core.count_setting()
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON servicing.policies FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table servicing.policy_rules
  owner headgate_owner
  comment The allocation policy of a version by loan state; a state without a row is conservative: suspense and a case
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column product text collate C not null
  column version_no integer not null
  column state text not null
  column waterfall text collate C not null
  column in_advance text not null
  column allow_fees boolean not null
  column allow_interest boolean not null
  column allow_principal boolean not null
  column allow_escrow boolean not null
  column default_loan boolean not null
  constraint policy_rules_in_advance_is_known CHECK ((in_advance = ANY (ARRAY['hold'::text, 'next'::text, 'last'::text])))
  constraint policy_rules_pkey PRIMARY KEY (tenant_id, product, version_no, state)
  constraint policy_rules_policy_fkey FOREIGN KEY (tenant_id, product, version_no) REFERENCES servicing.policies(tenant_id, product, version_no)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER is_setting AFTER INSERT OR DELETE OR UPDATE ON servicing.policy_rules FOR EACH STATEMENT EXECUTE FUNCTION core.count_setting()
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON servicing.policy_rules FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table servicing.posting_modes
  owner headgate_owner
  comment Whether payments of a channel are posted (live), written down only (shadow) or left (off, where there is no row); the newest row of a channel counts
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column channel text collate C not null
  column mode text not null
  column reason text not null
  column set_by text not null default core.actor_id()
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint posting_modes_channel_is_known CHECK ((channel = ANY (ARRAY['ach'::text, 'wire'::text, 'realtime'::text, 'check'::text, 'card'::text, 'paypal'::text, 'venmo'::text, 'book'::text])))
  constraint posting_modes_mode_is_known CHECK ((mode = ANY (ARRAY['off'::text, 'shadow'::text, 'live'::text])))
  constraint posting_modes_pkey PRIMARY KEY (tenant_id, id)
  constraint posting_modes_say_why CHECK ((btrim(reason) <> ''::text))
  INDEX posting_modes_of_channel ON servicing.posting_modes USING btree (tenant_id, channel, id DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER is_setting AFTER INSERT OR DELETE OR UPDATE ON servicing.posting_modes FOR EACH STATEMENT EXECUTE FUNCTION core.count_setting()
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON servicing.posting_modes FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table servicing.postings
  owner headgate_owner
  comment The transactions of the book that a payment made: its own, the differences of each later fold, and what took each of them back
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column payment_id text collate C not null
  column posting_no integer not null
  column kind text not null
  column transaction_id bigint not null
  column undoes bigint
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint postings_are_undone_once UNIQUE (tenant_id, undoes)
  constraint postings_kind_is_known CHECK ((kind = ANY (ARRAY['applied'::text, 'replayed'::text, 'undone'::text])))
  constraint postings_one_transaction_each UNIQUE (tenant_id, transaction_id)
  constraint postings_payment_fkey FOREIGN KEY (tenant_id, payment_id) REFERENCES servicing.payments(tenant_id, id)
  constraint postings_pkey PRIMARY KEY (tenant_id, payment_id, posting_no)
  constraint postings_undone_names_what CHECK (((kind = 'undone'::text) = (undoes IS NOT NULL)))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON servicing.postings FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table servicing.refusals
  owner headgate_owner
  comment Payments that were refused: the same key gives the same answer for ever
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column idempotency_key text collate C not null
  column loan_ref text not null
  column effective_date date not null
  column currency text collate C not null
  column total_received bigint not null
  column code text not null
  column ingestion_id text collate C
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint refusals_code_is_known CHECK ((code = ANY (ARRAY['schema_invalid'::text, 'loan_not_found'::text, 'legal_hold'::text, 'loan_closed'::text, 'kyc_incomplete'::text, 'stop_pay'::text, 'duplicate'::text, 'currency_mismatch'::text])))
  constraint refusals_pkey PRIMARY KEY (tenant_id, idempotency_key)
  INDEX refusals_of_ingestion ON servicing.refusals USING btree (tenant_id, ingestion_id) WHERE (ingestion_id IS NOT NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON servicing.refusals FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table servicing.return_identifiers
  owner headgate_owner
  comment What a return calls its original, as ingestion.payment_identifiers writes it: a payment that comes later finds it here
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column identifier text collate C not null
  column return_id text collate C not null
  constraint return_identifiers_pkey PRIMARY KEY (tenant_id, identifier, return_id)
  constraint return_identifiers_return_fkey FOREIGN KEY (tenant_id, return_id) REFERENCES servicing.returns(tenant_id, id)
  INDEX return_identifiers_of_return ON servicing.return_identifiers USING btree (tenant_id, return_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON servicing.return_identifiers FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table servicing.return_rules
  owner headgate_owner
  comment What a tenant does with a return code instead of the default; the newest row of a code counts
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column code text collate C not null
  column action text not null
  column severity text not null
  column reason text not null
  column set_by text not null default core.actor_id()
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint return_rules_action_is_known CHECK ((action = ANY (ARRAY['reverse'::text, 'dispute'::text])))
  constraint return_rules_code_is_short CHECK ((code ~ '^[A-Za-z0-9_]{2,20}$'::text))
  constraint return_rules_pkey PRIMARY KEY (tenant_id, id)
  constraint return_rules_say_why CHECK ((btrim(reason) <> ''::text))
  constraint return_rules_severity_is_known CHECK ((severity = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text, 'critical'::text])))
  INDEX return_rules_of_code ON servicing.return_rules USING btree (tenant_id, code, id DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON servicing.return_rules FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table servicing.returns
  owner headgate_owner
  comment What a provider says it took back, or asks back; one that comes before its payment waits here and takes effect with it
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null
  column provider text collate C not null
  column external_id text collate C not null
  column provider_transfer_id text collate C not null
  column kind text not null
  column code text collate C not null
  column action text not null
  column severity text not null
  column returned_on date not null
  column ingestion_id text collate C
  column recorded_at timestamp with time zone not null default clock_timestamp()
  column amount_minor bigint
  column currency text collate C
  column asks text
  column artifact_id text collate C
  column record_id text collate C
  constraint returns_action_is_known CHECK ((action = ANY (ARRAY['reverse'::text, 'dispute'::text, 'ask'::text])))
  constraint returns_amount_is_whole CHECK ((((amount_minor IS NULL) = (currency IS NULL)) AND (amount_minor > 0)))
  constraint returns_asks_with_a_reason CHECK (((asks IS NULL) OR ((asks = ANY (ARRAY['unknown_code'::text, 'disputed'::text])) AND (action = 'ask'::text))))
  constraint returns_kind_is_known CHECK ((kind = ANY (ARRAY['return'::text, 'recall'::text, 'dispute'::text])))
  constraint returns_pkey PRIMARY KEY (tenant_id, id)
  constraint returns_same_evidence_counts_once UNIQUE (tenant_id, provider, external_id)
  constraint returns_severity_is_known CHECK ((severity = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text, 'critical'::text])))
  INDEX returns_by_transfer ON servicing.returns USING btree (tenant_id, provider_transfer_id)
  INDEX returns_of_ingestion ON servicing.returns USING btree (tenant_id, ingestion_id) WHERE (ingestion_id IS NOT NULL)
  INDEX returns_of_record ON servicing.returns USING btree (tenant_id, record_id) WHERE (record_id IS NOT NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON servicing.returns FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table servicing.standings
  owner headgate_owner
  comment What a loan is from a day on whatever its dues say, as a person or a court said; the newest of a day counts, none ends it
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column loan_id text collate C not null
  column standing text not null
  column from_on date not null
  column reason text not null
  column set_by text not null default core.actor_id()
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint standings_are_known CHECK ((standing = ANY (ARRAY['none'::text, 'default'::text, 'charged_off'::text, 'bankruptcy'::text, 'deceased'::text, 'military'::text, 'forbearance'::text, 'transferred'::text])))
  constraint standings_loan_fkey FOREIGN KEY (tenant_id, loan_id) REFERENCES servicing.loans(tenant_id, id)
  constraint standings_pkey PRIMARY KEY (tenant_id, id)
  constraint standings_say_why CHECK ((btrim(reason) <> ''::text))
  INDEX standings_of_loan ON servicing.standings USING btree (tenant_id, loan_id, from_on, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON servicing.standings FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table servicing.state_changes
  owner headgate_owner
  comment Each move of a loan from state to state, with the unpaid due date that made it; only moves that transitions lists
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id bigint not null generated always as identity
  column loan_id text collate C not null
  column entity text not null default 'loan'::text
  column from_state text not null
  column to_state text not null
  column on_day date not null
  column oldest_due_on date
  column actor_id text not null default core.actor_id()
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint state_changes_are_legal FOREIGN KEY (entity, from_state, to_state) REFERENCES servicing.transitions(entity, from_status, to_status)
  constraint state_changes_loan_fkey FOREIGN KEY (tenant_id, loan_id) REFERENCES servicing.loans(tenant_id, id)
  constraint state_changes_of_a_loan CHECK ((entity = 'loan'::text))
  constraint state_changes_pkey PRIMARY KEY (tenant_id, id)
  INDEX state_changes_of_loan ON servicing.state_changes USING btree (tenant_id, loan_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON servicing.state_changes FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table servicing.transitions
  owner headgate_owner
  comment The legal moves of loans and of their payments; '' is nothing yet
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column entity text not null
  column from_status text not null
  column to_status text not null
  constraint transitions_pkey PRIMARY KEY (entity, from_status, to_status)

table servicing.undoings
  owner headgate_owner
  comment Payments that were taken back: at most one row a payment, so that nothing is reversed twice
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column payment_id text collate C not null
  column return_id text collate C
  column code text collate C
  column reason text not null
  column undone_on date not null
  column fee_instalment_no integer
  column actor_id text not null default core.actor_id()
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint undoings_payment_fkey FOREIGN KEY (tenant_id, payment_id) REFERENCES servicing.payments(tenant_id, id)
  constraint undoings_pkey PRIMARY KEY (tenant_id, payment_id)
  constraint undoings_return_fkey FOREIGN KEY (tenant_id, return_id) REFERENCES servicing.returns(tenant_id, id)
  constraint undoings_say_why CHECK ((btrim(reason) <> ''::text))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON servicing.undoings FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

view servicing.invariant_book_agrees
  owner headgate_owner
  comment The book shows each payment where its lines lie, and each loan's principal as it was boarded, to the cent.
  with security_invoker=true
  query 856407056e09d239
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view servicing.invariant_dues_are_paid_by_lines
  owner headgate_owner
  comment What a due says was paid of it is the fold of the lines that stand.
  with security_invoker=true
  query d4ed5086bee7e27b
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view servicing.invariant_loans_agree
  owner headgate_owner
  comment What a loan says of itself agrees with its dues, its lines and its last move.
  with security_invoker=true
  query f5a0f9ab93d50372
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view servicing.invariant_payments_add_up
  owner headgate_owner
  comment The lines of a payment that stands come to its parts, and so to the payment; of one that was undone no line stands.
  with security_invoker=true
  query 514dd06292a5c140
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view servicing.invariant_reversals_are_whole
  owner headgate_owner
  comment A line is taken back by its equal, and a payment is reversed exactly when something undid it.
  with security_invoker=true
  query 3fb441a25d11cf44
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view servicing.lineage
  owner headgate_owner
  comment What each payment that came in became here, and the transactions of the book that it made
  with security_invoker=true
  query 917ba7c7133a628b
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column what text
  column subject_id text collate C
  column record_id text collate C
  column artifact_id text collate C
  column ingestion_id text collate C
  column transaction_id bigint
  column at timestamp with time zone

view servicing.live_allocations
  owner headgate_owner
  comment The lines that stand: where each cent of each payment lies now
  with security_invoker=true
  query 37be51ea2e433437
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column id bigint
  column payment_id text collate C
  column loan_id text collate C
  column bucket text
  column instalment_no integer
  column amount_minor bigint
  column applied_on date
  column policy_version_no integer
  column is_recovery boolean
  column transaction_id bigint

view servicing.return_originals
  owner headgate_owner
  comment The payments that a return may be about, each as often as it is named
  with security_invoker=true
  query b862f1fd5281841d
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid
  column return_id text collate C
  column payment_id text collate C
  column by_transfer boolean
  column kind text
  column action text
  column asks text
  column code text collate C
  column severity text
  column returned_on date
  column amount_minor bigint
  column currency text collate C
  column loan_id text collate C
  column status text
  column is_reversed boolean
  column total_minor bigint
  column amount_agrees boolean
  column days_apart integer

schema tenants
  owner headgate_owner
  comment Tenants, legal entities, persons, roles and API keys
  grant CREATE, USAGE to headgate_poster
  grant CREATE, USAGE to headgate_resolver
  grant USAGE to headgate_app
  grant USAGE to headgate_operator
  grant USAGE to headgate_readonly

function tenants.at(instant timestamp with time zone)
  owner headgate_resolver
  comment What the tenant's clock shows at a real time: that time itself, unless a test tenant's clock was moved
  returns timestamp with time zone, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 1814d0a446af7eef
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_operator
  grant EXECUTE to headgate_poster
  grant EXECUTE to headgate_readonly

function tenants.authenticate(key_hash bytea)
  owner headgate_resolver
  comment Whose key this is, by the sha256 of the key; no row for an unknown, revoked or expired one
  returns TABLE(tenant_id uuid, key_id text, role text, person_id text, livemode boolean), plpgsql, stable, security definer
  set search_path=pg_catalog, pg_temp
  body 4752898470f5a372
  grant EXECUTE to headgate_app

function tenants.check_time_zone()
  owner headgate_owner
  comment Row trigger: a time zone is a name that PostgreSQL knows
  returns trigger, plpgsql, volatile
  set TimeZone=UTC
  body c79dd1c47d766fab

function tenants.directory()
  owner headgate_resolver
  comment Every tenant with its names, oldest first: for the installation's own commands
  returns TABLE(id uuid, slug text, name text, livemode boolean), sql, stable, security definer
  set search_path=pg_catalog, pg_temp
  body 01f3f4f49bf908f5
  grant EXECUTE to headgate_app

function tenants.now()
  owner headgate_resolver
  comment The tenant's now: real time, which only a test tenant may have moved. Cutoffs, holds, expiry and schedules use it
  returns timestamp with time zone, sql, volatile
  body 2bdafbb64160f951
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_operator
  grant EXECUTE to headgate_poster
  grant EXECUTE to headgate_readonly

function tenants.refuse_another_identity()
  owner headgate_owner
  comment Row trigger: a tenant's id, slug and livemode never change
  returns trigger, plpgsql, volatile
  body 3a6e63199fd852b2

function tenants.refuse_unrevoking()
  owner headgate_owner
  comment Row trigger: a revoked key stays revoked
  returns trigger, plpgsql, volatile
  body 9b28f89b6a0a6289

function tenants.tenant_ids()
  owner headgate_resolver
  comment Every tenant, oldest first: for jobs and commands that go through all of them
  returns SETOF uuid, sql, stable, security definer
  set search_path=pg_catalog, pg_temp
  body c78c9824710ce092
  grant EXECUTE to headgate_app
  grant EXECUTE to headgate_readonly

table tenants.api_keys
  owner headgate_owner
  comment Keys of the API, as hashes of 256 random bits: the key itself is shown once and kept nowhere
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT (created_at) to headgate_readonly
  grant SELECT (expires_at) to headgate_readonly
  grant SELECT (id) to headgate_readonly
  grant SELECT (last_four) to headgate_readonly
  grant SELECT (name) to headgate_readonly
  grant SELECT (revoked_at) to headgate_readonly
  grant SELECT (role) to headgate_readonly
  grant SELECT (tenant_id) to headgate_readonly
  grant SELECT (user_id) to headgate_readonly
  grant SELECT to headgate_resolver
  grant UPDATE (revoked_at) to headgate_app
  column tenant_id uuid not null
  column id text collate C not null default core.new_id('key'::text)
  column key_hash bytea not null
  column last_four text collate C not null
  column name text not null
  column role text collate C not null
  column user_id text collate C
  column created_at timestamp with time zone not null default clock_timestamp()
  column expires_at timestamp with time zone not null default 'infinity'::timestamp with time zone -- Real time, also for a test tenant: moving its clock must not lock its owner out
  column revoked_at timestamp with time zone
  constraint api_keys_hash_is_sha256 CHECK ((length(key_hash) = 32))
  constraint api_keys_hash_unique UNIQUE (tenant_id, key_hash)
  constraint api_keys_id_shape CHECK ((id ~ '^key_[0-9a-hjkmnp-tv-z]{26}$'::text))
  constraint api_keys_last_four_length CHECK ((length(last_four) = 4))
  constraint api_keys_name_length CHECK (((length(name) >= 1) AND (length(name) <= 100)))
  constraint api_keys_pkey PRIMARY KEY (tenant_id, id)
  constraint api_keys_role_known CHECK ((role = ANY (ARRAY['admin'::text, 'operator'::text, 'finance'::text, 'compliance'::text, 'readonly'::text])))
  constraint api_keys_tenant FOREIGN KEY (tenant_id) REFERENCES tenants.tenants(id)
  constraint api_keys_user FOREIGN KEY (tenant_id, user_id) REFERENCES tenants.users(tenant_id, id)
  INDEX api_keys_by_hash ON tenants.api_keys USING btree (key_hash)
  policy resolver_reads permissive for select to {headgate_resolver} using true
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER revoked_is_for_ever BEFORE UPDATE ON tenants.api_keys FOR EACH ROW EXECUTE FUNCTION tenants.refuse_unrevoking()

table tenants.legal_entities
  owner headgate_owner
  comment The companies whose money is kept apart; days are counted in their time zone
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT (id) to headgate_operator
  grant SELECT (tenant_id) to headgate_operator
  grant SELECT (time_zone) to headgate_operator
  grant SELECT to headgate_poster
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null default core.new_id('le'::text)
  column name text not null
  column time_zone text not null
  column currency text collate C not null
  column created_at timestamp with time zone not null default clock_timestamp()
  constraint legal_entities_currency_shape CHECK ((currency ~ '^[A-Z]{3}$'::text))
  constraint legal_entities_id_shape CHECK ((id ~ '^le_[0-9a-hjkmnp-tv-z]{26}$'::text))
  constraint legal_entities_name_length CHECK (((length(name) >= 1) AND (length(name) <= 200)))
  constraint legal_entities_pkey PRIMARY KEY (tenant_id, id)
  constraint legal_entities_tenant FOREIGN KEY (tenant_id) REFERENCES tenants.tenants(id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER time_zone_is_known BEFORE INSERT OR UPDATE OF time_zone ON tenants.legal_entities FOR EACH ROW EXECUTE FUNCTION tenants.check_time_zone()

table tenants.tenants
  owner headgate_owner
  comment Who is served. Live or test for ever; only a test tenant's clock can be moved
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  grant SELECT to headgate_resolver
  grant UPDATE (clock_offset_microseconds) to headgate_app
  grant UPDATE (name) to headgate_app
  column id uuid not null
  column slug text collate C not null
  column name text not null
  column livemode boolean not null
  column clock_offset_microseconds bigint not null default 0 -- What tenants.now() adds to real time
  column created_at timestamp with time zone not null default clock_timestamp()
  constraint tenants_clock_within_a_century CHECK ((abs(clock_offset_microseconds) <= '3155760000000000'::bigint))
  constraint tenants_live_clock_is_real CHECK (((NOT livemode) OR (clock_offset_microseconds = 0)))
  constraint tenants_name_length CHECK (((length(name) >= 1) AND (length(name) <= 200)))
  constraint tenants_pkey PRIMARY KEY (id)
  constraint tenants_slug_shape CHECK ((slug ~ '^[a-z][a-z0-9-]{1,39}$'::text))
  constraint tenants_slug_unique UNIQUE (slug)
  policy resolver_reads permissive for select to {headgate_resolver} using true
  policy tenant_deletes permissive for delete to {PUBLIC} using (id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (id = ( SELECT core.require_tenant() AS require_tenant)) check (id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER identity_is_for_ever BEFORE UPDATE ON tenants.tenants FOR EACH ROW EXECUTE FUNCTION tenants.refuse_another_identity()

table tenants.users
  owner headgate_owner
  comment The persons behind keys and sessions: four eyes compare them, not their logins
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column id text collate C not null default core.new_id('usr'::text)
  column email text not null
  column display_name text not null
  column created_at timestamp with time zone not null default clock_timestamp()
  constraint users_display_name_length CHECK (((length(display_name) >= 1) AND (length(display_name) <= 100)))
  constraint users_email_shape CHECK (((email ~ '^[^@\s]{1,64}@[^@\s]{1,190}$'::text) AND (email = lower(email))))
  constraint users_email_unique UNIQUE (tenant_id, email)
  constraint users_id_shape CHECK ((id ~ '^usr_[0-9a-hjkmnp-tv-z]{26}$'::text))
  constraint users_pkey PRIMARY KEY (tenant_id, id)
  constraint users_tenant FOREIGN KEY (tenant_id) REFERENCES tenants.tenants(id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))

schema web
  owner headgate_owner
  comment What the HTTP door remembers
  grant CREATE, USAGE to headgate_poster
  grant CREATE, USAGE to headgate_resolver
  grant USAGE to headgate_app
  grant USAGE to headgate_readonly

function web.claim_keys(p_keys text[])
  owner headgate_owner
  comment Takes each key for this transaction where no other has it (is_free), and says what was answered to it before (status NULL: nothing)
  returns TABLE(key text, is_free boolean, method text, path text, body_hash bytea, status smallint, answer text), plpgsql, volatile
  set enable_seqscan=off
  set search_path=pg_catalog, pg_temp
  body dc2f43b23e7845ed
  grant EXECUTE to headgate_app

table web.idempotency_keys
  owner headgate_owner
  comment Each Idempotency-Key with the request it came with and the answer it got, refusals included; keys never expire
  row security enabled, forced
  grant INSERT, SELECT to headgate_app
  grant SELECT to headgate_readonly
  column tenant_id uuid not null
  column key text collate C not null
  column method text collate C not null
  column path text collate C not null
  column body_hash bytea not null -- sha256 of the canonical body by formula hash_version (web/idempotency.py)
  column hash_version smallint not null
  column status smallint not null
  column answer text not null
  column actor_id text not null
  column correlation_id text not null
  column created_at timestamp with time zone not null default clock_timestamp()
  constraint idempotency_keys_hash_is_sha256 CHECK ((length(body_hash) = 32))
  constraint idempotency_keys_hash_version_known CHECK ((hash_version = 1))
  constraint idempotency_keys_key_shape CHECK ((((length(key) >= 1) AND (length(key) <= 255)) AND (key !~ '[^!-~]'::text)))
  constraint idempotency_keys_method_shape CHECK ((((length(method) >= 1) AND (length(method) <= 10)) AND (method !~ '[^A-Z]'::text)))
  constraint idempotency_keys_pkey PRIMARY KEY (tenant_id, key)
  constraint idempotency_keys_status_final CHECK (((status >= 200) AND (status <= 499)))
  constraint idempotency_keys_tenant FOREIGN KEY (tenant_id) REFERENCES tenants.tenants(id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON web.idempotency_keys FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
