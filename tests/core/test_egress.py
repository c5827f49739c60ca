"""Calling out: only to public addresses, to the very address that was judged, within its bounds of time and size."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from headgate.core import egress
from headgate.core.config import Config
from headgate.core.egress import AnswerTooLarge, Client, EgressFailed, EgressRefused

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every address that anything tries to connect to; nothing is let through."""
    tried: list[object] = []

    def connect(_: socket.socket, address: object) -> None:
        tried.append(address)
        raise ConnectionRefusedError("no connection in this test")

    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried


# The corpus: nothing of it may be connected to -----------------------------------------------------------------------

PRIVATE_V4 = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.1.2.3"),
    *(
        "127.255.255.254",
        "169.254.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
    ),
    *("192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
)
PRIVATE_V6 = (
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1"),
    *("::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::8.8.8.8"),
    *("64:ff9b:1::1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1"),
    *("2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:0a00:0001::", "3fff::1", "5f00::1", "fc00::1", "fd00::1"),
    *("fd00:ec2::254", "fe80::1", "fe80::a9fe:a9fe", "fec0::1", "ff02::1", "ff05::1:3", "1::1", "4000::1"),
)
DISGUISED = (
    *(
        "http://2130706433/",
        "http://017700000001/",
        "http://0x7f000001/",
        "http://0x7f.0x0.0x0.0x1/",
        "http://0177.0.0.1/",
    ),
    *(
        "http://127.1/",
        "http://127.0.1/",
        "http://1/",
        "http://0/",
        "http://0x7f.1/",
        "http://127.0.0.01/",
        "http://00.0.0.0/",
    ),
    *(
        "http://127.0.0.1./",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://0251.0376.0251.0376/",
        "http://169.254.43518/",
    ),
    *("http://256.256.256.256/", "http://1.2.3.4.5/", "http://0x/", "http://4294967296/", "http://example.com.0x7f/"),
    *("http://user@127.0.0.1/", "http://user:pass@10.0.0.1/", "http://example.com@127.0.0.1/", "http://@example.com/"),
    *("http://example.com:80@169.254.169.254/", "http://127.0.0.1#@example.com/", "http://127.0.0.1?@example.com/"),
    *("http://example.com\\@127.0.0.1/", "http://127.0.0.1\\.example.com/", "http:\\\\127.0.0.1/", "http:/127.0.0.1/"),
    *(
        "http:127.0.0.1",
        "//127.0.0.1/",
        "127.0.0.1",
        "",
        "http://",
        "http:///path",
        "https://:443/",
        "http://?x",
        "http://.",
    ),
    *("http://127。0。0。1/", "http://127．0．0．1/", "http://１２７.0.0.1/", "http://①②⑦.0.0.1/", "http://ⓛⓞⓒⓐⓛhost/"),
    *("http://bücher.example/", "http://loc\u00adalhost/", "http://example\u3002com/", "http://exa\u200bmple.com/"),
    *(
        "http://127.0.0.1\t/",
        "http://127.0.0.1\n/",
        "http://exam ple.com/",
        "http://example.com/\r\nHost: x",
        " http://10.0.0.1/",
    ),
    *(
        "http://example.com/\x00",
        "http://%31%32%37.0.0.1/",
        "http://127.0.0.1%2f@example.com/",
        "http://exam%70le.com/",
    ),
    *(
        "http://[::1/",
        "http://::1/",
        "http://[127.0.0.1]/",
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://[]/",
    ),
    *(
        "http://[::1]x/",
        "http://[v1.fe80::1]/",
        "http://example.com:0/",
        "http://example.com:65536/",
        "http://example.com:/",
    ),
    *(
        "http://example.com:8o/",
        "http://example.com:-1/",
        "http://example..com/",
        "http://-example.com/",
        "http://exa_mple-.com/",
    ),
    *(
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1:6379/_INFO",
        "dict://127.0.0.1:11211/",
        "ldap://127.0.0.1",
    ),
    *(
        "javascript:alert(1)",
        "data:text/plain,x",
        "jar:http://127.0.0.1!/",
        "unix:///var/run/docker.sock",
        "ws://127.0.0.1/",
    ),
    *("http+unix://%2Fvar%2Frun%2Fdocker.sock/info", "HTTPS+x://a/", "netdoc:///etc/passwd", f"http://{'a' * 64}.com/"),
    f"http://{'a.' * 130}com/",
)
NAMES = (
    "localhost",
    "localhost.",
    "LOCALHOST",
    "metadata.google.internal",
    "127.0.0.1.nip.io",
    "printer",
    "db.internal",
)


