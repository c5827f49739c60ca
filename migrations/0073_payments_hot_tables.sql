-- What a payroll of a hundred thousand writes, row by row, costs less: keys that are the same for a whole payroll or file, or that
-- the funding promise looks at anyway, are held a statement at a time (payments/sql/12_keys.sql) and proved by an invariant. The key
-- from an attempt to its reservation stays.
ALTER TABLE payments.instructions
  DROP CONSTRAINT instructions_payroll_fkey, DROP CONSTRAINT instructions_payee_fkey,
  DROP CONSTRAINT instructions_bank_account_fkey, DROP CONSTRAINT instructions_evaluation_fkey;
ALTER TABLE payments.attempts DROP CONSTRAINT attempts_instruction_fkey, DROP CONSTRAINT attempts_file_fkey;

-- One index answers what two did: the payments of a status, and what they add up to by currency.
DROP INDEX payments.instructions_by_currency;
DROP INDEX payments.instructions_by_status;
CREATE INDEX instructions_by_status ON payments.instructions (tenant_id, status, id) INCLUDE (currency, amount_minor);

-- What stands in one file must have been heard of by one time: it is the file's. Files of before have theirs by attempt.
ALTER TABLE payments.ach_files ADD COLUMN heard_by timestamptz;
COMMENT ON COLUMN payments.ach_files.heard_by IS 'By when each payment in it must have been heard of, as its bank''s profile said when it was written; of other rails, and before files said it: settlement_deadlines';
