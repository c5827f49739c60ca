-- Exceptions for people, and approvals under four eyes.
SELECT core.make_schema('cases', 'What no rule settles, for a person; and approvals, for two');

CREATE TABLE cases.transitions (
  entity text NOT NULL,
  from_status text NOT NULL,
  to_status text NOT NULL,
  CONSTRAINT transitions_pkey PRIMARY KEY (entity, from_status, to_status)
);
COMMENT ON TABLE cases.transitions IS 'The moves a case may make; the same for every tenant';
INSERT INTO cases.transitions (entity, from_status, to_status) VALUES
  ('case', '', 'open'),
  ('case', 'open', 'pending'), ('case', 'open', 'resolved'), ('case', 'open', 'cancelled'),
  ('case', 'pending', 'open'), ('case', 'pending', 'resolved'), ('case', 'pending', 'cancelled');

-- Approvals: three tables of facts. What an approval's status is follows from them (the view cases.approvals).
CREATE TABLE cases.approval_requests (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  payload jsonb NOT NULL,
  digest bytea NOT NULL,
  digest_formula smallint NOT NULL,
  reason text NOT NULL,
  approvals_needed smallint NOT NULL,
  maker_type text NOT NULL,
  maker_id text NOT NULL,
  maker_person text,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  CONSTRAINT approval_requests_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT approval_requests_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants.tenants (id),
  CONSTRAINT approval_requests_digest_is_sha256 CHECK (octet_length(digest) = 32),
  CONSTRAINT approval_requests_need_a_second_person CHECK (approvals_needed BETWEEN 1 AND 5),
  CONSTRAINT approval_requests_expire_later CHECK (expires_at > requested_at),
  CONSTRAINT approval_requests_say_why CHECK (btrim(reason) <> ''),
  -- A human maker without a person could approve under another login.
  CONSTRAINT approval_requests_name_the_person CHECK (maker_type <> 'human' OR maker_person IS NOT NULL)
);
COMMENT ON TABLE cases.approval_requests IS 'What somebody asks two people to allow: the exact payload, by its digest';
SELECT core.isolate('cases.approval_requests'), core.append_only('cases.approval_requests');

CREATE TABLE cases.approval_votes (
  tenant_id uuid NOT NULL,
  approval_id text COLLATE "C" NOT NULL,
  voter_person text NOT NULL,
  voter_id text NOT NULL,
  approved boolean NOT NULL,
  digest bytea NOT NULL,
  reason text,
  voted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT approval_votes_pkey PRIMARY KEY (tenant_id, approval_id, voter_person),
  CONSTRAINT approval_votes_request_fkey FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_requests (tenant_id, id),
  CONSTRAINT approval_votes_rejection_says_why CHECK (approved OR btrim(coalesce(reason, '')) <> '')
);
COMMENT ON TABLE cases.approval_votes IS 'One person''s yes or no to one request, with the digest that the person saw';
SELECT core.isolate('cases.approval_votes'), core.append_only('cases.approval_votes');

CREATE TABLE cases.approval_uses (
  tenant_id uuid NOT NULL,
  approval_id text COLLATE "C" NOT NULL,
  digest bytea NOT NULL,
  used_by text NOT NULL,
  used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT approval_uses_pkey PRIMARY KEY (tenant_id, approval_id),
  CONSTRAINT approval_uses_request_fkey FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_requests (tenant_id, id)
);
COMMENT ON TABLE cases.approval_uses IS 'An approval is used once: its key is the request';
SELECT core.isolate('cases.approval_uses'), core.append_only('cases.approval_uses');

CREATE TABLE cases.exception_cases (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  ingestion_id text,
  payment_id text,
  category text NOT NULL,
  subcategory text,
  severity text NOT NULL,
  state text NOT NULL DEFAULT 'open',
  detail jsonb NOT NULL DEFAULT '{}',
  assigned_to text,
  ai_recommendation jsonb,
  resolution text,
  approval_id text COLLATE "C",
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  resolved_at timestamptz,
  CONSTRAINT exception_cases_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT exception_cases_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants.tenants (id),
  CONSTRAINT exception_cases_key UNIQUE (tenant_id, key),
  CONSTRAINT exception_cases_severity CHECK (severity IN ('low', 'medium', 'high', 'critical')),
  CONSTRAINT exception_cases_state CHECK (state IN ('open', 'pending', 'resolved', 'cancelled')),
  CONSTRAINT exception_cases_end_is_dated CHECK ((state IN ('resolved', 'cancelled')) = (resolved_at IS NOT NULL)),
  CONSTRAINT exception_cases_end_says_how CHECK (resolved_at IS NULL OR btrim(coalesce(resolution, '')) <> ''),
  CONSTRAINT exception_cases_four_eyes CHECK (resolved_at IS NULL OR severity IN ('low', 'medium') OR approval_id IS NOT NULL),
  CONSTRAINT exception_cases_approval_fkey FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_uses (tenant_id, approval_id)
);
CREATE INDEX exception_cases_by_state ON cases.exception_cases (tenant_id, state, severity);
CREATE INDEX exception_cases_by_payment ON cases.exception_cases (tenant_id, payment_id) WHERE payment_id IS NOT NULL;
COMMENT ON TABLE cases.exception_cases IS 'What no rule settles: one case a key, ended by a person, the grave ones by two';
SELECT core.isolate('cases.exception_cases');

GRANT SELECT ON ALL TABLES IN SCHEMA cases TO headgate_app, headgate_readonly;
GRANT INSERT ON cases.approval_requests, cases.approval_votes, cases.approval_uses, cases.exception_cases TO headgate_app;
GRANT UPDATE (severity, state, assigned_to, ai_recommendation, resolution, approval_id, resolved_at) ON cases.exception_cases TO headgate_app;
