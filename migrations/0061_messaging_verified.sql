-- A check of the last day's messages looks at half a million where as many are posted a day, however many of them the check
-- before it has judged. As the book does, it goes on from what was found right.
CREATE TABLE messaging.verified_messages (
  tenant_id uuid NOT NULL,
  message_id bigint NOT NULL,
  next_message_id bigint NOT NULL,
  next_xid xid8 NOT NULL,
  CONSTRAINT verified_messages_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT verified_messages_goes_on CHECK (next_message_id >= message_id)
);
COMMENT ON TABLE messaging.verified_messages IS 'Up to which number every message was published or given up, and was found right';
COMMENT ON COLUMN messaging.verified_messages.next_xid IS 'Once every database transaction below this is over, no number up to next_message_id can appear any more';
SELECT core.isolate('messaging.verified_messages');
GRANT SELECT ON messaging.verified_messages TO headgate_app, headgate_readonly, headgate_poster;
GRANT INSERT, UPDATE ON messaging.verified_messages TO headgate_poster;
