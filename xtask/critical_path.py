#!/usr/bin/env python3
"""How long runs took against how long they had to take.

Reads lines of JSON, one a run (see crates/testkit/examples/bench/makespan.rs): what came after what, how long the cloud took to
answer for each step and to have it ready, and the events. Knows nothing of the scheduler: the critical path is the longest way
through what the cloud took, as if nobody had to look whether it was ready.
"""

import json
import statistics
import sys


def critical_path(steps):
    """The longest way, in seconds, and the addresses on it. Steps stand after all they come after."""
    began, because = {}, {}
    for step in steps:
        moments = [(began[a["step"]] + steps[a["step"]][a["until"]], a["step"]) for a in step["after"]]
        began[step["step"]], because[step["step"]] = max(moments, default=(0.0, None))
    last = max(steps, key=lambda step: began[step["step"]] + step["ready"])
    way, here = [], last["step"]
    while here is not None:
        way.append(steps[here]["address"])
        here = because[here]
    return began[last["step"]] + last["ready"], list(reversed(way))


def makespan(run):
    """From the first start to the last end. Every step must have begun and ended, and none too early."""
    at = {kind: {e["step"]: e["at"] for e in run["events"] if e["event"] == kind} for kind in ("started", "finished")}
    for step in run["steps"]:
        here, began = step["step"], at["started"][step["step"]]
        assert at["finished"][here] + 0.002 >= began + step["ready"], f"{step['address']} ended before it was ready"
        for after in step["after"]:
            first = run["steps"][after["step"]]
            known = at["started"][after["step"]] + first[after["until"]]
            assert began + 0.002 >= known, f"{step['address']} began before {first['address']} was {after['until']}"
    return max(at["finished"].values()) - min(at["started"].values())


def main():
    runs = {}
    for line in sys.stdin:
        run = json.loads(line)
        runs.setdefault(run["environment"], []).append(run)
    for environment, of in runs.items():
        ratios = []
        for run in of:
            (least, way), took = critical_path(run["steps"]), makespan(run)
            if run["seed"] is None:
                print(
                    f"{environment}: {len(run['steps'])} steps as expected take {took / 60:.1f} simulated minutes, critical path "
                    f"{least / 60:.1f}, ratio {took / least:.3f}: {' > '.join(way)}"
                )
            else:
                ratios.append(took / least)
        if ratios:
            ratios.sort()
            print(
                f"{environment}: makespan / critical path over {len(ratios)} seeds, durations drawn +-50 %: median "
                f"{statistics.median(ratios):.3f}, least {ratios[0]:.3f}, most {ratios[-1]:.3f}"
            )


if __name__ == "__main__":
    main()
