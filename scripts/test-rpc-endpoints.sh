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
# A wrong option ends this with code 2, as in the other scripts; pytest's own code for it is 4.
"$ROOT/.venv/bin/pytest" features/rpc "$@" --collect-only --quiet >/dev/null || exit 2
exec "$ROOT/.venv/bin/pytest" features/rpc "$@"
