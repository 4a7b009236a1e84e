#!/usr/bin/env bash
# Remove the cluster and everything that it left on this machine.
#
#   cleanup.sh [--env ENV] [--layers] [--delete-data]
#
# The same as `ethinfra down`; `--layers` removes only the layers, `--delete-data` their volumes too.

. "$(dirname "$0")/lib.sh"
help_first "$@"
need_environment
exec "$ETHINFRA" down "$@"
