#!/bin/sh
# Rebuilds the style sheet and the icons from their sources. Run it after using a
# class name or an icon that no page used before, and commit the results.
# Versions are pinned in package.json; the lock file is left out, because it names
# packages for other platforms that cannot be fetched from everywhere.
set -eu
cd "$(dirname "$0")"
if [ ! -x node_modules/.bin/tailwindcss ]; then
	npm install --save-exact --ignore-scripts --no-package-lock --no-audit --no-fund --loglevel=error
fi
node icons.mjs
gofmt -w ../../internal/web/ui/icons_gen.go
node_modules/.bin/tailwindcss -i app.css -o ../../internal/web/assets/files/app.css --minify 2>&1 | grep -v '^≈\|^Done\|^$' || true
