-- What the pipeline does with the payments of a channel, and the codes by which it rejects them.

CREATE TABLE servicing.posting_modes (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  channel text COLLATE "C" NOT NULL,
  mode text NOT NULL,
  reason text NOT NULL,
  set_by text NOT NULL DEFAULT core.actor_id(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT posting_modes_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT posting_modes_channel_is_known CHECK (channel IN ('ach', 'wire', 'realtime', 'check', 'card', 'paypal', 'venmo', 'book')),
  CONSTRAINT posting_modes_mode_is_known CHECK (mode IN ('off', 'shadow', 'live')),
  CONSTRAINT posting_modes_say_why CHECK (btrim(reason) <> '')
);
CREATE INDEX posting_modes_of_channel ON servicing.posting_modes (tenant_id, channel, id DESC);
COMMENT ON TABLE servicing.posting_modes IS
  'Whether payments of a channel are posted (live), written down only (shadow) or left (off, where there is no row); the newest row of a channel counts';
SELECT core.isolate('servicing.posting_modes'), core.append_only('servicing.posting_modes');
GRANT SELECT, INSERT ON servicing.posting_modes TO headgate_app;
GRANT SELECT ON servicing.posting_modes TO headgate_readonly;

ALTER TABLE servicing.refusals DROP CONSTRAINT refusals_code_is_known;
ALTER TABLE servicing.refusals ADD CONSTRAINT refusals_code_is_known
  CHECK (code IN ('schema_invalid', 'loan_not_found', 'legal_hold', 'loan_closed', 'kyc_incomplete', 'stop_pay', 'duplicate', 'currency_mismatch'));
