"""Where this installation runs: one frozen dataclass, read once from the environment.

Each field of `Config` is one variable, `HEADGATE_` and its name in capitals; `.env.example` lists them all. A secret
may come as `NAME` or, for secrets mounted as files, as `NAME_FILE`. What is present but invalid ends the start with one
line that names the variable; so does a variable that looks like a misspelling of one of ours. What the bank demands is
a bank profile and what a tenant chose is a table: neither is here.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from headgate.core import brokers, mailers
from headgate.core.errors import ConfigError

PREFIX: Final = "HEADGATE_"
TEST_PREFIX: Final = "HEADGATE_TEST_"
"""What the test suite reads for itself; an installation ignores it."""
READ_BY_A_COMMAND: Final = ("HEADGATE_PROVIDER_AUTHORIZATION",)
"""What one command reads for itself: no settings of an installation, and no strangers either."""

MASTER_KEY_BYTES: Final = 32

Environ = Mapping[str, str]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PLACEHOLDERS = re.compile(
    r"(?i)change.?(me|it|this)|place.?holder|example|your[-_ ].*|secret|password|passwd"
    r"|postgres|headgate|admin|todo|x{3,}|<.*>|\*+"
)


def _setting(parse: Callable[[str], Any], *, secret: bool = False) -> dict[str, Any]:
    return {"parse": parse, "secret": secret}


def _choice(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"must be one of {', '.join(words)}, not {text!r}")
        return text.lower()

    return parse


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {text!r}")
        return int(text)

    return parse


def _folder(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_absolute():
        raise ValueError(f"must be an absolute path, not {text!r}")
    try:
        if path.exists() and not path.is_dir():
            raise ValueError(f"must be a folder; {text} is a file")
    except OSError as error:
        raise ValueError(f"names {text}, which this account cannot reach: {error.strerror}") from None
    return path


def _postgres_url(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("must be a URL that starts with postgresql://")
    try:
        conninfo_to_dict(text)
    except psycopg.ProgrammingError:
        # libpq's own message may quote the URL, password included.
        raise ValueError("is no URL that libpq can read; percent-encode special characters of the password") from None
    return text


def _amqp_url(text: str) -> str:
    brokers.read(text)
    return text


@dataclass(frozen=True, slots=True)
class ArtifactsUrl:
    """Where large bodies are stored: `file` and a path, or `s3`, a bucket and a folder in it."""

    scheme: Literal["file", "s3"]
    host: str
    path: str
    endpoint_url: str | None = None
    region: str | None = None


def _artifacts_url(text: str) -> ArtifactsUrl:
    parts = urlsplit(text)
    if parts.username or parts.password:
        raise ValueError("must hold no keys; give them as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    if parts.scheme == "file":
        if parts.netloc or parts.query or parts.fragment or not Path(unquote(parts.path)).is_absolute():
            raise ValueError("must be file:// and an absolute path, as file:///srv/artifacts")
        return ArtifactsUrl("file", "", unquote(parts.path))
    if parts.scheme != "s3":
        raise ValueError("must start with file:// or s3://")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    endpoint = query.pop("endpoint_url", None)
    region = query.pop("region", None)
    if (
        not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", parts.netloc)
        or ".." in parts.path
        or query
        or parts.fragment
    ):
        raise ValueError("must be s3://bucket/folder, with endpoint_url and region after a ? where they are needed")
    if endpoint is not None and not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+/?", endpoint):
        raise ValueError("has an endpoint_url that is no https:// address")
    return ArtifactsUrl("s3", parts.netloc, parts.path, endpoint, region)


def _mail_url(text: str) -> str:
    mailers.read(text)
    return text


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != MASTER_KEY_BYTES:
        raise ValueError(f"must be {MASTER_KEY_BYTES} random bytes in base64, as `openssl rand -base64 32` prints them")
    return key


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part) for part in _parts(text))
    except ValueError as error:
        raise ValueError(f"must be networks like 10.1.0.0/16, parted by commas: {error}") from None


def _hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(part.lower() for part in _parts(text))
    for host in hosts:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", host):
            raise ValueError(f"must be host names parted by commas, without scheme, port or wildcard; {host!r} is none")
    return hosts


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """This installation's settings. `from_environment` makes it; its repr holds no secret."""

    env: Literal["development", "production", "test"] = field(
        default="development", metadata=_setting(_choice("development", "production", "test"))
    )
    home: Path = field(metadata=_setting(_folder))
    database_url: str | None = field(default=None, repr=False, metadata=_setting(_postgres_url, secret=True))
    database_direct_url: str | None = field(default=None, repr=False, metadata=_setting(_postgres_url, secret=True))
    broker_url: str | None = field(default=None, repr=False, metadata=_setting(_amqp_url, secret=True))
    artifacts_url: ArtifactsUrl | None = field(default=None, metadata=_setting(_artifacts_url))
    database_wait_seconds: int = field(default=10, metadata=_setting(_number(0, 3600)))
    pool_max: int = field(default=10, metadata=_setting(_number(1, 500)))
    master_key: bytes | None = field(default=None, repr=False, metadata=_setting(_key, secret=True))
    master_key_previous: bytes | None = field(default=None, repr=False, metadata=_setting(_key, secret=True))
    port: int = field(default=8080, metadata=_setting(_number(1, 65535)))
    trusted_hosts: tuple[str, ...] = field(default=(), metadata=_setting(_hosts))
    log_level: Literal["debug", "info", "warning", "error"] = field(
        default="info", metadata=_setting(_choice("debug", "info", "warning", "error"))
    )
    log_format: Literal["json", "text"] = field(default="text", metadata=_setting(_choice("json", "text")))
    egress_allow: tuple[Network, ...] = field(default=(), metadata=_setting(_networks))
    smtp_url: str | None = field(default=None, repr=False, metadata=_setting(_mail_url, secret=True))
    mail_from: str | None = field(default=None, metadata=_setting(mailers.check_address))
    unknown: tuple[str, ...] = field(default=(), compare=False)
    """HEADGATE_ variables that are none of ours and resemble none: the doors log them, doctor lists them."""

    @classmethod
    def from_environment(cls, environ: Environ | None = None) -> Config:
        """Read every variable. Raises ConfigError with one line that names the first variable that is wrong."""
        config, problems = _read(os.environ if environ is None else environ)
        if problems:
            raise ConfigError(problems[0])
        assert config is not None, "no problem and no config"
        return config

    @property
    def production(self) -> bool:
        """Whether this is a production installation: secrets must be given, and remote connections encrypted."""
        return self.env == "production"

    @property
    def pooled(self) -> bool:
        """Whether the database URL is a pooler's, since a direct one stands beside it: no prepared statements there."""
        return self.database_direct_url is not None

    @property
    def keys_folder(self) -> Path:
        """Where keys are kept that are not given by the environment."""
        return self.home / "keys"


