-- The order of a queue is asked for by the one look that says so (messaging.claim_queued): what names its messages by key cannot
-- take this index for that, whatever the table's statistics make of it.
DROP INDEX messaging.queue_messages_due;
CREATE INDEX queue_messages_due ON messaging.queue_messages (consumer, available_at, message_id) WHERE available_at < 'infinity';
