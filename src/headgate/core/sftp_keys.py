"""The keys of an SFTP server and of the login there, as people have them and as they are kept."""

from __future__ import annotations

from collections.abc import Sequence

import asyncssh

from headgate.core import errors


class InvalidKey(errors.Unprocessable):
    """This is no key that an SFTP server or a login there could have."""

    code = "core.invalid_key"


def host_key(text: str) -> str:
    """A host key as it is kept: `ssh-ed25519 AAAA…` of a line of known_hosts or a .pub file, or `SHA256:…`.

    Raises InvalidKey.
    """
    words = text.split()
    if words and words[-1].startswith("SHA256:") and len(words[-1]) == 50:
        return words[-1]
    if words[:1] in (["@cert-authority"], ["@revoked"]):
        raise InvalidKey(
            "a host key that a certificate vouches for is not taken; give the key itself", field="host_key"
        )
    for at, word in enumerate(words[:3]):
        if word.startswith(("ssh-", "ecdsa-")):
            try:
                return line(asyncssh.import_public_key(" ".join(words[at : at + 2])))
            except asyncssh.KeyImportError:
                break
    raise InvalidKey(
        "this is no host key: write it as a line of known_hosts or of a .pub file, or as its fingerprint SHA256:…",
        field="host_key",
    )


def fingerprint(kept: str) -> str:
    """A host key as people compare it: `SHA256:…`, with its kind where the whole key is kept."""
    if kept.startswith("SHA256:"):
        return kept
    key = asyncssh.import_public_key(kept)
    return f"{key.get_algorithm()} {key.get_fingerprint()}"


def private_key(text: str) -> str:
    """A private key in OpenSSH's form, without a passphrase. Raises InvalidKey."""
    try:
        return asyncssh.import_private_key(text).export_private_key("openssh").decode()
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        if "ENCRYPTED" in text or "passphrase" in str(error).lower():
            raise InvalidKey(
                "the key has a passphrase: give a copy without one (`ssh-keygen -p -f COPY`); it is kept sealed",
                field="key",
            ) from error
        raise InvalidKey(
            "this is no private key: give the file that ssh-keygen wrote, not its .pub", field="key"
        ) from error


def preferred(host_keys: Sequence[str]) -> str | tuple[()]:
    """The kinds of the keys that are known before all others: a server has several keys, and shows the one asked for."""
    kinds: list[str] = []
    for each in host_keys:
        if not each.startswith("SHA256:"):
            kinds += [kind.decode() for kind in asyncssh.import_public_key(each).sig_algorithms]
    return "^" + ",".join(dict.fromkeys(kinds)) if kinds else ()


def line(key: asyncssh.SSHKey) -> str:
    """A public key in one line, without its comment."""
    return " ".join(key.export_public_key("openssh").decode().split()[:2])
