-- What the log's tables themselves must show. That every event is what was sealed is judged in audit/invariants.py.
CREATE OR REPLACE VIEW audit.invariant_blocks_linked WITH (security_invoker = true) AS
SELECT 'block ' || b.number AS subject,
       CASE WHEN b.number <> b.before + 1 THEN format('block %s is missing', b.before + 1)
            ELSE 'does not name the hash of the block before it' END AS detail
  FROM (SELECT number, previous_hash, lag(block_hash) OVER chain AS hash_before, coalesce(lag(number) OVER chain, 0) AS before
          FROM audit.blocks
         WHERE core.check_full() OR number >= (SELECT coalesce(max(w.block_number), 0) FROM audit.watermarks w)
        WINDOW chain AS (ORDER BY number)) b
 WHERE (b.before = 0 AND b.number <> 1 AND core.check_full())
    OR (b.before > 0 AND (b.number <> b.before + 1 OR b.previous_hash <> b.hash_before));
COMMENT ON VIEW audit.invariant_blocks_linked IS 'Blocks are numbered without a gap, and each names the hash of the one before it.';

CREATE OR REPLACE VIEW audit.invariant_doors_closed WITH (security_invoker = true) AS
SELECT c.relname AS subject, format('the trigger %s is missing or does not fire always', wanted.name) AS detail
  FROM pg_catalog.pg_class c
  CROSS JOIN (VALUES ('only_by_recording'), ('append_only')) AS wanted (name)
 WHERE c.relnamespace = 'audit'::regnamespace
   AND c.relkind IN ('r', 'p')
   AND (c.relname IN ('events', 'blocks') OR c.relispartition)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t
                    WHERE t.tgrelid = c.oid AND t.tgname = wanted.name AND t.tgenabled = 'A');
COMMENT ON VIEW audit.invariant_doors_closed IS 'The log, its partitions and its blocks refuse every hand: both triggers stand and fire always.';

CREATE OR REPLACE VIEW audit.invariant_epochs_rise WITH (security_invoker = true) AS
SELECT 'block ' || b.number AS subject, format('epoch %s follows epoch %s', b.epoch, b.before) AS detail
  FROM (SELECT number, epoch, lag(epoch, 1, 0) OVER (ORDER BY number) AS before
          FROM audit.blocks
         WHERE core.check_full() OR number >= (SELECT coalesce(max(w.block_number), 0) FROM audit.watermarks w)) b
 WHERE b.epoch < b.before;
COMMENT ON VIEW audit.invariant_epochs_rise IS 'A chain never goes back to an earlier epoch: events of an old server cannot be added after a restore.';
GRANT SELECT ON audit.invariant_blocks_linked, audit.invariant_doors_closed, audit.invariant_epochs_rise TO headgate_app, headgate_readonly;
