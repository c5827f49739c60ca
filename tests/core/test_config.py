"""Settings: read once, refused by name where they are wrong, and listed whole in `.env.example`."""

from __future__ import annotations

import base64
import ipaddress
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core import config
from headgate.core.config import Config, ConfigError

KEY_TEXT = base64.b64encode(bytes((byte * 73 + 41) % 256 for byte in range(32))).decode()
OTHER_TEXT = base64.b64encode(bytes((byte * 91 + 7) % 256 for byte in range(32))).decode()
PRODUCTION = {"HEADGATE_ENV": "production", "HEADGATE_MASTER_KEY": KEY_TEXT}


def test_an_empty_environment_is_a_development_installation_in_the_users_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    read = Config.from_environment({"HOME": "/home/ada"})

    assert read == Config(home=Path("/home/ada/.local/share/headgate"))
    assert (read.env, read.port, read.pool_max, read.log_format) == ("development", 8080, 10, "text")
    assert not read.production
    assert not read.pooled
    assert read.keys_folder == Path("/home/ada/.local/share/headgate/keys")


def test_roots_home_is_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    assert Config.from_environment({"HOME": "/root"}).home == Path("/var/lib/headgate")


def test_without_home_the_account_says_where_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert config.default_home({}) == Path.home() / ".local/share/headgate"


