"""Medians and ratios of what was measured in alternating rounds: `medians.py ORIGINAL OURS BARE DIRECT`.

Each file has one JSON object a line, one for each round; each of its numbers becomes a row. A round
trip also gets a row of what it takes more than without any proxy, which is the last file. A ratio is
the median of the rounds' ratios, because neighbours in time are as busy as each other.
"""

import json
import math
import statistics
import sys


def numbers(value, name=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers(inner, f"{name} {key}".strip())
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield name, float(value)


def shown(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def main():
    rounds = [[dict(numbers(json.loads(line))) for line in open(path)] for path in sys.argv[1:5]]
    original, ours, bare, direct = rounds
    for subject in (original, ours, bare):
        for each, without in zip(subject, direct):
            for name in [name for name in each if name.startswith("round_trip")]:
                each[f"{name}, added"] = each[name] - without.get(name, float("nan"))
    print("| median | original | ours | bare copy loop | ours / original | ours / bare |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in ours[0]:
        columns = [[each[name] for each in rounds if name in each] for rounds in (original, ours, bare)]
        if not all(columns):
            continue
        ratios = [
            statistics.median(mine / other for mine, other in zip(columns[1], column) if other > 0)
            if any(value > 0 for value in column)
            else float("nan")
            for column in (columns[0], columns[2])
        ]
        cells = [shown(statistics.median(column)) for column in columns] + ["–" if math.isnan(ratio) else f"{ratio:.2f}" for ratio in ratios]
        print(f"| {name.replace('_', ' ')} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
