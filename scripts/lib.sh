# Shared by the scripts of this folder: where the checkout is, --help from the script's own head, the environment.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ETHINFRA="$ROOT/.venv/bin/ethinfra"
PYTEST="$ROOT/.venv/bin/pytest"

# Print the comment at the head of the calling script.
usage() {
    sed -n '2,/^[^#]/{s/^# \{0,1\}//;/^[^#]*$/p}' "$0" | sed '/^set \|^source \|^\. /,$d'
}

# A wish for help is answered before anything is done.
help_first() {
    for word in "$@"; do
        case "$word" in -h | --help) usage; exit 0 ;; esac
    done
}

# Stop with what to do if the Python environment is not there.
need_environment() {
    [ -x "$ETHINFRA" ] || {
        echo "the Python environment is missing: run $ROOT/scripts/install-dependencies.sh first" >&2
        exit 2
    }
}
