-- The database as the migrations make it, listed from its catalogue by headgate.core.schema_listing.
-- To be read, not run. A test holds it equal to what the migrations make.

default privileges of headgate_owner
  functions: EXECUTE to headgate_owner

default privileges of headgate_poster
  functions: EXECUTE to headgate_poster

default privileges of headgate_resolver
  functions: EXECUTE to headgate_resolver

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
  returns bigint[], plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 0e13ca25db84d4db
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

function core.currency_exponent(p_currency text)
  owner headgate_owner
  comment How many decimals a currency of ISO 4217 has; NULL for what is none
  returns integer, sql, immutable, parallel safe
  body f2eb3f0b1e4c4675
  grant EXECUTE to PUBLIC

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
  INDEX deposits_of_legal_entity ON funding.deposits USING btree (tenant_id, legal_entity_id, id)
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
  comment Every deposit stands in the book with its amount, in its client's funds or, of an unknown payer, in suspense.
  with security_invoker=true
  query e4be401b862a0428
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

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
  query c6d1d3e286ad7447
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
  column sha256 bytea not null
  column size_bytes bigint not null
  column status text not null default 'received'::text
  column received_at timestamp with time zone not null default clock_timestamp()
  column received_by text not null default core.actor_id()
  column correlation_id text default core.correlation_id()
  constraint artifacts_filename_is_short CHECK (((length(filename) >= 1) AND (length(filename) <= 200)))
  constraint artifacts_kind_is_known CHECK ((kind = ANY (ARRAY['unknown'::text, 'statement'::text, 'returns'::text, 'register'::text, 'rates'::text])))
  constraint artifacts_pkey PRIMARY KEY (tenant_id, id)
  constraint artifacts_same_bytes_once UNIQUE (tenant_id, source, sha256)
  constraint artifacts_sha256_has_32_bytes CHECK ((octet_length(sha256) = 32))
  constraint artifacts_size_is_counted CHECK ((size_bytes >= 0))
  constraint artifacts_source_is_a_word CHECK ((source ~ '^[a-z][a-z0-9_.-]{0,59}$'::text))
  constraint artifacts_status_is_known CHECK ((status = ANY (ARRAY['received'::text, 'read'::text, 'unreadable'::text])))
  INDEX artifacts_by_time ON ingestion.artifacts USING btree (tenant_id, received_at DESC)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER artifact_moves BEFORE INSERT OR UPDATE OF status ON ingestion.artifacts FOR EACH ROW EXECUTE FUNCTION core.check_transition('artifact', 'ingestion.transitions')

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
  INDEX records_of_statement ON ingestion.records USING btree (tenant_id, statement_id) WHERE (statement_id IS NOT NULL)
  UNIQUE INDEX records_identity_by_external_id ON ingestion.records USING btree (tenant_id, source, kind, external_id) WHERE (external_id IS NOT NULL)
  UNIQUE INDEX records_identity_by_place ON ingestion.records USING btree (tenant_id, artifact_id, line, occurrence) WHERE (external_id IS NULL)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.records FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

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
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ingestion.statements FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

table ingestion.transitions
  owner headgate_owner
  comment The legal status moves of artifacts; '' is nothing yet
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column entity text not null
  column from_status text not null
  column to_status text not null
  constraint transitions_pkey PRIMARY KEY (entity, from_status, to_status)

view ingestion.invariant_artifact_bodies
  owner headgate_owner
  comment Every artifact has its bytes, all of them
  with security_invoker=true
  query 3a6d492fc9326c38
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

view ingestion.invariant_reading_counts
  owner headgate_owner
  comment Every reading has the records and faults that it says
  with security_invoker=true
  query 01e078c1b26b039d
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

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
  body d6d223fcf5f71809

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

function ledger.post_one(p_key text, p_debit bigint, p_credit bigint, p_amount bigint, p_currency text, p_effective_at timestamp with time zone, p_source_type text, p_source_id text, p_description text, p_metadata jsonb, OUT code smallint, OUT id bigint, OUT replayed boolean, OUT facts jsonb)
  owner headgate_poster
  comment Posts one transaction of one entry: the short way of post_many, with the same answers
  returns record, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body 78f87ffafe2a60ae
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
  body d78fe28f13c9a451
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
  query 398e422ffb7cf0b3
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text
  column detail text collate C

