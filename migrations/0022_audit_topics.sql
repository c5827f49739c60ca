-- A regular expression for every event and message was a twentieth of a posting's time. Events are written by the
-- recording functions only, which look at the type where it is not their own constant; a message that points at an event
-- has that event's type.
ALTER TABLE audit.events DROP CONSTRAINT events_type_is_a_topic;
ALTER TABLE messaging.outbox_messages DROP CONSTRAINT outbox_event_type_is_a_topic,
  ADD CONSTRAINT outbox_event_type_is_a_topic CHECK (payload IS NULL OR event_type ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$');
