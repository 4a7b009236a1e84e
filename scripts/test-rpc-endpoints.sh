#!/usr/bin/env bash
# Run the scenarios about the RPC endpoints against a deployment that runs (or boot one, where there is none).
#
#   test-rpc-endpoints.sh [--env ENV] [any pytest option]
#
# The same as `pytest features/rpc`.

. "$(dirname "$0")/lib.sh"
help_first "$@"
need_environment
cd "$ROOT"
exec "$PYTEST" features/rpc "$@"
