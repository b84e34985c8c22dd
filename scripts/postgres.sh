# Sourced: starts a throw-away PostgreSQL server for the tests on a socket in a
# temporary folder and sets KV_TEST_PG, unless it is set already. The server is
# stopped when the sourcing shell ends.
if [ -z "${KV_TEST_PG:-}" ]; then
  _pgbin=$(scripts/need.sh postgres)
  _pgdir=$(mktemp -d /tmp/kvpg.XXXXXX)
  _as=""
  if [ "$(id -u)" = 0 ]; then chown postgres "$_pgdir"; _as="runuser -u postgres --"; fi
  (cd / && $_as "$_pgbin/initdb" -D "$_pgdir/data" -A trust -E UTF8 --locale=C.UTF-8 --no-sync -U postgres >/dev/null)
  (cd / && $_as "$_pgbin/pg_ctl" -D "$_pgdir/data" -w -s -l "$_pgdir/log" -o "-k $_pgdir -c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300" start)
  export KV_TEST_PG="host=$_pgdir user=postgres dbname=postgres"
  _pgstop() { (cd / && $_as "$_pgbin/pg_ctl" -D "$_pgdir/data" -m immediate -w -s stop) || true; rm -rf "$_pgdir"; }
  trap _pgstop EXIT
fi
