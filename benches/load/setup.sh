#!/bin/sh
# Builds the load generator and the peers. Politely: one job, nice.
set -e
cd "$(dirname "$0")"
export CARGO_BUILD_JOBS="${CARGO_BUILD_JOBS:-1}"
for d in loadgen peers/limit peers/socketioxide; do
  (cd "$d" && nice cargo build --release --locked)
done
(cd peers/node && npm ci --ignore-scripts --no-audit --no-fund)
