# What the scripts share: an environment inside the checkout. Sourced by them, never run.
#
# Python packages go to .venv, npm packages to node_modules; what only the system can give (python3-venv, npm, chromium,
# database servers) comes from apt. Each step says what it does, and is skipped while what it depends on is unchanged.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() {
    printf '==> %s\n' "$*"
}

give_up() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

privileged() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Install Debian packages: as root, or with sudo.
system_packages() {
    command -v apt-get >/dev/null || give_up "please install by hand, there is no apt-get here: $*"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || give_up "root or sudo is needed once for: apt-get install $*"
    fi
    say "Installing system packages: $*"
    privileged apt-get update -qq
    privileged env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# Is the step $1 done for the state of things that $2 describes? Otherwise run the rest, and note that it is.
once() {
    local stamp=$1 state
    state=$(printf '%s' "$2" | sha256sum)
    shift 2
    if [ "$(cat "$stamp" 2>/dev/null)" != "$state" ]; then
        rm -f "$stamp"
        "$@"
        printf '%s\n' "$state" >"$stamp"
    fi
}

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3 python3.11 python3.12 python3.13 python3.14; do
        if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

install_python_packages() {
    local python
    python=$(find_python) || give_up "Python 3.11 or newer is needed; PYTHON=/path/to/python names one."
    "$python" -c 'import ensurepip, venv' 2>/dev/null || system_packages python3-venv
    if ! .venv/bin/python -c '' 2>/dev/null; then
        say "Making .venv with $("$python" --version)"
        "$python" -m venv --clear .venv
    fi
    say "Installing into .venv: $*"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=26.2"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"
}

# Have the packages $2… in .venv; $1 names this set of them.
python_packages() {
    local purpose=$1
    shift
    once ".venv/.installed-$purpose" "$root $* $(cat pyproject.toml)" install_python_packages "$@"
}

install_node_packages() {
    command -v npm >/dev/null || system_packages nodejs npm
    say "Installing into node_modules"
    npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null
}

# Have what package-lock.json pins in node_modules.
node_packages() {
    once node_modules/.installed "$(cat package-lock.json)" install_node_packages
}

# Have a Chromium, tell the tests which, and see that Playwright's driver runs: its Node wants a library that a bare
# Debian lacks.
chromium_browser() {
    .venv/bin/playwright --version >/dev/null 2>&1 || system_packages libatomic1
    if [ -z "${CHROMIUM:-}" ]; then
        command -v chromium >/dev/null || system_packages chromium fonts-liberation
        CHROMIUM=$(command -v chromium)
    fi
    export CHROMIUM
}

# Have a Firefox, which the tests start themselves.
firefox_browser() {
    [ -n "${FIREFOX:-}" ] || command -v firefox-esr >/dev/null || system_packages firefox-esr
}

# Have the programs of PostgreSQL and MariaDB; the tests start servers of their own, and no other is started here.
database_servers() {
    if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && ! command -v initdb >/dev/null; then
        if ! command -v pg_conftool >/dev/null; then
            # On a machine that had none, the package would make a server of its own and start it, now and at each boot.
            system_packages postgresql-common
            privileged pg_conftool /etc/postgresql-common/createcluster.conf set create_main_cluster false
        fi
        system_packages postgresql
    fi
    if ! command -v mariadb-install-db >/dev/null || ! command -v my_print_defaults >/dev/null; then
        system_packages mariadb-server-core mariadb-client-core # the programs alone, without the service
    fi
}

unpack_nginx() {
    local folder=$root/.venv/nginx
    system_packages libcrypt1 libpcre2-8-0 libssl3 zlib1g # what it is linked with
    say "Unpacking nginx into .venv"
    rm -rf "$folder"
    mkdir -p "$folder"
    (cd "$folder" && apt-get download -qq nginx 2>/dev/null && dpkg -x nginx_*.deb . && rm nginx_*.deb)
}

# Have nginx's program, which the tests start themselves. Unpacked, not installed: the package would start a service.
nginx_program() {
    command -v nginx >/dev/null || [ -x .venv/nginx/usr/sbin/nginx ] || unpack_nginx
}
