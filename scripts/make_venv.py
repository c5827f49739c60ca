"""Build .venv from requirements.lock, in the first way that works here. Standard library only: it runs before all else.

1. `python3 -m venv`;
2. no ensurepip (Debian splits it off) but a pip: an environment without pip, filled by the pip that is there;
3. neither: on Debian as root, install python3-venv; else say what to install, and stop.

No package index is named: pip's own default, or the user's configuration, decides. Nothing is done when the lock, the
project's metadata and the Python are those of the last time.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "headgate.stamp"
OLDEST = (3, 11)


def main() -> int:
    """Build the environment where it is missing or out of date."""
    if sys.version_info < OLDEST:
        found, oldest = sys.version.split()[0], ".".join(map(str, OLDEST))
        stop(
            f"Headgate needs Python {oldest} or newer; {sys.executable} is {found}. "
            "Install a newer one, and name it: make venv PYTHON=python3.11"
        )
    packages, project = stamps()
    before = stamped()
    if before == [packages, project] and (VENV / "bin" / "headgate").exists():
        return 0
    if before and before[0] != packages:
        shutil.rmtree(VENV)  # what the lock no longer names must go, too
    STAMP.unlink(missing_ok=True)
    pip = make_environment()
    if not before or before[0] != packages:
        print("Installing the locked packages into .venv …", flush=True)
        install(pip, "--require-hashes", "-r", str(LOCK))
    # The build backend is in the lock, so nothing is fetched that the lock does not name.
    install(pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT))
    STAMP.write_text(f"{packages}\n{project}\n", "utf-8")
    print("Ready: .venv/bin/headgate")
    return 0


def stamps() -> tuple[str, str]:
    """Digests of what the environment is made from: Python, place and lock; and the project's own metadata."""
    packages = hashlib.sha256(f"{sys.version}\n{ROOT}\n".encode() + LOCK.read_bytes())
    return packages.hexdigest(), hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()


def stamped() -> list[str]:
    """The digests that the environment was made from; nothing where it is not whole."""
    try:
        return STAMP.read_text("utf-8").split() if PYTHON.exists() else []
    except OSError:
        return []


def make_environment() -> list[str]:
    """Make .venv, and give the pip command that installs into it."""
    if PYTHON.exists() and runs([str(PYTHON), "-m", "pip", "--version"]):
        return [str(PYTHON), "-m", "pip"]
    if VENV.exists():
        shutil.rmtree(VENV)
    if has("ensurepip") or install_ensurepip_where_allowed():
        run([sys.executable, "-m", "venv", str(VENV)])
        return [str(PYTHON), "-m", "pip"]
    run([sys.executable, "-m", "venv", "--without-pip", str(VENV)])
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def install_ensurepip_where_allowed() -> bool:
    """Where no pip can stand in for ensurepip: install it as root on Debian, else say what is missing and stop."""
    if has("pip"):
        return False
    command = ["apt-get", "install", "-y", "python3-venv"]
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("This Python has neither ensurepip nor pip: " + " ".join(command), flush=True)
        runs(["apt-get", "update"])
        if runs(command):
            return True
    return stop(
        "This Python has neither ensurepip nor pip. Install them, then run make again:\n    sudo " + " ".join(command)
    )


def install(pip: list[str], *arguments: str) -> None:
    """Run pip, and explain the failure that a fresh machine has."""
    command = [*pip, "install", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    sys.stderr.write(done.stderr)
    if done.returncode == 0:
        return
    if "CERTIFICATE_VERIFY_FAILED" in done.stderr or "SSLError" in done.stderr:
        where = ssl.get_default_verify_paths()
        stop(
            f"The package index's certificate could not be verified; this Python looks for certificates in "
            f"{where.cafile or where.capath or where.openssl_cafile}.\n"
            "Install them (Debian: apt-get install ca-certificates; macOS: run Install Certificates.command). "
            "Behind a proxy that has a certificate of its own, set PIP_CERT to its file."
        )
    stop("pip could not install the locked packages; its message stands above.")


def has(module: str) -> bool:
    """Whether this Python has a module."""
    return importlib.util.find_spec(module) is not None


def runs(command: list[str]) -> bool:
    """Whether a command succeeds."""
    try:
        return subprocess.run(command, capture_output=command[0] != "apt-get").returncode == 0
    except OSError:
        return False


def run(command: list[str]) -> None:
    """Run a command, or stop with its name."""
    if subprocess.run(command).returncode != 0:
        stop("this failed: " + " ".join(command))


def stop(message: str) -> NoReturn:
    """Say it, and end."""
    sys.exit("make venv: " + message)


if __name__ == "__main__":
    sys.exit(main())