def variables() -> list[str]:
    """Every variable that may be set, in the order of `.env.example`; a secret also in its `_FILE` form."""
    return [name for item in _settings() for name in _names(item)]


def problems(environ: Environ | None = None, *, production: bool = False) -> list[str]:
    """Everything that is wrong with the environment, a line each; `production` judges it as production would."""
    chosen = dict(os.environ if environ is None else environ)
    if production:
        chosen[PREFIX + "ENV"] = "production"
    return _read(chosen)[1]


def default_home(environ: Environ) -> Path:
    """Where an installation's data live that names no home: `/var/lib/headgate` for root, else under the user's own."""
    if os.geteuid() == 0:
        return Path("/var/lib/headgate")
    own = environ.get("HOME")
    return (Path(own) if own else Path.home()) / ".local/share/headgate"


def is_local(url: str, environ: Environ) -> bool:
    """Whether every host of a PostgreSQL URL is this machine: a socket, or a loopback address or name."""
    facts = conninfo_to_dict(url)
    # libpq connects to hostaddr where it is given, and falls back on its own variables where the URL has no host.
    where = facts.get("hostaddr") or facts.get("host") or environ.get("PGHOSTADDR") or environ.get("PGHOST") or ""
    return all(_is_local_host(unquote(host).strip()) for host in str(where).split(","))


def _settings() -> list[Field[Any]]:
    return [item for item in fields(Config) if "parse" in item.metadata]


def _names(item: Field[Any]) -> list[str]:
    name = PREFIX + item.name.upper()
    return [name, name + "_FILE"] if item.metadata["secret"] else [name]


def _read(environ: Environ) -> tuple[Config | None, list[str]]:
    found: dict[str, Any] = {}
    problems: list[str] = []
    for item in _settings():
        name = _names(item)[0]
        try:
            text = _text(environ, name, secret=item.metadata["secret"])
            if text is not None:
                found[item.name] = item.metadata["parse"](text)
        except ValueError as error:
            problems.append(f"{name} {error}")
    strangers = [
        name
        for name in environ
        if name.startswith(PREFIX)
        and not name.startswith(TEST_PREFIX)
        and name not in variables()
        and name not in READ_BY_A_COMMAND
    ]
    problems += filter(None, map(_misspelling, sorted(strangers)))
    found.setdefault("home", default_home(environ))
    found.setdefault("log_format", "json" if found.get("env") == "production" else "text")
    config = Config(**found, unknown=tuple(sorted(strangers)))
    problems += _contradictions(config)
    if config.production:
        problems += _unfit_for_production(config, environ)
    return (None if problems else config), problems


def _text(environ: Environ, name: str, *, secret: bool) -> str | None:
    """A variable's text, or None where it is unset; an empty one counts as unset, as .env files have it."""
    plain = environ.get(name, "").strip()
    file = environ.get(name + "_FILE", "").strip() if secret else ""
    if name == PREFIX + "ENV" and name in environ and not plain:
        # An empty ENV is a deployment whose variable was not filled in: guessing "development" would open it.
        raise ValueError("is empty; say development, production or test")
    if plain and file:
        raise ValueError(f"and {name}_FILE are both set; keep one")
    if not file:
        return plain or None
    try:
        text = Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ValueError(
            f"_FILE names {file}, which cannot be read: {reason}".replace("_FILE", f"({name}_FILE)", 1)
        ) from None
    if not text:
        raise ValueError(f"({name}_FILE) names {file}, which is empty")
    return text


