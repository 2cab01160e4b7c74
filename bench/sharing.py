#!/usr/bin/env python3
"""How long a film takes that workers share, reckoned from what its pieces cost: a model, not a
measurement; `bench/fleet.py` measures two workers.

    sharing.py [--film SECONDS] [--workers N…]

Workers have a core and a slot each. A piece costs its share of the film, give or take a fifth, and
what it decodes and treats beside it; the holder joins pieces in their order, and encodes no other
meanwhile; what is checked of the whole comes last. The costs are those of the clip of 1080p24 in
docs/performance.md, in seconds of a core."""
import argparse
import heapq
import math
import random
import statistics
from dataclasses import dataclass

LONGEST, SHORTEST, SHARE, STEP = 60, 20, 6, 6  # model/split.cpp


@dataclass
class Costs:
    encode: float  # a second of film
    piece: float   # besides
    join: float    # a second of film, most of it sound that is encoded
    start: float
    check: float   # a second of film


KINDS = {"video": Costs(1.75, 3.3, 0.055, 0.5, 0.005),
         "adaptive_video": Costs(1.93, 3.1, 0.055, 2.5, 0.02)}


def pieces_of(film):
    """Their lengths, in seconds."""
    lengths, left = [], film
    while left > SHARE * SHORTEST:
        lengths.append(max(1, round(min(left / SHARE, LONGEST) / STEP)) * STEP)
        left -= lengths[-1]
    count = math.ceil(left / SHORTEST)
    return lengths + [left / count] * count


def whole(film, costs):
    return costs.start + (costs.encode + costs.join + costs.check) * film


def shared(film, workers, costs, chance):
    """Seconds until the last piece is joined and all is checked."""
    free = [(costs.start, number) for number in range(workers)]
    joined, owed = costs.start, 0  # what the holder, number 0, has yet to join
    for length in pieces_of(film):
        at, number = heapq.heappop(free)
        if number == 0:
            at, owed = at + owed, 0
        at += costs.encode * length * chance.uniform(0.8, 1.2) + costs.piece
        heapq.heappush(free, (at, number))
        joining = costs.join * length
        joined, owed = max(joined, at) + joining, owed + joining
    return joined + costs.check * film


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    words.add_argument("--film", type=float, default=7200, help="seconds")
    words.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 10, 30, 100])
    given = words.parse_args()
    print("| workers | " + " | ".join(KINDS) + " |\n" + "| --- " * (len(KINDS) + 1) + "|")
    for workers in given.workers:
        cells = []
        for costs in KINDS.values():
            alone = whole(given.film, costs)
            took = alone if workers == 1 else statistics.median(
                shared(given.film, workers, costs, random.Random(seed)) for seed in range(101))
            cells.append(f"{took / 60:.1f} min ({alone / took:.2f})")
        print(f"| {workers} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
