-- The check judges the messages of the last day: a few pages of summary tell where they lie.
CREATE INDEX outbox_by_time ON messaging.outbox_messages USING brin (created_at);
COMMENT ON INDEX messaging.outbox_by_time IS 'Where the messages of a time lie, for the check';
