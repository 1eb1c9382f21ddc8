#!/usr/bin/env bash
# Debian's Redmine for the tests: tests/tracker_bridge/get_redmine.sh FOLDER, as root. The tests find it by REDMINE_HOME.
# What the package needs is installed; the package itself is only unpacked, since it would make a database and a site of
# the system's own.
set -euo pipefail

folder=$(realpath -m "$1")
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
chmod 755 "$work"
cd "$work"

apt-get download -qq redmine
gems=$(dpkg-deb -f redmine_*.deb Depends | tr ',' '\n' | grep ruby | paste -sd,)
apt-get satisfy -y -qq --no-install-recommends "$gems, rake, ruby-sqlite3, ruby-webrick" >/dev/null
mkdir -p "$folder"
dpkg -x redmine_*.deb "$work/unpacked"
cp -r "$work/unpacked/usr/share/redmine/." "$folder"
echo "REDMINE_HOME=$folder"
