-- Where queues lie in this database, who publishes puts a message into them in the same transaction (messaging.wanting): nothing is
-- left for the relay. And a message whose part was done by a consumer in the transaction that wrote it says so itself.
ALTER TABLE messaging.outbox_messages ADD COLUMN handled_by text COLLATE "C";
COMMENT ON COLUMN messaging.outbox_messages.handled_by IS 'The consumer that did its part in the transaction that wrote this: it is not given the message';
GRANT INSERT (handled_by) ON messaging.outbox_messages TO headgate_app;
GRANT INSERT ON messaging.queue_messages TO headgate_app;
GRANT SELECT ON messaging.subscriptions TO headgate_poster;
