#!/usr/bin/env bash
# Check that an environment's file is sound and that this machine can run it; says what is missing and what to do.
#
#   configure-environment.sh [ENV] [--cluster PROVIDER]        ENV: local (default), staging, production
#
# The same as `ethinfra env check ENV`; `ethinfra env show ENV` prints it with everything inherited.

. "$(dirname "$0")/lib.sh"
help_first "$@"
need_environment
exec "$ETHINFRA" env check "$@"
