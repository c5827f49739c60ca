-- The doors to ledger.post_batch for postings.

CREATE OR REPLACE FUNCTION ledger.post_many(
  p_keys text[], p_counts integer[], p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_currencies text[],
  p_effective_at timestamptz[], p_source_types text[], p_source_ids text[], p_descriptions text[], p_metadata jsonb[], p_atomic boolean,
  OUT codes smallint[], OUT ids bigint[], OUT replayed boolean[], OUT facts jsonb[]
) LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT b.codes, b.ids, b.replayed, b.facts
    FROM ledger.post_batch(p_keys, p_counts, p_debits, p_credits, p_amounts, p_currencies, p_effective_at, p_source_types, p_source_ids,
                           p_descriptions, p_metadata, NULL, NULL, p_atomic) b
$$;
COMMENT ON FUNCTION ledger.post_many(text[], integer[], bigint[], bigint[], bigint[], text[], timestamptz[], text[], text[], text[], jsonb[], boolean) IS
  'Posts up to 10,000 transactions, each atomic by itself or all together. p_counts: entries a posting (NULL: one each). Answers in order: result codes, numbers, replayed, figures of refusals';
ALTER FUNCTION ledger.post_many(text[], integer[], bigint[], bigint[], bigint[], text[], timestamptz[], text[], text[], text[], jsonb[], boolean) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.post_many(text[], integer[], bigint[], bigint[], bigint[], text[], timestamptz[], text[], text[], text[], jsonb[], boolean) TO headgate_app;

-- The same for a set of several stories: each row under its own correlation id.
CREATE OR REPLACE FUNCTION ledger.post_many_told(
  p_keys text[], p_counts integer[], p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_currencies text[],
  p_effective_at timestamptz[], p_source_types text[], p_source_ids text[], p_descriptions text[], p_metadata jsonb[], p_atomic boolean,
  p_correlations text[],
  OUT codes smallint[], OUT ids bigint[], OUT replayed boolean[], OUT facts jsonb[]
) LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT b.codes, b.ids, b.replayed, b.facts
    FROM ledger.post_batch(p_keys, p_counts, p_debits, p_credits, p_amounts, p_currencies, p_effective_at, p_source_types, p_source_ids,
                           p_descriptions, p_metadata, NULL, NULL, p_atomic, p_correlations => p_correlations) b
