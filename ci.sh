#!/usr/bin/env bash
# Every check of this repository: ./ci.sh [fmt|lint|test|isa|cross|qemu|docs|size|python|all]; `all` leaves out python, which fetches
# PyTorch, gigabytes of it.
# Prints what it runs. What it needs and cannot find it installs, and says so; what it cannot install is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

DEVICE=thumbv7em-none-eabihf
FIRMWARE=examples/firmware
BOARDS=tests/device
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

# QEMU's emulators of boards, each with Debian's package for it.
need_qemu() {
    need_packages "qemu-system-arm qemu-system-arm
qemu-system-riscv32 qemu-system-misc"
}

# What runs other architectures' programs here.
need_emulators() {
    need_packages "qemu-aarch64 qemu-user
aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross
node nodejs"
}

# need_packages TABLE: lines of a command and Debian's packages for it; those of missing commands are installed.
need_packages() {
    local command packages root=() missing=()
    while read -r command packages; do
        # shellcheck disable=SC2206 # several packages are several words
        command -v "$command" >/dev/null || missing+=($packages)
    done <<<"$1"
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "${missing[*]} is missing: install what Debian calls so (QEMU 7.2, node 20 or later)"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "${missing[*]} is missing: run apt-get install ${missing[*]} as root"
        root=(sudo)
    fi
    say "${missing[*]} is missing: installing it with apt-get"
    { run "${root[@]}" apt-get update -qq && run "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >&2 ||
        die "cannot install ${missing[*]}"
}

# The browser that opens the reports.
need_browser() {
    need_packages "chromium chromium fonts-dejavu-core"
}

fmt() {
    run cargo fmt --all --check
    in_firmware cargo fmt --check
    (cd "$BOARDS" && run cargo fmt --check)
}

lint() {
    run cargo clippy "${HOST[@]}" --all-targets -- -D warnings
    in_firmware cargo clippy --release --locked -- -D warnings
    lint_boards mps2-an386 thumbv7em-none-eabihf cortex-m4
    lint_boards mps2-an500 thumbv7em-none-eabihf cortex-m7
    lint_boards mps2-an505 thumbv8m.main-none-eabihf cortex-m33
    lint_boards mps3-an547 thumbv8m.main-none-eabihf cortex-m55
    elsewhere clippy aarch64-unknown-linux-gnu --all-targets -- -D warnings
    elsewhere clippy wasm32-wasip1 --all-targets -- -D warnings
    # Not built here: peers take minutes. Its lock file has to follow the workspace's packages all the same.
    (cd benches/peers && run cargo update --quiet --workspace --locked)
}

# lint_boards BOARD TARGET PROCESSOR: the engine as it is there, and the tests for boards.
lint_boards() {
    local -x CARGO_TARGET_DIR PERCIO_BOARD=$1 RUSTFLAGS="-Ctarget-cpu=$3"
    CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")/boards
    run cargo clippy --target "$2" --locked -p percio --no-default-features -- -D warnings
    (cd "$BOARDS" && run cargo clippy --target "$2" --locked --all-features -- -D warnings)
}

# The firmware and the boards in QEMU are among these.
test() {
    need_qemu
    need_browser
    run cargo test "${HOST[@]}" --no-fail-fast
}

# elsewhere COMMAND TARGET ARGUMENTS: cargo's command on the engine as it is there, optimised; QEMU and node run what it builds.
elsewhere() {
    local -x CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    local -x CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
    local -x CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS=-Ctarget-feature=+simd128
    # From the directory of the package, where cargo starts it.
    local -x CARGO_TARGET_WASM32_WASIP1_RUNNER="node --no-warnings ../tests/support/wasi.mjs"
    run cargo "$1" --release --locked -p percio --no-default-features --features std,reference --target "${@:2}"
}

# The kernels against their textbook twins on aarch64 and WebAssembly, and the choice of each instruction set of this machine, on all
# of which `test` holds the kernels against them.
isa() {
    local name names=(scalar)
    if [ "$(uname -m)" = x86_64 ]; then
        grep -qw avx2 /proc/cpuinfo && names+=(avx2)
        if grep -qw avx512f /proc/cpuinfo; then
            names+=(avx512)
        else
            say "this processor has no AVX-512: those kernels are compiled here, not run"
        fi
    fi
    for name in "${names[@]}"; do
        run env PERCIO_ISA="$name" cargo test "${HOST[@]}" --test twins dispatch
    done
    elsewhere test "$(rustc -vV | sed -n 's/^host: //p')" --test twins opcodes
    need_emulators
    elsewhere test aarch64-unknown-linux-gnu --test twins
    elsewhere test wasm32-wasip1 --test twins
}

# The runtime, and a crate that uses it, where there is no std.
cross() {
    run cargo build --locked --target "$DEVICE" -p percio --no-default-features
    run cargo build --locked --target "$DEVICE" -p no-std-consumer
}

# In QEMU: the firmware against its record, the host and its limits, and the symbols that it links; kernels against their
# twins, and what they cost, on every board; models on every board.
qemu() {
    need_qemu
    run cargo test "${HOST[@]}" --test firmware --test boards --test backends
}

docs() {
    run env RUSTDOCFLAGS=-Dwarnings cargo doc "${HOST[@]}" --no-deps
}

# The sections of the firmware.
size() {
    need_qemu
    run cargo test "${HOST[@]}" --test firmware code_stays_small -- --exact --nocapture
}

# The Python side against the libraries that it exports from, and its commands against `percio compare`.
python() {
    command -v python3 >/dev/null || die "python3 is missing: install Python 3.11 or later, with its venv"
    local side=hosttools/python target venv sources
    target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
    venv=$target/python/venv
    sources=$target/python/perceiver-io-0.6.0
    [ -x "$venv/bin/python" ] || run python3 -m venv "$venv"
    run "$venv/bin/pip" install --quiet -r "$side/requirements.txt" -r "$side/requirements-libraries.txt" "./$side"
    [ -d "$sources" ] || run "$venv/bin/pip" install --quiet --no-deps --target "$sources" perceiver-io==0.6.0
    run cargo build --locked -p percio-hosttools --all-features
    local -x PERCIO=$target/debug/percio PERCEIVER_IO=$sources
    run "$venv/bin/python" "$side/test_native.py"
    run "$venv/bin/python" "$side/test_export.py"
    run "$venv/bin/python" "$side/test_commands.py"
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
    fmt | lint | test | isa | cross | qemu | docs | size | python | all) ;;
    *) die "usage: ./ci.sh fmt|lint|test|isa|cross|qemu|docs|size|python|all" ;;
esac
[ "$#" = 1 ] || die "one step at a time, or all"
need_rust
"$1"
