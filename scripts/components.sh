#!/usr/bin/env bash
# Install the real components that the tests use, on Debian. Only what they use now: no object store.
# Safe to repeat: what is there is left alone.
set -euo pipefail

declare -A program=(
  [postgresql-15]=/usr/lib/postgresql/15/bin/postgres
  [pgbouncer]=/usr/sbin/pgbouncer
  [openssh-server]=/usr/sbin/sshd
  [chromium]=/usr/bin/chromium
  [rabbitmq-server]=/usr/lib/rabbitmq/bin/rabbitmq-server
  [dovecot-imapd]=/usr/sbin/dovecot
)

missing=()
for package in "${!program[@]}"; do
  [ -x "${program[$package]}" ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "Every component is there: ${!program[*]}"
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "make components knows Debian only. Install by hand, where the tests look: ${missing[*]}" >&2
  for package in "${missing[@]}"; do echo "  $package: ${program[$package]}" >&2; done
  exit 1
fi
root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "Run as root: apt-get install ${missing[*]}" >&2; exit 1; }
  root=(sudo)
fi

# The tests start a PostgreSQL 15 of their own: Debian need not make and start a cluster for it.
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
  "${root[@]}" mkdir -p /etc/postgresql-common
  echo "create_main_cluster = false" | "${root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
# Nor a broker: the tests start their own, with a port and a name server of its own.
if [[ " ${missing[*]} " == *" rabbitmq-server "* ]] && [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\n[ "$1" = rabbitmq-server ] && exit 101\nexit 0\n' | "${root[@]}" tee /usr/sbin/policy-rc.d >/dev/null
  "${root[@]}" chmod +x /usr/sbin/policy-rc.d
  trap '"${root[@]}" rm -f /usr/sbin/policy-rc.d' EXIT
fi
"${root[@]}" apt-get update -qq
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
for package in "${missing[@]}"; do
  [ -x "${program[$package]}" ] || { echo "$package is installed, but ${program[$package]} is not there" >&2; exit 1; }
done
echo "Installed: ${missing[*]}"
