# Shared by the scripts of this folder: where the checkout is, --help from the script's own head, the environment.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ETHINFRA="$ROOT/.venv/bin/ethinfra"

# Print the comment at the head of the calling script.
usage() {
    awk 'NR > 1 && !/^#/ { exit } NR > 1 { sub(/^# ?/, ""); print }' "$0"
}

# A wish for help is answered before anything is done.
help_first() {
    for word in "$@"; do
        case "$word" in -h | --help) usage; exit 0 ;; esac
    done
}

# Refuse an option that a verb of ethinfra's does not know before anything is installed for it.
check_options() {
    "$ETHINFRA" "$@" --help >/dev/null
}

# Stop with what to do if the Python environment is not there.
need_environment() {
    [ -x "$ETHINFRA" ] || {
        echo "the Python environment is missing: run $ROOT/scripts/install-dependencies.sh first" >&2
        exit 2
    }
}
