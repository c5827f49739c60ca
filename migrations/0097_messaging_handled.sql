-- A message whose consumers all did their part in the transaction that writes it is published with that: the relay has nothing to do.
GRANT INSERT (published_at) ON messaging.outbox_messages TO headgate_app, headgate_poster;
