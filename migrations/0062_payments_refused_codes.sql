-- What a network refuses has its code too; what a bank refuses with a file may have none.
ALTER TABLE payments.instructions DROP CONSTRAINT instructions_returned_says_why,
  ADD CONSTRAINT instructions_returned_says_why
    CHECK (CASE status WHEN 'returned' THEN return_code IS NOT NULL WHEN 'rejected' THEN true ELSE return_code IS NULL END);