view ledger.invariant_entry_currency
  owner headgate_owner
  comment Every entry has the currency of both its accounts, and both exist
  with security_invoker=true
  query 2eaf4d2736012e73
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
  query 28d98159f496a212
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
  query 309b63a7f47d0283
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
  query 848ca615a34a6007
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
  query 114412123d17814c
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
  grant INSERT (id) to headgate_app
  grant INSERT (id) to headgate_dispatcher
  grant INSERT (id) to headgate_poster
  grant INSERT (payload) to headgate_app
  grant INSERT (payload) to headgate_dispatcher
  grant INSERT (payload) to headgate_poster
  grant INSERT (tenant_id) to headgate_app
  grant INSERT (tenant_id) to headgate_dispatcher
  grant INSERT (tenant_id) to headgate_poster
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
  grant UPDATE (published_at) to headgate_poster
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
  grant SELECT to headgate_app
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
  INDEX queue_messages_due ON messaging.queue_messages USING btree (consumer, available_at, message_id)
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
  comment Which consumers want which topics (PostgreSQL transport), as a broker would keep its bindings
  grant DELETE, INSERT, SELECT, UPDATE to headgate_dispatcher
  grant SELECT to headgate_app
  grant SELECT to headgate_operator
  grant SELECT to headgate_readonly
  column consumer text collate C not null
  column topics text[] not null
  column pattern text not null -- The topics as one regular expression over event_type
  column since timestamp with time zone not null default clock_timestamp()
  constraint subscriptions_have_topics CHECK ((cardinality(topics) > 0))
  constraint subscriptions_pkey PRIMARY KEY (consumer)

view messaging.invariant_dead_are_lettered
  owner headgate_owner
  comment What the relay gave up lies with the dead letters, with its reason.
  with security_invoker=true
  query c65c0a5920ad877e
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view messaging.invariant_pointers_resolve
  owner headgate_owner
  comment A message that points at an audit event finds it, written at the same instant.
  with security_invoker=true
  query 92279def9b358172
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view messaging.invariant_published_arrives
  owner headgate_owner
  comment Every published message waits for each consumer of its topic, was handled by it, or lies with the dead letters.
  with security_invoker=true
  query 5198d634fa213cc3
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text collate C

view messaging.invariant_published_once
  owner headgate_owner
  comment Under one dedupe key there is one message, and the key is written down.
  with security_invoker=true
  query 5b669b275eda6b3e
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

function payments.refuse_fact_change()
  owner headgate_owner
  comment Row trigger: what was fixed before money moved stays as it was
  returns trigger, plpgsql, volatile
  body b74eb50885da3015

function payments.require_consumed_reservation()
  owner headgate_owner
  comment Statement trigger: each new attempt has its own reservation of the client's settled and not provisional money, captured whole for exactly its amount
  returns trigger, plpgsql, volatile
  set enable_hashjoin=off
  set enable_mergejoin=off
  set enable_seqscan=off
  body 39abf8eba6349a15