def test_the_corpus_has_a_hundred_cases() -> None:
    assert len({*PRIVATE_V4, *PRIVATE_V6, *DISGUISED, *NAMES}) >= 150


@pytest.mark.parametrize("address", [*PRIVATE_V4, *PRIVATE_V6])
def test_an_address_that_is_not_public_is_not_connected_to(address: str, connects: list[object]) -> None:
    literal = f"[{address}]" if ":" in address else address
    asked = Client(resolve=lambda host, port: [address])

    for client, url in (
        (Client(), f"http://{literal}/"),
        (Client(), f"https://{literal}:8443/x"),
        (asked, "https://example.com/"),
    ):
        with pytest.raises(EgressRefused, match="not a public address"):
            client.request("GET", url)

    assert connects == []


@pytest.mark.parametrize("url", DISGUISED)
def test_a_disguised_url_is_not_connected_to(url: str, connects: list[object]) -> None:
    client = Client(resolve=lambda host, port: ["93.184.215.14"])

    with pytest.raises(EgressRefused):
        client.request("POST", url, body=b"x")
    with pytest.raises(EgressRefused):
        client.check(url)

    assert connects == []


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_the_inside_is_not_connected_to(name: str, connects: list[object]) -> None:
    inside = {"metadata.google.internal": "169.254.169.254", "printer": "192.168.1.9", "db.internal": "10.0.0.7"}

    with pytest.raises(EgressRefused):
        Client(resolve=lambda host, port: [inside.get(host, "127.0.0.1")]).request("GET", f"http://{name}/")

    assert connects == []


@pytest.mark.parametrize(
    "answer",
    [["93.184.215.14", "10.0.0.1"], ["2606:4700::1", "::1"], ["10.0.0.1", "93.184.215.14"], ["fe80::1%eth0"], ["x"]],
)
def test_an_answer_that_mixes_public_and_private_is_refused_whole(answer: list[str], connects: list[object]) -> None:
    with pytest.raises(EgressRefused):
        Client(resolve=lambda host, port: answer).request("GET", "http://example.com/")

    assert connects == []


def test_a_name_that_changes_its_address_gains_nothing(connects: list[object]) -> None:
    answers = iter([["93.184.215.14"], ["127.0.0.1"], ["127.0.0.1"]])

    with pytest.raises(EgressFailed):
        Client(resolve=lambda host, port: next(answers)).request("GET", "http://rebinding.example/")

    assert connects == [("93.184.215.14", 80)]
    assert next(answers) == ["127.0.0.1"], "the name was resolved once"


