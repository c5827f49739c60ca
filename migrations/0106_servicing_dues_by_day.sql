-- A payment reads the dues up to its day and the next ones, not the whole schedule.
CREATE INDEX dues_by_day ON servicing.dues (tenant_id, loan_id, due_on, instalment_no);
