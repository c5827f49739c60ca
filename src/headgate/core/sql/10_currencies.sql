-- Amounts for people: decimal major units. The list is that of core/currencies.py, and a test holds the two equal.
CREATE OR REPLACE FUNCTION core.currency_exponent(p_currency text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN p_currency IN (
      'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF',
      'XPF')
    THEN 0
    WHEN p_currency IN (
      'AED', 'AFN', 'ALL', 'AMD', 'AOA', 'ARS', 'AUD', 'AWG', 'AZN', 'BAM', 'BBD', 'BDT', 'BMD', 'BND', 'BOB', 'BOV',
      'BRL', 'BSD', 'BTN', 'BWP', 'BYN', 'BZD', 'CAD', 'CDF', 'CHE', 'CHF', 'CHW', 'CNY', 'COP', 'COU', 'CRC', 'CUP',
      'CVE', 'CZK', 'DKK', 'DOP', 'DZD', 'EGP', 'ERN', 'ETB', 'EUR', 'FJD', 'FKP', 'GBP', 'GEL', 'GHS', 'GIP', 'GMD',
      'GTQ', 'GYD', 'HKD', 'HNL', 'HTG', 'HUF', 'IDR', 'ILS', 'INR', 'IRR', 'JMD', 'KES', 'KGS', 'KHR', 'KPW', 'KYD',
      'KZT', 'LAK', 'LBP', 'LKR', 'LRD', 'LSL', 'MAD', 'MDL', 'MGA', 'MKD', 'MMK', 'MNT', 'MOP', 'MRU', 'MUR', 'MVR',
      'MWK', 'MXN', 'MXV', 'MYR', 'MZN', 'NAD', 'NGN', 'NIO', 'NOK', 'NPR', 'NZD', 'PAB', 'PEN', 'PGK', 'PHP', 'PKR',
      'PLN', 'QAR', 'RON', 'RSD', 'RUB', 'SAR', 'SBD', 'SCR', 'SDG', 'SEK', 'SGD', 'SHP', 'SLE', 'SOS', 'SRD', 'SSP',
      'STN', 'SVC', 'SYP', 'SZL', 'THB', 'TJS', 'TMT', 'TOP', 'TRY', 'TTD', 'TWD', 'TZS', 'UAH', 'USD', 'USN', 'UYU',
      'UZS', 'VED', 'VES', 'WST', 'XAD', 'XCD', 'XCG', 'YER', 'ZAR', 'ZMW', 'ZWG')
    THEN 2
    WHEN p_currency IN (
      'BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND')
    THEN 3
    WHEN p_currency IN (
      'CLF', 'UYW')
    THEN 4
    END
$$;
COMMENT ON FUNCTION core.currency_exponent(text) IS 'How many decimals a currency of ISO 4217 has; NULL for what is none';

CREATE OR REPLACE FUNCTION core.major(p_minor bigint, p_currency text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE core.currency_exponent(p_currency)
           WHEN 0 THEN p_minor::numeric
           WHEN 2 THEN p_minor * 0.01
           WHEN 3 THEN p_minor * 0.001
           WHEN 4 THEN p_minor * 0.0001
         END
$$;
COMMENT ON FUNCTION core.major(bigint, text) IS 'An amount in major units, exact and with the currency''s own decimals: 1250 USD is 12.50';
GRANT EXECUTE ON FUNCTION core.currency_exponent(text), core.major(bigint, text) TO PUBLIC;