$$;
COMMENT ON FUNCTION ledger.post_many_told IS 'post_many for a set of several stories: each row under its own correlation id';
ALTER FUNCTION ledger.post_many_told OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.post_many_told TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.post_group(
  p_keys text[], p_counts integer[], p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_currencies text[],
  p_effective_at timestamptz[], p_source_types text[], p_source_ids text[], p_descriptions text[], p_metadata jsonb[],
  p_actor_types text[], p_actors text[], p_persons text[], p_correlations text[],
  OUT codes smallint[], OUT ids bigint[], OUT replayed boolean[], OUT facts jsonb[],
  OUT recorded_at timestamptz[], OUT effective_at timestamptz[], OUT effective_on date[], OUT asked_effective_at timestamptz[], OUT metadata jsonb[]
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
BEGIN
  SELECT b.codes, b.ids, b.replayed, b.facts INTO codes, ids, replayed, facts
    FROM ledger.post_batch(p_keys, p_counts, p_debits, p_credits, p_amounts, p_currencies, p_effective_at, p_source_types, p_source_ids,
                           p_descriptions, p_metadata, NULL, NULL, false, p_actor_types => p_actor_types, p_actors => p_actors,
                           p_persons => p_persons, p_correlations => p_correlations) b;
  SELECT array_agg(t.recorded_at ORDER BY u.o), array_agg(t.effective_at ORDER BY u.o), array_agg(t.effective_on ORDER BY u.o),
         array_agg(t.asked_effective_at ORDER BY u.o), CASE WHEN bool_or(t.metadata IS NOT NULL) THEN array_agg(t.metadata ORDER BY u.o) END
    INTO recorded_at, effective_at, effective_on, asked_effective_at, metadata
    FROM unnest(ids) WITH ORDINALITY u (id, o)
    JOIN ledger.transactions t ON t.tenant_id = v_tenant AND t.id = u.id AND t.id = ANY (ids);
END $$;
COMMENT ON FUNCTION ledger.post_group IS
  'post_many for several callers of one tenant who share a commit: each row keeps its own actor, person and correlation id. Also answers what a document of each needs';
ALTER FUNCTION ledger.post_group OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.post_group TO headgate_app;

-- Everything that a posting can say.
CREATE OR REPLACE FUNCTION ledger.post_many_full(
  p_keys text[], p_counts integer[], p_debits bigint[], p_credits bigint[], p_amounts bigint[], p_currencies text[],
  p_effective_at timestamptz[], p_source_types text[], p_source_ids text[], p_descriptions text[], p_metadata jsonb[], p_atomic boolean,
  p_reservations bigint[], p_pending boolean[], p_expires_at timestamptz[], p_override_refs text[],
  p_debit_versions bigint[], p_credit_versions bigint[], p_debit_least bigint[], p_credit_least bigint[],
  OUT codes smallint[], OUT ids bigint[], OUT replayed boolean[], OUT facts jsonb[]
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (SELECT bool_or(length(u) NOT BETWEEN 1 AND 255) FROM unnest(p_override_refs) u) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG110', MESSAGE = 'an override_ref has 1 to 255 characters';
  END IF;
  SELECT b.codes, b.ids, b.replayed, b.facts INTO codes, ids, replayed, facts
    FROM ledger.post_batch(p_keys, p_counts, p_debits, p_credits, p_amounts, p_currencies, p_effective_at, p_source_types, p_source_ids,
                           p_descriptions, p_metadata, NULL, p_reservations, p_atomic, p_pending => p_pending, p_expires_at => p_expires_at,
                           p_override_refs => p_override_refs, p_debit_versions => p_debit_versions, p_credit_versions => p_credit_versions,
                           p_debit_least => p_debit_least, p_credit_least => p_credit_least) b;
END $$;
COMMENT ON FUNCTION ledger.post_many_full IS
  'post_many with all that a posting can say: its reservation, that it is pending and until when, an approval, and conditions of its entries (expected versions, least available)';
ALTER FUNCTION ledger.post_many_full OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.post_many_full TO headgate_app;

CREATE OR REPLACE FUNCTION ledger.post_one(
  p_key text, p_debit bigint, p_credit bigint, p_amount bigint, p_currency text, p_effective_at timestamptz, p_source_type text,
  p_source_id text, p_description text, p_metadata jsonb,
  OUT code smallint, OUT id bigint, OUT replayed boolean, OUT facts jsonb
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_now timestamptz; v_clock timestamptz; v_moved interval; v_at timestamptz; v_day date; v_zone text;
  v_account record; dr record; cr record;
  v_event bigint; v_xid xid8; v_epoch integer; v_payment_id text; v_data jsonb; v_hash bytea;
  v_actor_type CONSTANT text := core.actor_type(); v_actor CONSTANT text := core.actor_id();
  v_person CONSTANT text := core.person_id(); v_correlation CONSTANT text := core.correlation_id();
BEGIN
  <<short>> BEGIN
    EXIT short WHEN num_nulls(p_key, p_debit, p_credit, p_amount, p_currency) > 0 OR p_debit = p_credit
      OR p_amount NOT BETWEEN 1 AND 4611686018427387903 OR length(p_key) NOT BETWEEN 1 AND 255;
    -- Whoever posts to the same accounts waits from their lock until this commit is on disk: what needs no account comes first.
    v_now := clock_timestamp();
    v_moved := extract(epoch FROM tenants.at(v_now) - v_now) * interval '1 second';  -- In seconds: a day is not always 24 hours.
    id := nextval('ledger.request_ids'); v_event := nextval('audit.event_id'); v_xid := pg_current_xact_id(); v_epoch := audit.current_epoch();
    v_hash := ledger.body_hash(p_debit || ':' || p_credit || ':' || p_amount || ':' || p_currency, NULL, NULL, p_effective_at, p_source_type, p_source_id,
                               p_description, p_metadata);
    v_payment_id := CASE WHEN p_source_id LIKE 'pay\_%' THEN p_source_id END;
    v_data := ('{"transaction_id":' || id || ',"entries":[{"debit":' || p_debit || ',"credit":' || p_credit || ',"amount_minor":' || p_amount
      || ',"currency":' || to_json(p_currency) || '}]'
      || CASE WHEN p_source_id IS NULL THEN '' ELSE ',"source_type":' || to_json(p_source_type) || ',"source_id":' || to_json(p_source_id) END || '}')::jsonb;
    FOR v_account IN
      SELECT a.id, a.net_minor AS net, a.seq, a.currency, a.status, a.next_expiry_at, a.effective_max, a.closed_through, a.is_watched,
             a.legal_entity_id,
             CASE WHEN a.type IN ('ASSET', 'EXPENSE') THEN a.lo_minor + a.reserved_minor + a.pending_out_minor ELSE a.lo_minor END AS lo,
             CASE WHEN a.type IN ('ASSET', 'EXPENSE') THEN a.hi_minor ELSE a.hi_minor - a.reserved_minor - a.pending_out_minor END AS hi
        FROM ledger.accounts a
       WHERE a.tenant_id = v_tenant AND a.id IN (p_debit, p_credit)
       ORDER BY a.id
         FOR NO KEY UPDATE
    LOOP
      IF v_account.id = p_debit THEN dr := v_account; ELSE cr := v_account; END IF;
    END LOOP;
    v_now := clock_timestamp(); v_clock := v_now + v_moved;
    EXIT short WHEN dr IS NULL OR cr IS NULL;
    EXIT short WHEN dr.currency <> p_currency OR cr.currency <> p_currency OR dr.status <> 'open' OR cr.status <> 'open'
      OR dr.next_expiry_at <= v_clock OR cr.next_expiry_at <= v_clock
      OR dr.net + p_amount > dr.hi OR cr.net - p_amount < cr.lo;
    IF dr.legal_entity_id IS NOT NULL OR cr.legal_entity_id IS NOT NULL THEN
      v_zone := (SELECT l.time_zone FROM tenants.legal_entities l
                  WHERE l.tenant_id = v_tenant AND l.id = coalesce(dr.legal_entity_id, cr.legal_entity_id));
    END IF;
    v_zone := coalesce(v_zone, 'UTC');
    v_at := coalesce(p_effective_at, v_clock);
    v_day := (v_at AT TIME ZONE v_zone)::date;
    EXIT short WHEN (p_effective_at > v_clock AND v_day > (v_clock AT TIME ZONE v_zone)::date)
      OR v_at < dr.effective_max OR v_at < cr.effective_max OR v_day <= dr.closed_through OR v_day <= cr.closed_through;

    INSERT INTO ledger.transactions (tenant_id, id, recorded_at, effective_at, effective_on, hash_formula, body_hash, key, source_type, source_id,
                                     description, metadata)
    VALUES (v_tenant, id, v_now, v_at, v_day, 1, v_hash, p_key, p_source_type, p_source_id, p_description, p_metadata)
    ON CONFLICT (tenant_id, key) DO NOTHING;
    EXIT short WHEN NOT FOUND;
    INSERT INTO ledger.entries (tenant_id, transaction_id, debit_account_id, credit_account_id, amount_minor, debit_seq, debit_net, credit_seq,
                                credit_net, recorded_at, effective_at, effective_on, n, currency)
    VALUES (v_tenant, id, p_debit, p_credit, p_amount, dr.seq + 1, dr.net + p_amount, cr.seq + 1, cr.net - p_amount, v_now,
            v_at, v_day, 1, p_currency);
    UPDATE ledger.accounts a
       SET net_minor = a.net_minor + CASE WHEN a.id = p_debit THEN p_amount ELSE -p_amount END, seq = a.seq + 1, effective_max = v_at
     WHERE a.tenant_id = v_tenant AND a.id IN (p_debit, p_credit);
    IF dr.is_watched OR cr.is_watched THEN
      PERFORM ledger.watch(ARRAY[p_debit, p_credit]);
    END IF;
    INSERT INTO audit.events (tenant_id, id, event_time, xid, epoch, formula, type, actor_type, actor_id, person_id, correlation_id, payment_id,
                              ingestion_id, data, witness)
    VALUES (v_tenant, v_event, v_now, v_xid, v_epoch, 1, 'ledger.transaction.posted', v_actor_type, v_actor, v_person, v_correlation, v_payment_id,
            NULL, v_data,
            audit.witness(v_tenant, v_event, v_now, v_xid, v_epoch, 1::smallint, 'ledger.transaction.posted', v_actor_type, v_actor, v_person,
                          v_correlation, v_payment_id, NULL, v_data));
    INSERT INTO messaging.outbox_messages (tenant_id, created_at, event_type, aggregate_type, aggregate_id, audit_event_id, audit_xid, audit_epoch,
                                           correlation_id, published_at)
    VALUES (v_tenant, v_now, 'ledger.transaction.posted', 'transaction', id::text, v_event, v_xid, v_epoch, v_correlation,
            CASE WHEN messaging.wanting('ledger.transaction.posted') = '{}' THEN v_now END);
    code := 0; replayed := false;
    RETURN;
  END short;
  -- Something speaks against it, or the key is known: the batch form says what, and records it.
  SELECT b.codes[1], b.ids[1], b.replayed[1], b.facts[1] INTO code, id, replayed, facts
    FROM ledger.post_batch(ARRAY[p_key], NULL, ARRAY[p_debit], ARRAY[p_credit], ARRAY[p_amount], ARRAY[p_currency], ARRAY[p_effective_at],
                           ARRAY[p_source_type], ARRAY[p_source_id], ARRAY[p_description], ARRAY[p_metadata], NULL, NULL, false) b;
END $$;
COMMENT ON FUNCTION ledger.post_one(text, bigint, bigint, bigint, text, timestamptz, text, text, text, jsonb) IS
  'Posts one transaction of one entry: the short way of post_many, with the same answers';
ALTER FUNCTION ledger.post_one(text, bigint, bigint, bigint, text, timestamptz, text, text, text, jsonb) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.post_one(text, bigint, bigint, bigint, text, timestamptz, text, text, text, jsonb) TO headgate_app;

-- A caller who has no transaction of its own: the context, the posting and the commit in one round trip.
CREATE OR REPLACE FUNCTION ledger.post_alone(
  p_tenant uuid, p_actor_type text, p_actor text, p_person text, p_correlation text,
  p_key text, p_debit bigint, p_credit bigint, p_amount bigint, p_currency text, p_effective_at timestamptz, p_source_type text,
  p_source_id text, p_description text, p_metadata jsonb,
  OUT code smallint, OUT id bigint, OUT replayed boolean, OUT facts jsonb
) LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('headgate.tenant_id', p_tenant::text, true), set_config('headgate.actor_type', p_actor_type, true),
          set_config('headgate.actor', p_actor, true), set_config('headgate.person_id', coalesce(p_person, ''), true),
          set_config('headgate.correlation_id', p_correlation, true);
  SELECT o.code, o.id, o.replayed, o.facts INTO code, id, replayed, facts
    FROM ledger.post_one(p_key, p_debit, p_credit, p_amount, p_currency, p_effective_at, p_source_type, p_source_id, p_description, p_metadata) o;
END $$;
COMMENT ON FUNCTION ledger.post_alone IS 'post_one as a transaction of its own: sets the context of the statement first. For a caller without a transaction';
GRANT EXECUTE ON FUNCTION ledger.post_alone TO headgate_app;