def _misspelling(name: str) -> str | None:
    known = {variable.removeprefix(PREFIX): variable for variable in variables()}
    word = name.removeprefix(PREFIX).removesuffix("_FILE")
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.75)
    return f"{name} is no setting of Headgate; {known[near[0]]} is meant, it seems" if near else None


def _contradictions(config: Config) -> list[str]:
    found = []
    if config.database_direct_url and not config.database_url:
        found.append(f"{PREFIX}DATABASE_DIRECT_URL is set without {PREFIX}DATABASE_URL; name the pooler's URL too")
    if config.master_key_previous and not config.master_key:
        found.append(f"{PREFIX}MASTER_KEY_PREVIOUS is set without {PREFIX}MASTER_KEY; name the key that replaces it")
    if config.master_key_previous and config.master_key_previous == config.master_key:
        found.append(f"{PREFIX}MASTER_KEY_PREVIOUS is the same as {PREFIX}MASTER_KEY; remove it, or set the new key")
    if (config.smtp_url is None) != (config.mail_from is None):
        found.append(f"{PREFIX}SMTP_URL and {PREFIX}MAIL_FROM belong together; set both, or neither")
    return found


def _unfit_for_production(config: Config, environ: Environ) -> list[str]:
    found = []
    if config.master_key is None and not any(
        environ.get(f"{PREFIX}MASTER_KEY{end}", "").strip() for end in ("", "_FILE")
    ):
        found.append(
            f"{PREFIX}MASTER_KEY is missing; production takes it from {PREFIX}MASTER_KEY or {PREFIX}MASTER_KEY_FILE"
        )
    for name, key in (("MASTER_KEY", config.master_key), ("MASTER_KEY_PREVIOUS", config.master_key_previous)):
        if key is not None and _is_guessable(key):
            found.append(f"{PREFIX}{name} is a placeholder; make one with `openssl rand -base64 32`")
    for name, url in (("DATABASE_URL", config.database_url), ("DATABASE_DIRECT_URL", config.database_direct_url)):
        if url and not is_local(url, environ):
            found += _unfit_url(PREFIX + name, url, environ)
    if config.broker_url:
        found += _unfit_broker(config.broker_url)
    endpoint = config.artifacts_url.endpoint_url if config.artifacts_url else None
    if endpoint and endpoint.startswith("http:") and not _is_local_host(urlsplit(endpoint).hostname or ""):
        found.append(
            f"{PREFIX}ARTIFACTS_URL is a plain-text connection to another machine; use an https:// endpoint_url"
        )
    if config.smtp_url:
        found += _unfit_mail_server(config.smtp_url)
    return found


def _unfit_mail_server(url: str) -> list[str]:
    server = mailers.read(url)
    if _is_local_host(server.host):
        return []
    found = []
    if server.encryption == "none":
        found.append(f"{PREFIX}SMTP_URL is a plain-text connection to another machine; leave tls=none out")
    if server.password and _PLACEHOLDERS.fullmatch(server.password):
        found.append(f"{PREFIX}SMTP_URL carries a placeholder for a password; set the real one")
    return found


def _unfit_broker(url: str) -> list[str]:
    broker = brokers.read(url)
    if all(_is_local_host(host) for host, _ in broker.nodes):
        return []
    found = []
    if not broker.tls:
        found.append(f"{PREFIX}BROKER_URL is a plain-text connection to another machine; use amqps://")
    if broker.password == brokers.GUEST or _PLACEHOLDERS.fullmatch(broker.password):
        found.append(f"{PREFIX}BROKER_URL carries a placeholder for a password; set the real one")
    return found


def _unfit_url(name: str, url: str, environ: Environ) -> list[str]:
    facts = conninfo_to_dict(url)
    found = []
    if (facts.get("sslmode") or environ.get("PGSSLMODE")) not in ("require", "verify-ca", "verify-full"):
        found.append(
            f"{name} is a plain-text connection to another machine; add sslmode=verify-full (or verify-ca, require)"
        )
    password = facts.get("password")
    if password is not None and _PLACEHOLDERS.fullmatch(str(password)):
        found.append(f"{name} carries a placeholder for a password; set the real one")
    return found


def _is_guessable(key: bytes) -> bool:
    """Whether a key was typed rather than drawn. Of random keys, one in 10^13 is all printable, and next to none has no
    more than 16 different bytes."""
    return len(set(key)) <= 16 or all(32 <= byte < 127 for byte in key)


def _is_local_host(host: str) -> bool:
    if host == "" or host.startswith(("/", "@")) or host.lower().rstrip(".") in ("localhost", "localhost.localdomain"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
