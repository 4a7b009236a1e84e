#!/usr/bin/env bash
# Run every layer's own health check against a deployment that runs.
#
#   validate-deployment.sh [--env ENV] [--layer LAYER]
#
# The same as `ethinfra validate`.

. "$(dirname "$0")/lib.sh"
help_first "$@"
need_environment
exec "$ETHINFRA" validate "$@"
