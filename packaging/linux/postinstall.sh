#!/bin/sh
# After the files of the package are there: the user of the service, its folder, and secrets of its own.
set -e

if ! getent passwd tidings >/dev/null; then
	useradd --system --user-group --home-dir /var/lib/tidings --no-create-home --shell /usr/sbin/nologin \
		--comment "Tidings notification server" tidings
fi
mkdir -p /var/lib/tidings
chown tidings:tidings /var/lib/tidings
chmod 0700 /var/lib/tidings
chgrp tidings /etc/tidings /etc/tidings/tidings.yaml

random() { head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

new=
if [ ! -e /etc/tidings/tidings.env ]; then
	new=1
	(
		umask 0027
		cat >/etc/tidings/tidings.env <<-END
			# The secrets that /etc/tidings/tidings.yaml names, made by the installation for this machine alone.
			# APP_KEY is the API key of your backend.
			TIDINGS_SECRET=$(random 32)
			APP_KEY=$(random 24)
		END
	)
	chown root:tidings /etc/tidings/tidings.env
fi

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
	systemctl try-restart tidings.service || true
fi
if [ -n "$new" ]; then
	echo "Tidings is installed. Edit /etc/tidings/tidings.yaml (origins and content), then:"
	echo "  systemctl enable --now tidings"
	echo "The API key of your backend is APP_KEY in /etc/tidings/tidings.env."
fi
