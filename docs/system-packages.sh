#!/bin/sh
# Installs Debian packages as root; otherwise says in one line which are missing.
# usage: system-packages.sh [--optional] PACKAGE...
optional=
[ "$1" = "--optional" ] && { optional=1; shift; }
missing=
for package in "$@"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing$missing ..."
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing >/dev/null && exit 0
fi
echo "Missing Debian packages; install them with: sudo apt-get install -y$missing"
[ -n "$optional" ]
