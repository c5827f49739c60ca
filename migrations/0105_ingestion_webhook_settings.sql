-- What holds of an endpoint is asked for with every webhook, and kept until one of them changes.
SELECT core.is_setting('ingestion.webhook_endpoints');
