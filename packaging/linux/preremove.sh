#!/bin/sh
# Before the files of the package go. The argument of an upgrade is "upgrade" (Debian) or 1 (RPM): the service goes on.
set -e

case ${1:-} in
upgrade | 1) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
	systemctl disable --now tidings.service || true
fi
