"""A RabbitMQ of a test's own: one node or a cluster, in a folder of its own, with ports and a name server of its own."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BIN = Path("/usr/lib/rabbitmq/bin")
START_SECONDS = 120
CONF = """\
loopback_users = none
disk_free_limit.absolute = 50MB
vm_memory_high_watermark.absolute = 400MB
cluster_partition_handling = pause_minority
log.console = false
listeners.ssl.default = 127.0.0.1:{tls_port}
ssl_options.cacertfile = {home}/tls.pem
ssl_options.certfile = {home}/tls.pem
ssl_options.keyfile = {home}/tls.key
"""


class Broker:
    """A cluster of `count` nodes on this machine, numbered from 0."""

    def __init__(self, count: int = 1) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="hgmq-"))
        self.count = count
        self.epmd_port, *ports = _free_ports(1 + 3 * count)
        self.ports, self.dist_ports, self.tls_ports = ports[:count], ports[count : 2 * count], ports[2 * count :]
        _certify(self.home)
        self.names = [f"hg{port}@localhost" for port in self.ports]
        (self.home / "home").mkdir()
        cookie = self.home / "home" / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16).upper())
        cookie.chmod(0o400)
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        """All its nodes."""
        return "amqp://guest:guest@" + ",".join(f"127.0.0.1:{port}" for port in self.ports) + "/"

    @property
    def tls_url(self) -> str:
        """The first node by TLS, whose certificate nobody but the file it names vouches for."""
        return f"amqps://guest:guest@127.0.0.1:{self.tls_ports[0]}/?cacertfile={self.home}/tls.pem"

    def start(self) -> Broker:
        """Start every node, wait until each answers, and join them."""
        for node in range(self.count):
            self.start_node(node, wait=False)
        for node in range(self.count):
            self.wait(node)
        for node in range(1, self.count):
            for words in (("stop_app",), ("reset",), ("join_cluster", self.names[0]), ("start_app",)):
                self.ctl(*words, node=node)
        return self

    def start_node(self, node: int, *, wait: bool = True) -> None:
        """Start one node."""
        folder = self.home / f"n{node}"
        folder.mkdir(exist_ok=True)
        (folder / "enabled_plugins").write_text("[].")
        (folder / "rabbitmq.conf").write_text(CONF.format(home=self.home, tls_port=self.tls_ports[node]))
        self._processes[node] = subprocess.Popen(
            [BIN / "rabbitmq-server"],
            env=self._environment(node),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if wait:
            self.wait(node)

    def wait(self, node: int) -> None:
        """Wait until a node's door is open."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.ports[node]), 1) as connection:
                    connection.settimeout(5)
                    connection.sendall(b"AMQP\x00\x00\x09\x01")
                    if connection.recv(1):
                        return
            except OSError:
                pass
            if self._processes[node].poll() is not None:
                break
            time.sleep(0.1)
        logs = "".join(
            path.read_text("utf-8", "replace")[-3000:] for path in (self.home / f"n{node}").glob("log/*.log")
        )
        raise RuntimeError(f"RabbitMQ did not start: {logs}")

    def kill(self, node: int = 0) -> None:
        """kill -9, as a power cut does."""
        process = self._processes.pop(node)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)

    def wipe(self, node: int = 0) -> None:
        """Take away all that a killed node had stored."""
        shutil.rmtree(self.home / f"n{node}" / "db")

    def leader(self, queue: str, *, by: int = 0) -> int:
        """Which node leads a quorum queue."""
        said = self.ctl("-q", "--no-table-headers", "list_queues", "name", "leader", node=by)
        found = dict(line.split("\t")[:2] for line in said.splitlines() if "\t" in line)
        return self.names.index(found[queue])

    def ctl(self, *words: str, node: int = 0) -> str:
        """`rabbitmqctl`, at a node."""
        done = subprocess.run(
            [BIN / "rabbitmqctl", "-n", self.names[node], *words],
            env=self._environment(node),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def stop(self) -> None:
        """End every node and the name server, and leave nothing behind."""
        for node in list(self._processes):
            self.kill(node)
        while left := _processes_with(f"ERL_EPMD_PORT={self.epmd_port}"):
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.1)
        shutil.rmtree(self.home, ignore_errors=True)

    def _environment(self, node: int) -> dict[str, str]:
        folder = self.home / f"n{node}"
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.home / "home"),
            "RABBITMQ_NODENAME": self.names[node],
            "RABBITMQ_NODE_PORT": str(self.ports[node]),
            "RABBITMQ_DIST_PORT": str(self.dist_ports[node]),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": str(folder / "db"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
        }


def _certify(folder: Path) -> None:
    """A key, and a certificate of its own for this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker of a test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "tls.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "tls.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _free_ports(count: int) -> list[int]:
    """Ports below those that outgoing connections are given: while a node is down, nobody else may come by its port."""
    ports: list[int] = []
    while len(ports) < count:
        port = random.SystemRandom().randrange(12_000, 32_000)
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


def _processes_with(setting: str) -> list[int]:
    """Processes that were started with this in their environment: this broker's own, since its port is its own."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if setting.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except (OSError, ValueError):
            continue
    return [pid for pid in found if pid != os.getpid()]