function payments.require_proof_of_absence()
  owner headgate_owner
  comment Row trigger: a file is tried again only where its last try is proved absent, and never once the bank has it
  returns trigger, plpgsql, volatile
  body 28acbf12cd5626eb

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
  constraint ach_files_carry_money CHECK (((entry_count > 0) AND (credit_minor > 0) AND (debit_minor >= 0)))
  constraint ach_files_delivered_is_dated CHECK (((status <> 'delivered'::text) OR (delivered_at IS NOT NULL)))
  constraint ach_files_hash_is_sha256 CHECK ((octet_length(sha256) = 32))
  constraint ach_files_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities(tenant_id, id)
  constraint ach_files_modifier_is_a_letter_or_digit CHECK ((file_id_modifier ~ '^[A-Z0-9]$'::text))
  constraint ach_files_one_name_each UNIQUE (tenant_id, name)
  constraint ach_files_one_reference_each UNIQUE (tenant_id, reference)
  constraint ach_files_pkey PRIMARY KEY (tenant_id, id)
  constraint ach_files_reference_fits_its_field CHECK ((reference ~ '^[A-Z0-9]{8}$'::text))
  constraint ach_files_settled_is_dated CHECK (((status = 'settled'::text) = (settled_on IS NOT NULL)))
  INDEX ach_files_by_status ON payments.ach_files USING btree (tenant_id, status, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER ach_file_moves BEFORE INSERT OR UPDATE OF status ON payments.ach_files FOR EACH ROW EXECUTE FUNCTION core.check_transition('ach_file', 'payments.transitions')
  always TRIGGER ach_files_are_kept BEFORE DELETE OR TRUNCATE ON payments.ach_files FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER ach_files_stay BEFORE UPDATE ON payments.ach_files FOR EACH ROW WHEN ((((((((((((((((((((old.tenant_id IS DISTINCT FROM new.tenant_id) OR (old.id IS DISTINCT FROM new.id)) OR (old.legal_entity_id IS DISTINCT FROM new.legal_entity_id)) OR (old.name IS DISTINCT FROM new.name)) OR (old.bank IS DISTINCT FROM new.bank)) OR (old.reference IS DISTINCT FROM new.reference)) OR (old.file_id_modifier IS DISTINCT FROM new.file_id_modifier)) OR (old.file_created_on IS DISTINCT FROM new.file_created_on)) OR (old.effective_on IS DISTINCT FROM new.effective_on)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.content_sealed IS DISTINCT FROM new.content_sealed)) OR (old.sha256 IS DISTINCT FROM new.sha256)) OR (old.byte_count IS DISTINCT FROM new.byte_count)) OR (old.entry_count IS DISTINCT FROM new.entry_count)) OR (old.credit_minor IS DISTINCT FROM new.credit_minor)) OR (old.debit_minor IS DISTINCT FROM new.debit_minor)) OR (old.entry_hash IS DISTINCT FROM new.entry_hash)) OR (old.created_at IS DISTINCT FROM new.created_at)) OR (old.recorded_at IS DISTINCT FROM new.recorded_at))) EXECUTE FUNCTION payments.refuse_fact_change()

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
  column ach_file_id text collate C not null
  column trace_number text collate C not null
  column rdfi_identification text collate C not null
  column status text not null default 'sent'::text
  column created_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint attempts_amount_is_positive CHECK ((amount_minor > 0))
  constraint attempts_are_numbered UNIQUE (tenant_id, instruction_id, attempt_no)
  constraint attempts_file_fkey FOREIGN KEY (tenant_id, ach_file_id) REFERENCES payments.ach_files(tenant_id, id)
  constraint attempts_instruction_fkey FOREIGN KEY (tenant_id, instruction_id) REFERENCES payments.instructions(tenant_id, id)
  constraint attempts_one_entry_each UNIQUE (tenant_id, ach_file_id, trace_number)
  constraint attempts_pkey PRIMARY KEY (tenant_id, id)
  constraint attempts_rail_is_known CHECK ((rail = 'ach'::text))
  constraint attempts_rdfi_has_eight_digits CHECK ((rdfi_identification ~ '^[0-9]{8}$'::text))
  constraint attempts_reservation_fkey FOREIGN KEY (tenant_id, reservation_id) REFERENCES ledger.reservations(tenant_id, id)
  constraint attempts_trace_has_fifteen_digits CHECK ((trace_number ~ '^[0-9]{15}$'::text))
  constraint attempts_use_a_reservation_once UNIQUE (tenant_id, reservation_id)
  INDEX attempts_by_trace ON payments.attempts USING btree (tenant_id, trace_number)
  UNIQUE INDEX attempts_one_alive_per_instruction ON payments.attempts USING btree (tenant_id, instruction_id) WHERE (status <> 'returned'::text)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER attempt_moves BEFORE INSERT OR UPDATE OF status ON payments.attempts FOR EACH ROW EXECUTE FUNCTION core.check_transition('attempt', 'payments.transitions')
  always TRIGGER attempts_are_funded AFTER INSERT ON payments.attempts REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments.require_consumed_reservation()
  always TRIGGER attempts_are_kept BEFORE DELETE OR TRUNCATE ON payments.attempts FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER attempts_stay BEFORE UPDATE ON payments.attempts FOR EACH ROW WHEN (((((((((((((((old.tenant_id IS DISTINCT FROM new.tenant_id) OR (old.id IS DISTINCT FROM new.id)) OR (old.instruction_id IS DISTINCT FROM new.instruction_id)) OR (old.attempt_no IS DISTINCT FROM new.attempt_no)) OR (old.reservation_id IS DISTINCT FROM new.reservation_id)) OR (old.transaction_id IS DISTINCT FROM new.transaction_id)) OR (old.amount_minor IS DISTINCT FROM new.amount_minor)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.rail IS DISTINCT FROM new.rail)) OR (old.ach_file_id IS DISTINCT FROM new.ach_file_id)) OR (old.trace_number IS DISTINCT FROM new.trace_number)) OR (old.rdfi_identification IS DISTINCT FROM new.rdfi_identification)) OR (old.created_at IS DISTINCT FROM new.created_at)) OR (old.recorded_at IS DISTINCT FROM new.recorded_at))) EXECUTE FUNCTION payments.refuse_fact_change()

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
  constraint delivery_tries_count_from_one CHECK ((try_no > 0))
  constraint delivery_tries_file_fkey FOREIGN KEY (tenant_id, ach_file_id) REFERENCES payments.ach_files(tenant_id, id)
  constraint delivery_tries_pkey PRIMARY KEY (tenant_id, ach_file_id, try_no)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER a_try_needs_proof BEFORE INSERT ON payments.delivery_tries FOR EACH ROW EXECUTE FUNCTION payments.require_proof_of_absence()
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.delivery_tries FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

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
  constraint instructions_amount_is_positive CHECK ((amount_minor > 0))
  constraint instructions_bank_account_fkey FOREIGN KEY (tenant_id, bank_account_id) REFERENCES parties.bank_accounts(tenant_id, id)
  constraint instructions_evaluation_fkey FOREIGN KEY (tenant_id, evaluation_id) REFERENCES funding.gate_evaluations(tenant_id, id)
  constraint instructions_funded_unless_blocked CHECK (((status = ANY (ARRAY['blocked_funds'::text, 'awaiting_funding'::text])) = (reservation_id IS NULL)))
  constraint instructions_key UNIQUE (tenant_id, idempotency_key)
  constraint instructions_kind_is_known CHECK ((kind = ANY (ARRAY['net_pay'::text, 'tax'::text, 'third_party'::text, 'fee'::text])))
  constraint instructions_net_pay_has_its_account CHECK (((kind <> 'net_pay'::text) OR ((payee_id IS NOT NULL) AND (bank_account_id IS NOT NULL))))
  constraint instructions_obligation_is_named CHECK (((kind = 'net_pay'::text) = (obligation IS NULL)))
  constraint instructions_payee_fkey FOREIGN KEY (tenant_id, payee_id) REFERENCES parties.parties(tenant_id, id)
  constraint instructions_payroll_fkey FOREIGN KEY (tenant_id, payroll_id) REFERENCES payments.payrolls(tenant_id, id)
  constraint instructions_pkey PRIMARY KEY (tenant_id, id)
  constraint instructions_returned_says_why CHECK (((status = 'returned'::text) = (return_code IS NOT NULL)))
  INDEX instructions_by_amount ON payments.instructions USING btree (tenant_id, amount_minor, id)
  INDEX instructions_by_currency ON payments.instructions USING btree (tenant_id, currency, status) INCLUDE (amount_minor)
  INDEX instructions_by_status ON payments.instructions USING btree (tenant_id, status, id)
  INDEX instructions_of_payroll ON payments.instructions USING btree (tenant_id, payroll_id, status, id)
  INDEX instructions_to_account ON payments.instructions USING btree (tenant_id, bank_account_id) WHERE (status = ANY (ARRAY['pending'::text, 'awaiting_funding'::text, 'blocked_funds'::text]))
  INDEX instructions_unfunded ON payments.instructions USING btree (tenant_id, legal_entity_id, due_on, payroll_id) WHERE (status = ANY (ARRAY['awaiting_funding'::text, 'blocked_funds'::text]))
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  TRIGGER instruction_moves BEFORE INSERT OR UPDATE OF status ON payments.instructions FOR EACH ROW EXECUTE FUNCTION core.check_transition('instruction', 'payments.transitions')
  always TRIGGER instructions_are_kept BEFORE DELETE OR TRUNCATE ON payments.instructions FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()
  always TRIGGER instructions_stay BEFORE UPDATE ON payments.instructions FOR EACH ROW WHEN (((((((((((((old.tenant_id IS DISTINCT FROM new.tenant_id) OR (old.id IS DISTINCT FROM new.id)) OR (old.idempotency_key IS DISTINCT FROM new.idempotency_key)) OR (old.payroll_id IS DISTINCT FROM new.payroll_id)) OR (old.legal_entity_id IS DISTINCT FROM new.legal_entity_id)) OR (old.kind IS DISTINCT FROM new.kind)) OR (old.obligation IS DISTINCT FROM new.obligation)) OR (old.amount_minor IS DISTINCT FROM new.amount_minor)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.due_on IS DISTINCT FROM new.due_on)) OR (old.created_at IS DISTINCT FROM new.created_at)) OR (old.recorded_at IS DISTINCT FROM new.recorded_at))) EXECUTE FUNCTION payments.refuse_fact_change()

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
  constraint notices_applied_names_accounts CHECK (((decision <> 'applied'::text) OR (num_nulls(old_bank_account_id, new_bank_account_id) = 0)))
  constraint notices_attempt_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.attempts(tenant_id, id)
  constraint notices_count_once UNIQUE (tenant_id, provider, external_id)
  constraint notices_decision_is_known CHECK ((decision = ANY (ARRAY['applied'::text, 'superseded'::text, 'case'::text, 'orphan'::text])))
  constraint notices_moved_is_not_negative CHECK ((moved_count >= 0))
  constraint notices_new_account_fkey FOREIGN KEY (tenant_id, new_bank_account_id) REFERENCES parties.bank_accounts(tenant_id, id)
  constraint notices_old_account_fkey FOREIGN KEY (tenant_id, old_bank_account_id) REFERENCES parties.bank_accounts(tenant_id, id)
  constraint notices_orphan_has_no_attempt CHECK (((decision = 'orphan'::text) = (attempt_id IS NULL)))
  constraint notices_pkey PRIMARY KEY (tenant_id, id)
  INDEX notices_of_attempt ON payments.notices USING btree (tenant_id, attempt_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.notices FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

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
  column artifact_id text collate C not null
  column record_id text collate C
  column occurred_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint return_credits_amount_is_positive CHECK ((amount_minor > 0))
  constraint return_credits_pkey PRIMARY KEY (tenant_id, id)
  constraint return_credits_same_evidence_counts_once UNIQUE (tenant_id, provider, external_id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.return_credits FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

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
  column artifact_id text collate C not null
  column record_id text collate C
  column occurred_at timestamp with time zone not null
  column recorded_at timestamp with time zone not null default clock_timestamp()
  constraint settlement_events_amount_is_positive CHECK ((amount_minor > 0))
  constraint settlement_events_attempt_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.attempts(tenant_id, id)
  constraint settlement_events_direction_is_known CHECK ((direction = ANY (ARRAY['outbound'::text, 'inbound'::text])))
  constraint settlement_events_each_fact_once UNIQUE (tenant_id, attempt_id, status)
  constraint settlement_events_instruction_fkey FOREIGN KEY (tenant_id, instruction_id) REFERENCES payments.instructions(tenant_id, id)
  constraint settlement_events_pkey PRIMARY KEY (tenant_id, id)
  constraint settlement_events_return_has_a_code CHECK (((status = 'returned'::text) = (return_code IS NOT NULL)))
  constraint settlement_events_same_evidence_counts_once UNIQUE (tenant_id, provider, external_id)
  constraint settlement_events_status_is_known CHECK ((status = ANY (ARRAY['settled'::text, 'returned'::text])))
  INDEX settlement_events_of_instruction ON payments.settlement_events USING btree (tenant_id, instruction_id, id)
  policy tenant_deletes permissive for delete to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_inserts permissive for insert to {PUBLIC} check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  policy tenant_reads permissive for select to {PUBLIC} using (tenant_id = ( SELECT (NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid AS "nullif"))
  policy tenant_updates permissive for update to {PUBLIC} using (tenant_id = ( SELECT core.require_tenant() AS require_tenant)) check (tenant_id = ( SELECT core.require_tenant() AS require_tenant))
  always TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payments.settlement_events FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()

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
  query 98d82d54f41eedf6
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

view payments.invariant_file_totals
  owner headgate_owner
  comment A file's attempts are as many, and add up to as much, as its control totals say.
  with security_invoker=true
  query 7afd8df2c20e1ef6
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

view payments.invariant_statuses_agree
  owner headgate_owner
  comment What an instruction and its attempt say agrees with what the bank's events say.
  with security_invoker=true
  query ea1b06d512a60fb9
  grant SELECT to headgate_app
  grant SELECT to headgate_readonly
  column subject text collate C
  column detail text

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
  query 3c699daa08ab38dd
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

schema tenants
  owner headgate_owner
  comment Tenants, legal entities, persons, roles and API keys
  grant CREATE, USAGE to headgate_poster
  grant CREATE, USAGE to headgate_resolver
  grant USAGE to headgate_app
  grant USAGE to headgate_operator
  grant USAGE to headgate_readonly

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
  body 8e9bee6495522093

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
  returns timestamp with time zone, plpgsql, volatile, security definer
  set search_path=pg_catalog, pg_temp
  body fbb6f9dd0f33b0bb
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
