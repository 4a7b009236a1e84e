#!/usr/bin/env bash
# Boot upstream Kubernetes on this machine, without any layer on it.
#
#   setup-local-k8s.sh [--nodes N] [--name NAME]
#
# The same as `ethinfra up --env local --cluster-only`; remove it with cleanup.sh.

. "$(dirname "$0")/lib.sh"
help_first "$@"
need_environment
check_options up --env local --cluster-only "$@"
"$ETHINFRA" tools install
exec "$ETHINFRA" up --env local --cluster-only "$@"
