#!/usr/bin/env bash
# Install what the project needs: Debian packages, the locked Python environment, and the toolchain.
#
#   install-dependencies.sh                  everything (the toolchain builds for about half an hour the first time)
#   install-dependencies.sh --system-only    the Debian packages of packages.debian (needs root)
#   install-dependencies.sh --python-only    .venv from requirements.lock, every package checked by its hash
#
# Repeating it installs only what is missing.

. "$(dirname "$0")/lib.sh"
help_first "$@"

install_system() {
    local missing=()
    while read -r package; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done < <(grep -v '^#' "$ROOT/packages.debian")
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "Debian packages to install: ${missing[*]}"
    if [ "$(id -u)" -ne 0 ]; then
        echo "installing them needs root; run: sudo $ROOT/scripts/install-dependencies.sh --system-only" >&2
        return 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

install_python() {
    local venv="$ROOT/.venv" python="${PYTHON:-python3}" stamp
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
        echo "$python is $("$python" --version 2>&1), but Python 3.11 or newer is needed; set PYTHON=/path/to/python3" >&2
        return 1
    }
    "$python" -c 'import ensurepip' 2>/dev/null || install_system
    stamp="$venv/.installed-$(cat "$ROOT/requirements.lock" "$ROOT/pyproject.toml" | sha256sum | cut -c1-16)"
    [ ! -e "$stamp" ] || return 0
    echo "Python environment: $venv"
    [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --require-hashes -r "$ROOT/requirements.lock"
    "$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable "$ROOT"
    rm -f "$venv"/.installed-*
    touch "$stamp"
}

case "$*" in
    --system-only) install_system ;;
    --python-only) install_python ;;
    "")
        install_system
        install_python
        "$ETHINFRA" tools install
        ;;
    *)
        echo "unknown option: $*" >&2
        usage >&2
        exit 2
        ;;
esac