def test_every_variable_is_read() -> None:
    read = Config.from_environment(
        {
            "HEADGATE_ENV": "Test",
            "HEADGATE_HOME": "/srv/headgate",
            "HEADGATE_DATABASE_URL": "postgresql://app@pooler/headgate",
            "HEADGATE_DATABASE_DIRECT_URL": "postgres://app@server/headgate",
            "HEADGATE_BROKER_URL": "amqps://hg:pw@mq1:5671,mq2/payments",
            "HEADGATE_POOL_MAX": "25",
            "HEADGATE_MASTER_KEY": KEY_TEXT,
            "HEADGATE_MASTER_KEY_PREVIOUS": OTHER_TEXT,
            "HEADGATE_PORT": "9000",
            "HEADGATE_TRUSTED_HOSTS": "pay.example.com, Other.example.com",
            "HEADGATE_LOG_LEVEL": "DEBUG",
            "HEADGATE_LOG_FORMAT": "json",
            "HEADGATE_EGRESS_ALLOW": "10.1.0.0/16, fd00::/8",
            "HEADGATE_TEST_HOME": "/tmp",
        }
    )

    assert read == Config(
        env="test",
        home=Path("/srv/headgate"),
        database_url="postgresql://app@pooler/headgate",
        database_direct_url="postgres://app@server/headgate",
        broker_url="amqps://hg:pw@mq1:5671,mq2/payments",
        pool_max=25,
        master_key=base64.b64decode(KEY_TEXT),
        master_key_previous=base64.b64decode(OTHER_TEXT),
        port=9000,
        trusted_hosts=("pay.example.com", "other.example.com"),
        log_level="debug",
        log_format="json",
        egress_allow=(ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00::/8")),
    )
    assert read.pooled
    assert read.unknown == ()


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("HEADGATE_ENV", "prod", "must be one of development, production, test, not 'prod'"),
        ("HEADGATE_ENV", "", "is empty; say development, production or test"),
        ("HEADGATE_HOME", "data", "must be an absolute path, not 'data'"),
        ("HEADGATE_HOME", "/etc/passwd", "must be a folder; /etc/passwd is a file"),
        ("HEADGATE_DATABASE_URL", "mysql://u@h/d", "must be a URL that starts with postgresql://"),
        ("HEADGATE_DATABASE_URL", "postgresql://u:p w%zz@h/d", "is no URL that libpq can read"),
        ("HEADGATE_DATABASE_DIRECT_URL", "host=db", "must be a URL that starts with postgresql://"),
        ("HEADGATE_BROKER_URL", "http://mq/", "must be a URL that starts with amqps:// or amqp://"),
        ("HEADGATE_BROKER_URL", "amqp://u:p@mq:0/", "names a port that is none"),
        ("HEADGATE_BROKER_URL", "amqp://u:p@mq,/", "names a node that is empty"),
        ("HEADGATE_BROKER_URL", "amqp://u:p@mq/a/b", "names more than one virtual host"),
        ("HEADGATE_BROKER_URL", "amqp://u:p@mq/?heartbeat=1", "knows no parameter 'heartbeat'"),
        ("HEADGATE_POOL_MAX", "0", "must be a whole number from 1 to 500, not '0'"),
        ("HEADGATE_POOL_MAX", "10.5", "must be a whole number"),
        ("HEADGATE_PORT", "tcp://10.0.0.1:80", "must be a whole number from 1 to 65535, not 'tcp://10.0.0.1:80'"),
        ("HEADGATE_PORT", "65536", "must be a whole number"),
        ("HEADGATE_PORT", "٨٠", "must be a whole number"),
        ("HEADGATE_MASTER_KEY", "c2hvcnQ=", "must be 32 random bytes in base64"),
        ("HEADGATE_MASTER_KEY", "not base64!", "must be 32 random bytes in base64"),
        ("HEADGATE_MASTER_KEY_PREVIOUS", "é", "must be 32 random bytes in base64"),
        ("HEADGATE_TRUSTED_HOSTS", "https://pay.example.com", "must be host names"),
        ("HEADGATE_TRUSTED_HOSTS", "*.example.com", "must be host names"),
        ("HEADGATE_LOG_LEVEL", "verbose", "must be one of debug, info, warning, error"),
        ("HEADGATE_LOG_FORMAT", "xml", "must be one of json, text"),
        ("HEADGATE_EGRESS_ALLOW", "10.0.0.1/8", "must be networks like 10.1.0.0/16"),
    ],
)
def test_what_is_invalid_is_named_in_one_line(name: str, text: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.from_environment({name: text})

    assert str(caught.value).startswith(f"{name} {reason}")
    assert "\n" not in str(caught.value)


def test_a_broken_url_is_refused_without_telling_its_password() -> None:
    [line] = config.problems({"HEADGATE_DATABASE_URL": "postgresql://app:hunter2hunter2@[h/d"})

    assert line.startswith("HEADGATE_DATABASE_URL is no URL")
    assert "hunter2" not in line


def test_a_home_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", refuse)

    assert config.problems({"HEADGATE_HOME": "/closed/home"}) == [
        "HEADGATE_HOME names /closed/home, which this account cannot reach: Permission denied"
    ]


def test_empty_variables_count_as_unset() -> None:
    assert Config.from_environment({"HEADGATE_HOME": "/h", "HEADGATE_PORT": "", "HEADGATE_MASTER_KEY": " "}) == Config(
        home=Path("/h")
    )


def test_a_secret_may_come_as_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY_TEXT + "\n")

    read = Config.from_environment({"HEADGATE_MASTER_KEY_FILE": str(file)})

    assert read.master_key == base64.b64decode(KEY_TEXT)


def test_a_secret_file_that_is_no_use_is_named(tmp_path: Path) -> None:
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_text("\n")
    binary.write_bytes(b"\xff\xfe")

    def said(environ: dict[str, str]) -> str:
        [line] = config.problems(environ)
        return line

    assert said({"HEADGATE_MASTER_KEY_FILE": "/no/such"}) == (
        "HEADGATE_MASTER_KEY (HEADGATE_MASTER_KEY_FILE) names /no/such, which cannot be read: No such file or directory"
    )
    assert said({"HEADGATE_MASTER_KEY_FILE": str(empty)}).endswith("which is empty")
    assert said({"HEADGATE_MASTER_KEY_FILE": str(binary)}).endswith("which cannot be read: it is no text")
    assert said({"HEADGATE_MASTER_KEY_FILE": str(empty), "HEADGATE_MASTER_KEY": KEY_TEXT}) == (
        "HEADGATE_MASTER_KEY and HEADGATE_MASTER_KEY_FILE are both set; keep one"
    )


