"""Write migrations/schema.sql: what the migrations make of an empty database, listed from its catalogue."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import psycopg

from headgate.core.embedded import EmbeddedServer
from headgate.core.migrations import migrate
from headgate.core.schema_listing import listing

TARGET = Path(__file__).resolve().parent.parent / "migrations" / "schema.sql"


def main() -> int:
    """Migrate a fresh database of a server made for this, and write its listing."""
    with tempfile.TemporaryDirectory(prefix="headgate-schema-") as home:
        server = EmbeddedServer(Path(home), settings={"fsync": "off"})
        url = server.up()
        try:
            migrate(url)
            with psycopg.connect(url, autocommit=True) as connection:
                TARGET.write_text(listing(connection), "utf-8")
        finally:
            server.down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
