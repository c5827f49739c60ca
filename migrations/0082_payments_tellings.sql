-- When each file of a bank was told to funding and payments, and whether a later telling could find more in it.
CREATE TABLE payments.tellings (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  artifact_id text COLLATE "C" NOT NULL,
  readings integer NOT NULL,
  standing text NOT NULL,
  told_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT tellings_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT tellings_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts (tenant_id, id),
  CONSTRAINT tellings_standing_is_known CHECK (standing IN ('decided', 'waiting', 'differing')),
  CONSTRAINT tellings_are_of_what_was_read CHECK (readings > 0)
);
CREATE INDEX tellings_of_artifact ON payments.tellings (tenant_id, artifact_id, id DESC);
COMMENT ON TABLE payments.tellings IS 'Each time a statement or a return file was told to funding and payments, and whether all of it was decided; append-only';
COMMENT ON COLUMN payments.tellings.readings IS 'How often the file had been read: read anew, it is told anew';
COMMENT ON COLUMN payments.tellings.standing IS 'decided: no telling finds more; waiting: a line names nothing of ours yet; differing: something is named that it disagrees with, or that it disputes';
SELECT core.isolate('payments.tellings'), core.append_only('payments.tellings');
GRANT SELECT, INSERT ON payments.tellings TO headgate_app;
GRANT SELECT ON payments.tellings TO headgate_readonly;

-- What a quiet day asks, however long the history: the files of some days, and what came since that a line could name.
CREATE INDEX statements_of_day ON ingestion.statements (tenant_id, statement_on, artifact_id);
CREATE INDEX records_of_returns_by_day ON ingestion.records (tenant_id, value_on, artifact_id) WHERE kind IN ('return_entry', 'change_entry');
CREATE INDEX ach_files_by_time ON payments.ach_files (tenant_id, created_at);
CREATE INDEX orders_wires_by_time ON payments.orders (tenant_id, created_at) WHERE rail = 'wire';
CREATE INDEX order_answers_by_time ON payments.order_answers (tenant_id, occurred_at);