def test_the_system_resolver_is_asked_once_and_only_by_the_client(
    monkeypatch: pytest.MonkeyPatch, connects: list[object]
) -> None:
    asked: list[object] = []

    def getaddrinfo(host: str, port: int, **_: object) -> list[object]:
        asked.append((host, port))
        return [
            (socket.AF_INET6, 1, 6, "", ("2606:4700::1", port, 0, 0)),
            (socket.AF_INET, 1, 6, "", ("93.184.215.14", port)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    with pytest.raises(EgressFailed, match=r"the call to example\.com failed"):
        Client().request("GET", "https://Example.COM/")

    assert asked == [("example.com", 443)]
    assert connects == [("2606:4700::1", 443), ("93.184.215.14", 443)]


def test_a_name_without_address_fails_and_may_be_tried_again(connects: list[object]) -> None:
    def missing(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    for resolve in (missing, lambda host, port: []):
        with pytest.raises(EgressFailed, match=r"the name gone\.example") as caught:
            Client(resolve=resolve).request("GET", "http://gone.example/")
        assert caught.value.retryable

    assert connects == []


def test_no_more_than_three_addresses_are_tried(connects: list[object]) -> None:
    with pytest.raises(EgressFailed):
        Client(resolve=lambda host, port: [f"93.184.215.{n}" for n in range(1, 9)]).request(
            "GET", "http://example.com/"
        )

    assert len(connects) == 3


@given(st.ip_addresses(v=4))
def test_what_python_calls_private_is_never_public(address: ipaddress.IPv4Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not egress.is_public(address)


@given(st.ip_addresses(v=6))
def test_of_ipv6_only_global_unicast_is_public(address: ipaddress.IPv6Address) -> None:
    if not address.is_global or address.is_multicast or address.ipv4_mapped or address.sixtofour or address.teredo:
        assert not egress.is_public(address)


@given(st.text(max_size=60) | st.text(alphabet="htp:/@[]#?%\\.127x0 :", max_size=40).map(lambda rest: "http://" + rest))
def test_no_text_makes_the_client_do_anything_but_refuse_or_ask(url: str) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["10.0.0.1"]

    with pytest.raises(EgressRefused):
        Client(resolve=resolve).check(url)
    assert len(asked) <= 1


def test_public_addresses_are_public() -> None:
    for text in ("8.8.8.8", "93.184.215.14", "172.32.0.1", "100.128.0.1", "2606:4700::1", "2a00:1450:4001::1"):
        assert egress.is_public(ipaddress.ip_address(text)), text


def test_the_allow_list_opens_its_networks_and_no_others(connects: list[object]) -> None:
    client = Client.from_config(Config(home=Path("/h"), egress_allow=(ipaddress.ip_network("10.1.0.0/16"),)))

    client.check("http://10.1.2.3/")
    for url in (
        "http://10.2.0.1/",
        "http://[::ffff:10.1.2.3]/",
        "http://[64:ff9b::10.1.2.3]/",
        "http://169.254.169.254/",
    ):
        with pytest.raises(EgressRefused):
            client.check(url)

    assert connects == []


def test_a_translated_address_is_judged_at_both_ends() -> None:
    client = Client(allow=[ipaddress.ip_network("64:ff9b::/96")])

    client.check("http://[64:ff9b::8.8.8.8]/")
    for url in ("http://[64:ff9b::127.0.0.1]/", "http://[64:ff9b::169.254.169.254]/"):
        with pytest.raises(EgressRefused):
            client.check(url)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("CONNECT", {}),
        ("get", {}),
        ("GET / HTTP/1.1\r\nX:", {}),
        ("GET", {"Host": "127.0.0.1"}),
        ("GET", {"transfer-encoding": "chunked"}),
        ("GET", {"Content-Length": "5"}),
        ("GET", {"X-A": "b\r\nHost: c"}),
        ("GET", {"X-A\r\nB": "c"}),
        ("GET", {"X A": "c"}),
        ("GET", {"X-A": "ü"}),
    ],
)
def test_a_request_cannot_be_split_or_redressed(method: str, headers: dict[str, str], connects: list[object]) -> None:
    with pytest.raises(EgressRefused):
        Client(resolve=lambda host, port: ["93.184.215.14"]).request(method, "http://example.com/", headers=headers)

    assert connects == []


# Against a server of our own -----------------------------------------------------------------------------------------


@contextmanager
def serving(
    handle: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None
) -> Iterator[tuple[int, list[str]]]:
    """A server on loopback, and the peers that connected to it."""
    accepted: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                accepted.append("peer")
                try:
                    with tls.wrap_socket(peer, server_side=True) if tls else peer as wrapped:
                        handle(wrapped)
                except OSError:
                    continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], accepted
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def answering(answer: bytes, requests: list[bytes] | None = None) -> Callable[[socket.socket], None]:
    def handle(peer: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            received += peer.recv(65536)
        if requests is not None:
            requests.append(received)
        peer.sendall(answer)

    return handle


def local(**settings: object) -> Client:
    return Client(allow=LOOPBACK, resolve=lambda host, port: ["127.0.0.1"], **settings)  # type: ignore[arg-type]


def test_the_answer_comes_back_and_the_request_names_the_urls_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    requests: list[bytes] = []

    with serving(answering(b"HTTP/1.1 201 Created\r\nX-Id: 7\r\nContent-Length: 2\r\n\r\nok", requests)) as (port, _):
        answer = local().request(
            "POST", f"http://hooks.example:{port}/in?a=1#part", headers={"X-A": "b"}, body=b"hello"
        )

    assert (answer.status, answer.headers["x-id"], answer.body) == (201, "7", b"ok")
    [request] = requests
    head = request.decode().split("\r\n")
    assert head[0] == "POST /in?a=1 HTTP/1.1"
    assert f"Host: hooks.example:{port}" in head
    assert {
        "X-A: b",
        "User-Agent: headgate",
        "Accept-Encoding: identity",
        "Connection: close",
        "Content-Length: 5",
    } <= set(head)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(status: int) -> None:
    with serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")) as (inner, entered):
        redirect = (
            f"HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:{inner}/\r\nContent-Length: 0\r\n\r\n".encode()
        )
        with serving(answering(redirect)) as (port, _):
            answer = local().request("GET", f"http://hooks.example:{port}/")

    assert (answer.status, answer.body) == (status, b"")
    assert entered == []


def test_an_answer_larger_than_allowed_is_not_read_whole() -> None:
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000

    with serving(answering(endless)) as (port, _), pytest.raises(AnswerTooLarge, match="more than 1000 bytes"):
        local(size_max_bytes=1000).request("GET", f"http://hooks.example:{port}/")
    with serving(answering(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1000)) as (port, _):
        assert len(local(size_max_bytes=1000).request("GET", f"http://hooks.example:{port}/").body) == 1000


def drip(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100):
        peer.sendall(b"X: y\r\n")
        time.sleep(0.05)


def drip_body(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(100):
        peer.sendall(b"x")
        time.sleep(0.05)


def silent(peer: socket.socket) -> None:
    peer.recv(65536)
    time.sleep(1)


@pytest.mark.parametrize("handle", [drip, drip_body, silent])
def test_a_slow_server_is_cut_off_when_its_time_is_up(handle: Callable[[socket.socket], None]) -> None:
    began = time.monotonic()

    with serving(handle) as (port, _), pytest.raises(EgressFailed, match=r"did not answer within 0\.3 s"):
        local(timeout_seconds=0.3).request("GET", f"http://hooks.example:{port}/")

    assert time.monotonic() - began < 3


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"])
def test_a_broken_answer_is_no_answer(answer: bytes) -> None:
    with (
        serving(answering(answer)) as (port, _),
        pytest.raises(EgressFailed, match=r"the call to hooks\.example failed"),
    ):
        local().request("GET", f"http://hooks.example:{port}/")


def test_a_refused_connection_fails_and_may_be_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(EgressFailed) as caught:
        local().request("GET", f"http://127.0.0.1:{port}/")

    assert caught.value.retryable


def test_an_ipv6_literal_is_named_in_brackets() -> None:
    requests: list[bytes] = []
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(
            target=lambda: answering(b"HTTP/1.1 204 No Content\r\n\r\n", requests)(listener.accept()[0]), daemon=True
        )
        thread.start()
        assert local().request("GET", f"http://[::1]:{port}/").status == 204
        thread.join(5)

    assert f"Host: [::1]:{port}\r\n".encode() in requests[0]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for hooks.example, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path


def test_the_certificate_must_be_the_names_although_the_address_was_pinned(certificate: Path) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))

    with serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), server) as (port, _):
        assert local(tls=trusting).request("GET", f"https://hooks.example:{port}/").body == b"ok"
        for client, host in ((local(tls=trusting), "other.example"), (local(), "hooks.example")):
            with pytest.raises(EgressFailed, match="certificate verify failed"):
                client.request("GET", f"https://{host}:{port}/")
