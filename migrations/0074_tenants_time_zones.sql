-- A region's name is judged in microseconds; to list pg_timezone_names reads some 600 files each time.

CREATE OR REPLACE FUNCTION tenants.check_time_zone() RETURNS trigger LANGUAGE plpgsql SET timezone = 'UTC' AS $$
BEGIN
  -- Without a digit it is no POSIX zone ('Foo3' has its sign reversed), and what PostgreSQL makes of it is its own spelling.
  IF NEW.time_zone ~ '^[A-Z][A-Za-z_-]+(/[A-Z][A-Za-z_-]+)+$' THEN
    BEGIN
      IF set_config('TimeZone', NEW.time_zone, true) IS NOT NULL AND current_setting('TimeZone') = NEW.time_zone THEN
        RETURN NEW;
      END IF;
    EXCEPTION WHEN invalid_parameter_value THEN
      NULL;
    END;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_timezone_names WHERE name = NEW.time_zone) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG301',
      MESSAGE = format('''%s'' is no time zone: write an IANA name, as America/Chicago', left(NEW.time_zone, 60));
  END IF;
  RETURN NEW;
END $$;
