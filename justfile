# List the recipes.
default:
    @just --list

# The pure crates, in seconds: no SDK is built.
test:
    cargo test -p bbws-model -p bbws-engine -p bbws-kinds -p bbws-cluster -p bbws-render -p bbws-testkit

# The main job, in the simulation of AWS.
try:
    cargo run -p bbws -- apply dev --sandbox --yes

# Everything that must hold before a change lands.
ci:
    bash .ci/run
