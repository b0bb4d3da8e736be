# List the recipes.
default:
    @just --list

# The pure crates, in seconds.
test:
    cargo test -p bbws-model -p bbws-engine -p bbws-kinds

# Everything that must hold before a change lands.
ci:
    bash .ci/run
