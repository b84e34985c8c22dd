#!/bin/sh
# need.sh postgres|chromium|cc …: makes sure that a program which the tests use is there.
#
# Looks for it, else installs it (as root on Debian and its relatives), else says what is missing and fails.
# On success it prints where the program is: for postgres the folder of initdb and pg_ctl, else the program.
set -eu

find_postgres() {
	for d in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5,5nr); do
		if [ -x "$d/initdb" ] && [ -x "$d/pg_ctl" ]; then
			echo "$d"
			return
		fi
	done
	if p=$(command -v initdb) && command -v pg_ctl >/dev/null; then
		dirname "$p"
		return
	fi
	return 1
}

find_chromium() {
	command -v chromium-headless-shell || command -v chromium || command -v chromium-browser || command -v google-chrome
}

find_cc() {
	command -v cc || command -v gcc || command -v clang
}

packages() {
	case $1 in
	postgres) echo postgresql ;;
	chromium) echo chromium-headless-shell ;;
	cc) echo gcc libc6-dev ;;
	esac
}

missing() {
	case $1 in
	postgres) echo "PostgreSQL is missing; as root: apt-get install postgresql, or set KV_TEST_PG to the address of a server" ;;
	chromium) echo "A browser is missing; as root: apt-get install chromium-headless-shell (or chromium)" ;;
	cc) echo "A C compiler is missing, which the race detector needs; as root: apt-get install gcc libc6-dev" ;;
	esac >&2
	exit 1
}

install_it() {
	[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
	if [ "$1" = postgres ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
		# The tests make clusters of their own; the package would start one that nobody uses.
		mkdir -p /etc/postgresql-common
		echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
	fi
	log=$(mktemp)
	# shellcheck disable=SC2046 # several packages are several words
	if { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
		-o Dpkg::Options::=--force-confold $(packages "$1"); } >"$log" 2>&1; then
		rm -f "$log"
		return 0
	fi
	tail -n 5 "$log" >&2
	rm -f "$log"
	return 1
}

[ $# -gt 0 ] || {
	echo "usage: need.sh postgres|chromium|cc …" >&2
	exit 2
}
for what in "$@"; do
	case $what in
	postgres | chromium | cc) ;;
	*)
		echo "need.sh: don't know $what" >&2
		exit 2
		;;
	esac
	"find_$what" && continue
	install_it "$what" || missing "$what"
	"find_$what" || missing "$what"
done