def test_only_secrets_have_a_file_form() -> None:
    [line] = config.problems({"HEADGATE_PORT_FILE": "/run/port"})

    assert line == "HEADGATE_PORT_FILE is no setting of Headgate; HEADGATE_PORT is meant, it seems"


def test_a_misspelling_ends_the_start_and_a_stranger_is_told() -> None:
    [line] = config.problems({"HEADGATE_MASTERKEY": KEY_TEXT})
    read = Config.from_environment(
        {"HEADGATE_SERVICE_HOST": "10.0.0.1", "HEADGATE_SERVICE_PORT": "80", "HEADGATE_HOME": "/h"}
    )

    assert line == "HEADGATE_MASTERKEY is no setting of Headgate; HEADGATE_MASTER_KEY is meant, it seems"
    assert read.unknown == ("HEADGATE_SERVICE_HOST", "HEADGATE_SERVICE_PORT")


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        (
            {"HEADGATE_DATABASE_DIRECT_URL": "postgresql:///d"},
            "HEADGATE_DATABASE_DIRECT_URL is set without HEADGATE_DATABASE_URL; name the pooler's URL too",
        ),
        (
            {"HEADGATE_MASTER_KEY_PREVIOUS": KEY_TEXT},
            "HEADGATE_MASTER_KEY_PREVIOUS is set without HEADGATE_MASTER_KEY; name the key that replaces it",
        ),
        (
            {"HEADGATE_MASTER_KEY": KEY_TEXT, "HEADGATE_MASTER_KEY_PREVIOUS": KEY_TEXT},
            "HEADGATE_MASTER_KEY_PREVIOUS is the same as HEADGATE_MASTER_KEY; remove it, or set the new key",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(environ: dict[str, str], line: str) -> None:
    assert config.problems(environ) == [line]


def test_production_needs_its_master_key() -> None:
    with pytest.raises(ConfigError, match=r"^HEADGATE_MASTER_KEY is missing; production takes it from"):
        Config.from_environment({"HEADGATE_ENV": "production"})
    assert config.problems({}, production=True) == config.problems({"HEADGATE_ENV": "production"})


def test_an_unreadable_master_key_is_not_also_called_missing() -> None:
    assert len(config.problems({"HEADGATE_ENV": "production", "HEADGATE_MASTER_KEY": "short"})) == 1


@pytest.mark.parametrize("key", [bytes(32), b"changeme" * 4, b"0123456789abcdefghijklmnopqrstuv"])
def test_production_refuses_a_typed_master_key(key: bytes) -> None:
    text = base64.b64encode(key).decode()

    assert config.problems({**PRODUCTION, "HEADGATE_MASTER_KEY": text}) == [
        "HEADGATE_MASTER_KEY is a placeholder; make one with `openssl rand -base64 32`"
    ]
    assert config.problems({**PRODUCTION, "HEADGATE_MASTER_KEY_PREVIOUS": text})[0].startswith(
        "HEADGATE_MASTER_KEY_PREVIOUS is a"
    )
    assert config.problems({"HEADGATE_MASTER_KEY": text}) == []


@given(st.binary(min_size=32, max_size=32).filter(lambda key: len(set(key)) > 20 and any(byte > 126 for byte in key)))
def test_a_drawn_master_key_is_taken_in_production(key: bytes) -> None:
    text = base64.b64encode(key).decode()

    read = Config.from_environment({"HEADGATE_ENV": "production", "HEADGATE_MASTER_KEY": text})

    assert read.master_key == key
    assert read.log_format == "json"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app@db.internal/headgate",
        "postgresql://app@db.internal/headgate?sslmode=prefer",
        "postgresql://app@db.internal/headgate?sslmode=disable",
        "postgresql://app@10.0.0.7/headgate",
        "postgresql://app@localhost,db.internal/headgate",
        "postgresql://app@localhost/headgate?hostaddr=10.0.0.7",
        "postgresql:///headgate?host=db.internal",
        "postgresql://app@127.0.0.1.nip.io/headgate",
    ],
)
def test_production_refuses_plain_text_to_another_machine(url: str) -> None:
    [line] = config.problems({**PRODUCTION, "HEADGATE_DATABASE_URL": url})

    assert line.startswith(
        "HEADGATE_DATABASE_URL is a plain-text connection to another machine; add sslmode=verify-full"
    )


