-- Column: payments over a bank's own API, ACH and cheques among them, and the id under which a provider knows an order.
ALTER TABLE payments.provider_settings DROP CONSTRAINT provider_settings_rail_is_spoken_to,
  DROP CONSTRAINT provider_settings_fallback_is_another_rail,
  ADD CONSTRAINT provider_settings_rail_is_spoken_to CHECK (rail IN ('ach', 'wire', 'fednow', 'rtp', 'check')),
  ADD CONSTRAINT provider_settings_fallback_is_another_rail
    CHECK (fallback_rail IN ('ach', 'wire', 'fednow', 'rtp', 'check') AND fallback_rail <> rail);
ALTER TABLE payments.instructions DROP CONSTRAINT instructions_rail_is_known,
  ADD CONSTRAINT instructions_rail_is_known CHECK (rail IN ('ach', 'wire', 'fednow', 'rtp', 'check'));

-- An attempt over ACH stands in a file, or is an order where the bank takes ACH over its API; over any other rail it is one.
ALTER TABLE payments.attempts DROP CONSTRAINT attempts_rail_is_known, DROP CONSTRAINT attempts_over_ach_stand_in_a_file,
  ADD CONSTRAINT attempts_rail_is_known CHECK (rail IN ('ach', 'wire', 'fednow', 'rtp', 'check')),
  ADD CONSTRAINT attempts_in_a_file_are_over_ach CHECK ((ach_file_id IS NULL) = (trace_number IS NULL)
    AND (ach_file_id IS NULL) = (rdfi_identification IS NULL) AND (ach_file_id IS NULL OR rail = 'ach'));

ALTER TABLE payments.orders DROP CONSTRAINT orders_rail_is_spoken_to,
  ADD CONSTRAINT orders_rail_is_spoken_to CHECK (rail IN ('ach', 'wire', 'fednow', 'rtp', 'check')),
  ADD COLUMN provider_reference text COLLATE "C",
  ADD CONSTRAINT orders_one_provider_reference_each UNIQUE (tenant_id, provider_reference);
COMMENT ON COLUMN payments.orders.provider_reference IS 'The id under which the provider knows it, once that was told; none where the reference is that';
GRANT SELECT (provider_reference), UPDATE (provider_reference) ON payments.orders TO headgate_app;
GRANT SELECT (provider_reference) ON payments.orders TO headgate_readonly;
