#!/usr/bin/env bash
# Every check of this repository: ./ci.sh [fmt|lint|test|isa|cross|qemu|docs|size|all]
# Prints what it runs. What it needs and cannot find it installs, and says so; what it cannot install is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

DEVICE=thumbv7em-none-eabihf
FIRMWARE=examples/firmware
STEPS=(fmt lint test isa cross docs size)
# One selection of packages and features for every host build, so that each step finds what the one before has built.
HOST=(--workspace --all-features --locked)

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { say "ci.sh: $*"; exit 1; }
run() { say "\$ $*"; "$@"; }

# In the firmware's own workspace, with the target directory of the tests in examples/tests/firmware, which build it too.
in_firmware() {
    local target
    target=$(realpath -m "${CARGO_TARGET_DIR:-target}")/firmware
    (cd "$FIRMWARE" && CARGO_TARGET_DIR=$target run "$@")
}

# The toolchain, components and targets of rust-toolchain.toml; rustup may be configured not to install them by itself.
need_rust() {
    command -v cargo >/dev/null || die "cargo is missing: install rustup (https://rustup.rs)"
    if ! command -v rustup >/dev/null; then
        [ -d "$(rustc --print sysroot)/lib/rustlib/$DEVICE" ] || die "this Rust has no target $DEVICE, and there is no rustup to add it"
        return
    fi
    local channel
    channel=$(sed -n 's/^channel *= *"\(.*\)"/\1/p' rust-toolchain.toml)
    local list='s/[",]/ /g; s/^[a-z]* *= *\[\(.*\)\]/\1/p'
    local targets components
    read -ra targets <<<"$(grep '^targets' rust-toolchain.toml | sed -n "$list")"
    read -ra components <<<"$(grep '^components' rust-toolchain.toml | sed -n "$list")"
    if ! rustup run "$channel" rustc --version >/dev/null 2>&1; then
        run rustup toolchain install "$channel" --profile minimal || die "cannot install Rust $channel"
    fi
    local installed name
    installed=$(rustup target list --installed --toolchain "$channel")
    for name in "${targets[@]}"; do
        grep -qx "$name" <<<"$installed" || run rustup target add --toolchain "$channel" "$name" || die "cannot install the target $name"
    done
    installed=$(rustup component list --installed --toolchain "$channel")
    for name in "${components[@]}"; do
        grep -q "^$name" <<<"$installed" || run rustup component add --toolchain "$channel" "$name" || die "cannot install $name"
    done
}

need_qemu() {
    command -v qemu-system-arm >/dev/null && return
    local root=()
    command -v apt-get >/dev/null || die "qemu-system-arm is missing: install QEMU for Arm (7.2 or later)"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "qemu-system-arm is missing: run apt-get install qemu-system-arm as root"
        root=(sudo)
    fi
    say "qemu-system-arm is missing: installing it with apt-get"
    { run "${root[@]}" apt-get update -qq && run "${root[@]}" apt-get install -y -qq --no-install-recommends qemu-system-arm; } >&2 ||
        die "cannot install qemu-system-arm"
    command -v qemu-system-arm >/dev/null || die "qemu-system-arm is installed, but not on the PATH"
}

fmt() {
    run cargo fmt --all --check
    in_firmware cargo fmt --check
}

lint() {
    run cargo clippy "${HOST[@]}" --all-targets -- -D warnings
    in_firmware cargo clippy --release --locked -- -D warnings
}

# The firmware in QEMU is among these.
test() {
    need_qemu
    run cargo test "${HOST[@]}" --no-fail-fast
}

# The kernels against their textbook twins, on each instruction set of this architecture.
isa() {
    local name names=(scalar)
    [ "$(uname -m)" = x86_64 ] && names+=(avx2 avx512)
    for name in "${names[@]}"; do
        run env PERCIO_ISA="$name" cargo test "${HOST[@]}" --test twins
    done
}

# The runtime, and a crate that uses it, where there is no std.
cross() {
    run cargo build --locked --target "$DEVICE" -p percio --no-default-features
    run cargo build --locked --target "$DEVICE" -p no-std-consumer
}

# The firmware in QEMU against its record, the host and its limits, and the symbols that it links.
qemu() {
    need_qemu
    run cargo test "${HOST[@]}" --test firmware
}

docs() {
    run env RUSTDOCFLAGS=-Dwarnings cargo doc "${HOST[@]}" --no-deps
}

# The sections of the firmware.
size() {
    need_qemu
    run cargo test "${HOST[@]}" --test firmware code_stays_small -- --exact --nocapture
}

all() {
    local step failed=() log
    log=$(mktemp)
    trap "rm -f '$log'" EXIT
    for step in "${STEPS[@]}"; do
        say "== $step"
        SECONDS=0
        ./ci.sh "$step" 2>&1 | tee -a "$log" || failed+=("$step")
        say "== $step: $SECONDS s"
    done
    [ ${#failed[@]} = 0 ] || say "steps that failed: ${failed[*]}"
    awk -v steps="${failed[*]}" '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
        END { printf "%d passed, %d failed%s%s\n", passed, failed, ignored ? ", " ignored " ignored" : "", steps ? ", failed steps: " steps : "" }' "$log"
    [ ${#failed[@]} = 0 ]
}

case "${1:-}" in
    fmt | lint | test | isa | cross | qemu | docs | size | all) ;;
    *) die "usage: ./ci.sh fmt|lint|test|isa|cross|qemu|docs|size|all" ;;
esac
[ "$#" = 1 ] || die "one step at a time, or all"
need_rust
"$1"
