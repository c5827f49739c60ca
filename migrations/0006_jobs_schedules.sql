-- When each job runs next, and what became of each run.
SELECT core.make_schema('jobs', 'Schedules, run locks and run history');

-- A job of the installation itself runs under the nil UUID, which no tenant has: hence no key to tenants.tenants.
CREATE TABLE jobs.transitions (
  entity text COLLATE "C" NOT NULL,
  from_status text COLLATE "C" NOT NULL,
  to_status text COLLATE "C" NOT NULL,
  CONSTRAINT transitions_pkey PRIMARY KEY (entity, from_status, to_status)
);
COMMENT ON TABLE jobs.transitions IS 'The legal moves of a run''s status';
INSERT INTO jobs.transitions (entity, from_status, to_status)
VALUES ('run', '', 'running'), ('run', 'running', 'succeeded'), ('run', 'running', 'failed'), ('run', 'running', 'crashed');
GRANT SELECT ON jobs.transitions TO headgate_app, headgate_readonly;

CREATE TABLE jobs.runs (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL DEFAULT core.new_id('job') CONSTRAINT runs_id_shape CHECK (id ~ '^job_[0-9a-hjkmnp-tv-z]{26}$'),
  job text COLLATE "C" NOT NULL CONSTRAINT runs_job_shape CHECK (job ~ '^[a-z][a-z0-9_]{1,60}$'),
  status text COLLATE "C" NOT NULL DEFAULT 'running'
    CONSTRAINT runs_status_known CHECK (status IN ('running', 'succeeded', 'failed', 'crashed')),
  attempt integer NOT NULL CONSTRAINT runs_attempt_positive CHECK (attempt > 0),
  due_at timestamptz NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  outcome text,
  CONSTRAINT runs_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT runs_finished_when_over CHECK ((status = 'running') = (finished_at IS NULL))
);
COMMENT ON TABLE jobs.runs IS 'Each run of a job: a crashed one is marked so by the next';
COMMENT ON COLUMN jobs.runs.due_at IS 'In the tenant''s time; started_at and finished_at are real';
COMMENT ON COLUMN jobs.runs.outcome IS 'What the job said it did, or why it failed';
CREATE INDEX runs_by_job ON jobs.runs (tenant_id, job, id);
SELECT core.isolate('jobs.runs');
CREATE TRIGGER run_moves BEFORE INSERT OR UPDATE OF status ON jobs.runs
  FOR EACH ROW EXECUTE FUNCTION core.check_transition('run', 'jobs.transitions');
GRANT SELECT, INSERT, UPDATE (status, finished_at, outcome), DELETE ON jobs.runs TO headgate_app;
GRANT SELECT ON jobs.runs TO headgate_readonly;

CREATE TABLE jobs.schedules (
  tenant_id uuid NOT NULL,
  job text COLLATE "C" NOT NULL CONSTRAINT schedules_job_shape CHECK (job ~ '^[a-z][a-z0-9_]{1,60}$'),
  next_at timestamptz NOT NULL,
  failures integer NOT NULL DEFAULT 0 CONSTRAINT schedules_failures_counted CHECK (failures >= 0),
  run_id text COLLATE "C",
  claimed_until timestamptz NOT NULL DEFAULT '-infinity',
  CONSTRAINT schedules_pkey PRIMARY KEY (tenant_id, job),
  CONSTRAINT schedules_run FOREIGN KEY (tenant_id, run_id) REFERENCES jobs.runs (tenant_id, id)
);
COMMENT ON TABLE jobs.schedules IS 'When a job runs next, in the tenant''s time. A running one holds its row locked, so it runs once at a time';
COMMENT ON COLUMN jobs.schedules.claimed_until IS 'Real time: until then run_id may still be about to take its row lock';
SELECT core.isolate('jobs.schedules');
CREATE POLICY resolver_reads ON jobs.schedules FOR SELECT TO headgate_resolver USING (true);
GRANT SELECT, INSERT, UPDATE (next_at, failures, run_id, claimed_until) ON jobs.schedules TO headgate_app;
GRANT SELECT ON jobs.schedules TO headgate_readonly, headgate_resolver;
