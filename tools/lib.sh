# SPDX-License-Identifier: MIT
# lib.sh — what tools/dev and tools/check share: installing what is missing. Source it; it does nothing by itself.

# In bold on a terminal, unless NO_COLOR asks for plain text (no-color.org).
say() {
    if [ -t 2 ] && [ -z "${NO_COLOR-}" ]; then
        printf '\033[1m== %s\033[0m\n' "$*" >&2
    else
        printf '== %s\n' "$*" >&2
    fi
}

die() {
    printf 'sallyport: %s\n' "$*" >&2
    exit 1
}

# install_packages GROUP...: Debian packages of tools/packages.txt that are not there yet.
install_packages() {
    command -v apt-get >/dev/null || {
        say "no apt-get here: install the packages of tools/packages.txt yourself"
        return 0
    }
    local group name missing=()
    while read -r group name _; do
        case " $* " in *" $group "*) ;; *) continue ;; esac
        dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null | grep -q '^ii' || missing+=("$name")
    done < <(grep -v '^#' "$root/tools/packages.txt")
    [ ${#missing[@]} -eq 0 ] && return 0
    local sudo=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "need root to install: ${missing[*]}
  as root: apt-get install ${missing[*]}"
        sudo=sudo
    fi
    say "installing ${missing[*]}"
    $sudo apt-get update -qq || say "apt-get update failed; trying with the lists that are here"
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        die "apt-get could not install: ${missing[*]}"
}

# build_tree DIR MESON_OPTION...: configures once, then builds everything, or the targets in $targets.
build_tree() {
    local dir=$1 log=$root/build/setup.log
    shift
    mkdir -p "$root/build"
    if [ ! -f "$root/$dir/build.ninja" ] && ! (cd "$root" && meson setup "$dir" "$@" >"$log" 2>&1); then
        cat "$log" >&2
        return 1
    fi
    # shellcheck disable=SC2086 # the targets are words
    ninja -C "$root/$dir" ${targets-}
}
