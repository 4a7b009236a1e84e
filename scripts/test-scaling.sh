#!/usr/bin/env bash
# Run the scenarios about the fleet of serve nodes: how a replica starts, what it offers, and how the fleet scales under load.
#
#   test-scaling.sh [--env ENV] [any pytest option]
#
# The same as `pytest features/serving`. Scaling breaks nothing but takes the cluster for itself: on one that this project did
# not boot, those scenarios are NOT_APPLICABLE without --allow-disruptive. A run on a machine that is used up before the
# replicas are is INVALID, and says so.

. "$(dirname "$0")/lib.sh"
help_first "$@"
need_environment
cd "$ROOT"
# A wrong option ends this with code 2, as in the other scripts; pytest's own code for it is 4.
"$ROOT/.venv/bin/pytest" features/serving "$@" --collect-only --quiet >/dev/null || exit 2
exec "$ROOT/.venv/bin/pytest" features/serving "$@"
