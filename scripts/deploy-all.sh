#!/usr/bin/env bash
# Bring up the cluster (where the environment boots one) and all layers in order, each healthy before the next.
#
#   deploy-all.sh [--env ENV] [--nodes N]
#
# The same as `ethinfra up`.

. "$(dirname "$0")/lib.sh"
help_first "$@"
need_environment
check_options up "$@"
"$ETHINFRA" tools install
exec "$ETHINFRA" up "$@"
