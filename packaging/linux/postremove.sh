#!/bin/sh
# After the files of the package are gone. Debian's purge also removes the secrets, the data and the user.
set -e

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
if [ "${1:-}" = purge ]; then
	rm -rf /var/lib/tidings /etc/tidings/tidings.env
	rmdir /etc/tidings 2>/dev/null || true
	if getent passwd tidings >/dev/null; then
		userdel tidings || true
	fi
fi
