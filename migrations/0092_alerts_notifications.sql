-- Who is told of what became of loan payments: rows in the application, and mails that leave at most three times tried.
SELECT core.make_schema('alerts', 'Who is told of what: notifications in the application and by e-mail');

CREATE TABLE alerts.transitions (
  entity text NOT NULL,
  from_status text NOT NULL,
  to_status text NOT NULL,
  CONSTRAINT transitions_pkey PRIMARY KEY (entity, from_status, to_status)
);
COMMENT ON TABLE alerts.transitions IS 'The legal moves of a notification''s mail; '''' is nothing yet';
INSERT INTO alerts.transitions (entity, from_status, to_status) VALUES
  ('mail', '', 'waiting'), ('mail', 'waiting', 'sending'), ('mail', 'sending', 'waiting'), ('mail', 'sending', 'sent'),
  ('mail', 'sending', 'failed'), ('mail', 'sending', 'unknown');
GRANT SELECT ON alerts.transitions TO headgate_app, headgate_readonly;

CREATE TABLE alerts.preferences (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  recipient text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  is_on boolean NOT NULL,
  by_email boolean NOT NULL,
  reason text NOT NULL,
  set_by text NOT NULL DEFAULT core.actor_id(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT preferences_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT preferences_recipient_is_known CHECK (recipient ~ '^(borrowers|pty_[0-9a-hjkmnp-tv-z]{26}|team:[a-z][a-z0-9_-]{0,39})$'),
  CONSTRAINT preferences_kind_is_known CHECK (kind IN ('payment_posted', 'payment_partial', 'payment_reversed')),
  CONSTRAINT preferences_mail_goes_beside_a_row CHECK (is_on OR NOT by_email),
  CONSTRAINT preferences_say_why CHECK (btrim(reason) <> '')
);
CREATE INDEX preferences_of_recipient ON alerts.preferences (tenant_id, recipient, kind, id DESC);
COMMENT ON TABLE alerts.preferences IS
  'Who gets what: a team, every borrower, or one of them (a party); the newest row of a recipient and kind counts';
SELECT core.isolate('alerts.preferences'), core.append_only('alerts.preferences');

CREATE TABLE alerts.addresses (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  recipient text COLLATE "C" NOT NULL,
  address_sealed bytea,
  shown text NOT NULL,
  set_by text NOT NULL DEFAULT core.actor_id(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT addresses_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT addresses_recipient_is_known CHECK (recipient ~ '^(pty_[0-9a-hjkmnp-tv-z]{26}|team:[a-z][a-z0-9_-]{0,39})$')
);
CREATE INDEX addresses_of_recipient ON alerts.addresses (tenant_id, recipient, id DESC);
COMMENT ON TABLE alerts.addresses IS 'Where the mails of a recipient go, sealed; the newest row counts, and one without an address ends it';
COMMENT ON COLUMN alerts.addresses.shown IS 'What of it may be seen: its first letter and its domain';
SELECT core.isolate('alerts.addresses'), core.append_only('alerts.addresses');

CREATE TABLE alerts.templates (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  audience text NOT NULL,
  kind text COLLATE "C" NOT NULL,
  title text NOT NULL,
  message text NOT NULL,
  set_by text NOT NULL DEFAULT core.actor_id(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT templates_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT templates_audience_is_known CHECK (audience IN ('borrower', 'team')),
  CONSTRAINT templates_kind_is_known CHECK (kind IN ('payment_posted', 'payment_partial', 'payment_reversed')),
  CONSTRAINT templates_title_is_one_line CHECK (length(title) BETWEEN 1 AND 200 AND title !~ '[\r\n]'),
  CONSTRAINT templates_message_is_short CHECK (length(message) BETWEEN 1 AND 4000)
);
CREATE INDEX templates_of_kind ON alerts.templates (tenant_id, audience, kind, id DESC);
COMMENT ON TABLE alerts.templates IS 'A tenant''s own words for a kind of notification, with {fields}; the newest row of an audience and kind counts';
SELECT core.isolate('alerts.templates'), core.append_only('alerts.templates');

CREATE TABLE alerts.notifications (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  recipient text COLLATE "C" NOT NULL,
  title text NOT NULL,
  message text NOT NULL,
  payment_id text COLLATE "C",
  loan_id text COLLATE "C",
  email_sent boolean NOT NULL DEFAULT false,
  read_at timestamptz,
  read_by text,
  created_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT notifications_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT notifications_once_for_each_fact UNIQUE (tenant_id, key, recipient),
  CONSTRAINT notifications_recipient_is_known CHECK (recipient ~ '^(pty_[0-9a-hjkmnp-tv-z]{26}|team:[a-z][a-z0-9_-]{0,39})$'),
  CONSTRAINT notifications_read_by_somebody CHECK ((read_at IS NULL) = (read_by IS NULL))
);
CREATE INDEX notifications_of_recipient ON alerts.notifications (tenant_id, recipient, id DESC);
CREATE INDEX notifications_unread ON alerts.notifications (tenant_id, recipient, id DESC) WHERE read_at IS NULL;
CREATE INDEX notifications_of_payment ON alerts.notifications (tenant_id, payment_id) WHERE payment_id IS NOT NULL;
COMMENT ON TABLE alerts.notifications IS 'What somebody was told in the application; it stays, whatever becomes of its mail';
COMMENT ON COLUMN alerts.notifications.key IS 'What it tells of: the event and its subject; the same message again tells nothing new';
SELECT core.isolate('alerts.notifications');

CREATE TABLE alerts.mails (
  tenant_id uuid NOT NULL,
  notification_id text COLLATE "C" NOT NULL,
  status text NOT NULL DEFAULT 'waiting',
  tries integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL,
  claimed_until timestamptz,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT mails_pkey PRIMARY KEY (tenant_id, notification_id),
  CONSTRAINT mails_notification_fkey FOREIGN KEY (tenant_id, notification_id) REFERENCES alerts.notifications (tenant_id, id),
  CONSTRAINT mails_are_tried_three_times CHECK (tries BETWEEN 0 AND 3),
  CONSTRAINT mails_claim_has_its_end CHECK ((status = 'sending') = (claimed_until IS NOT NULL))
);
CREATE INDEX mails_to_send ON alerts.mails (tenant_id, next_at) WHERE status IN ('waiting', 'sending');
COMMENT ON TABLE alerts.mails IS
  'The mail of a notification. One of which nobody knows whether it left (unknown) is never sent again';
SELECT core.isolate('alerts.mails');
CREATE TRIGGER mail_begins BEFORE INSERT ON alerts.mails
  FOR EACH ROW WHEN (NEW.status <> 'waiting') EXECUTE FUNCTION core.check_transition('mail', 'alerts.transitions');
CREATE TRIGGER mail_moves BEFORE UPDATE OF status ON alerts.mails
  FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION core.check_transition('mail', 'alerts.transitions');

CREATE TABLE alerts.mail_tries (
  tenant_id uuid NOT NULL,
  notification_id text COLLATE "C" NOT NULL,
  try_no integer NOT NULL,
  outcome text NOT NULL,
  reply_code integer,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT mail_tries_pkey PRIMARY KEY (tenant_id, notification_id, try_no),
  CONSTRAINT mail_tries_mail_fkey FOREIGN KEY (tenant_id, notification_id) REFERENCES alerts.mails (tenant_id, notification_id),
  CONSTRAINT mail_tries_outcome_is_known CHECK (outcome IN ('sent', 'deferred', 'refused', 'unreachable', 'unknown'))
);
COMMENT ON TABLE alerts.mail_tries IS 'What became of each try to send a mail; the server''s code alone, since its words may repeat the address';
SELECT core.isolate('alerts.mail_tries'), core.append_only('alerts.mail_tries');

GRANT SELECT, INSERT ON alerts.preferences, alerts.addresses, alerts.templates, alerts.notifications, alerts.mails, alerts.mail_tries
  TO headgate_app;
GRANT UPDATE (email_sent, read_at, read_by) ON alerts.notifications TO headgate_app;
GRANT UPDATE (status, tries, next_at, claimed_until, changed_at) ON alerts.mails TO headgate_app;
GRANT SELECT ON alerts.preferences, alerts.templates, alerts.notifications, alerts.mails, alerts.mail_tries TO headgate_readonly;
