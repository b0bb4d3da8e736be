#!/bin/sh
# The way of a change, one step at a time, for any CI: pull-request.yml beside this calls each step as a job with its own role.
# The test `ci` runs the whole of it in the sandbox, with two principals.
#
#   pull-request.sh validate         every environment file, offline
#   pull-request.sh plan ENV         ENV.plan, and ENV.plan.md, which stands in the pull request as a comment
#   pull-request.sh approve ENV      a second person's approval of exactly ENV.plan (production only)
#   pull-request.sh apply ENV        exactly ENV.plan; production's only with an approval
#   pull-request.sh test             tests in dev; when they pass, sit is planned: pull-request.sh plan sit
#
# BBWS is the command (default: bbws), BBWS_OPTIONS what it is given each time, TESTS the command that tests dev.
set -eu

BBWS=${BBWS:-bbws}
BBWS_OPTIONS=${BBWS_OPTIONS:-}

bbws() {
    # Options are several words.
    # shellcheck disable=SC2086
    "$BBWS" "$@" $BBWS_OPTIONS
}

wanted() {
    if [ -z "${1:-}" ]; then
        echo "which environment? see the beginning of $0" >&2
        exit 64
    fi
}

# A plan that changes nothing leaves no file: there is nothing to approve or to apply.
plan() {
    rm -f "$1.plan" "$1.plan.md"
    code=0
    bbws plan "$1" -o "$1.plan" "--markdown=$1.plan.md" --detailed-exitcode --no-color || code=$?
    case $code in
        0) rm -f "$1.plan" ;;
        2) ;;
        *) exit "$code" ;;
    esac
}

has_plan() {
    if [ ! -f "$1.plan" ]; then
        echo "$1: the plan changes nothing; there is nothing to $2"
        exit 0
    fi
}

step=${1:-}
case $step in
    validate)
        for file in environments/*.toml; do
            bbws validate "$(basename "$file" .toml)"
        done
        ;;
    plan)
        wanted "${2:-}"
        plan "$2"
        ;;
    approve)
        wanted "${2:-}"
        has_plan "$2" approve
        bbws approve "$2" "$2.plan" --yes
        ;;
    apply)
        wanted "${2:-}"
        has_plan "$2" apply
        bbws apply "$2" "$2.plan" --yes
        ;;
    test)
        # Whatever tests dev; without any, that it is what its file says, and has its outputs.
        if [ -n "${TESTS:-}" ]; then
            sh -c "$TESTS"
        else
            bbws plan dev --detailed-exitcode > /dev/null
            bbws output dev alb_dns_name
        fi
        ;;
    *)
        echo "steps: validate, plan ENV, approve ENV, apply ENV, test" >&2
        exit 64
        ;;
esac
