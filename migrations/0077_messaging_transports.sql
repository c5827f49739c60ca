-- Where a consumer's messages wait: as rows of the database, or with a broker whose queues the database does not see.
ALTER TABLE messaging.subscriptions
  ADD COLUMN transport text COLLATE "C" NOT NULL DEFAULT 'postgres'
    CONSTRAINT subscriptions_transport_is_known CHECK (transport IN ('postgres', 'rabbitmq'));
COMMENT ON COLUMN messaging.subscriptions.transport IS 'Who holds the messages that wait: postgres (messaging.queue_messages) or rabbitmq';
COMMENT ON TABLE messaging.subscriptions IS 'Which consumers want which topics, since when, and where their messages wait';
