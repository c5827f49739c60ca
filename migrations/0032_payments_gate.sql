-- Committed without funds: such payments wait, and are gated in the order of their due dates as money settles.
INSERT INTO payments.transitions (entity, from_status, to_status) VALUES
  ('instruction', '', 'awaiting_funding'), ('instruction', 'blocked_funds', 'awaiting_funding'),
  ('instruction', 'awaiting_funding', 'pending'), ('instruction', 'awaiting_funding', 'blocked_funds');
ALTER TABLE payments.instructions DROP CONSTRAINT instructions_funded_unless_blocked,
  ADD CONSTRAINT instructions_funded_unless_blocked CHECK ((status IN ('blocked_funds', 'awaiting_funding')) = (reservation_id IS NULL));
CREATE INDEX instructions_unfunded ON payments.instructions (tenant_id, legal_entity_id, due_on, payroll_id)
  WHERE status IN ('awaiting_funding', 'blocked_funds');