def test_production_reads_what_libpq_reads_besides_the_url() -> None:
    url = {**PRODUCTION, "HEADGATE_DATABASE_URL": "postgresql:///headgate"}

    assert config.problems(url) == []
    assert len(config.problems({**url, "PGHOST": "db.internal"})) == 1
    assert len(config.problems({**url, "PGHOSTADDR": "10.0.0.7"})) == 1
    assert config.problems({**url, "PGHOST": "db.internal", "PGSSLMODE": "verify-full"}) == []


def test_the_direct_url_is_held_to_the_same() -> None:
    lines = config.problems(
        {
            **PRODUCTION,
            "HEADGATE_DATABASE_URL": "postgresql://app@pooler/headgate?sslmode=verify-full",
            "HEADGATE_DATABASE_DIRECT_URL": "postgresql://app@server/headgate",
        }
    )

    assert [line.split()[0] for line in lines] == ["HEADGATE_DATABASE_DIRECT_URL"]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app@db.internal/headgate?sslmode=require",
        "postgresql://app:Zq8-vN2_kL@db.internal/headgate?sslmode=verify-full",
        "postgresql://app:password@localhost:5432/headgate",
        "postgresql://app@127.0.0.1/headgate",
        "postgresql://app@[::1]/headgate",
        "postgresql://%2Fvar%2Frun%2Fpostgresql/headgate",
        "postgresql:///headgate?host=/var/run/postgresql",
    ],
)
def test_production_takes_encrypted_or_local_servers(url: str) -> None:
    assert config.problems({**PRODUCTION, "HEADGATE_DATABASE_URL": url}) == []


@pytest.mark.parametrize(
    "password", ["changeme", "change-me", "CHANGE_THIS", "password", "postgres", "xxxx", "your-password-here"]
)
def test_production_refuses_a_placeholder_for_a_password(password: str) -> None:
    url = f"postgresql://app:{password}@db.internal/headgate?sslmode=verify-full"

    [line] = config.problems({**PRODUCTION, "HEADGATE_DATABASE_URL": url})

    assert line == "HEADGATE_DATABASE_URL carries a placeholder for a password; set the real one"


def test_a_configs_repr_tells_no_secret() -> None:
    read = Config.from_environment({**PRODUCTION, "HEADGATE_DATABASE_URL": "postgresql://app:Zq8-vN2_kL@localhost/h"})

    assert KEY_TEXT not in repr(read)
    assert "Zq8" not in repr(read)
    assert str(read.master_key) not in repr(read)


def test_the_example_lists_every_variable_each_with_a_comment() -> None:
    blocks = (Path(__file__).parents[2] / ".env.example").read_text("utf-8").strip().split("\n\n")
    listed = [name for block in blocks for name in re.findall(r"^(HEADGATE_\w+)=", block, re.MULTILINE)]

    assert listed == config.variables()
    assert len(listed) < 30
    assert all(block.startswith("# ") for block in blocks)


def test_the_example_as_it_stands_is_a_valid_environment() -> None:
    lines = (Path(__file__).parents[2] / ".env.example").read_text("utf-8").splitlines()
    environ = dict(line.split("=", 1) for line in lines if line.startswith("HEADGATE_"))

    assert config.problems(environ) == []
    assert Config.from_environment(environ) == Config.from_environment({})


def test_what_one_command_reads_is_no_stranger() -> None:
    config = Config.from_environment({"HEADGATE_PROVIDER_AUTHORIZATION": "test_key", "HEADGATE_QUITE_ELSE": "1"})

    assert config.unknown == ("HEADGATE_QUITE_ELSE",)
