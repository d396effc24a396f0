#!/bin/sh
# Playwright starts this program in place of Chromium, and passes the arguments of Chromium.
exec "$RELAY_NODE" "$RELAY_SCRIPT" "$@"
