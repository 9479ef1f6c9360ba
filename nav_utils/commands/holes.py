"""`nav-utils holes`: where the prior promises codes and there are none."""

from __future__ import annotations

import argparse
import math

from nav_utils.commands.inputs import ratio_from
from nav_utils.evaluation import find_holes, hole_mass


def run(given: argparse.Namespace) -> None:
    ratio, _ = ratio_from(given.space)
    level = math.log(4) if given.level is None else given.level
    if ratio.prior.dim == 2:
        found = find_holes(ratio, level, radius=given.radius, min_mass=given.min_mass)
        print("prior mass   centre            worst, nats   area")
        for hole in found:
            x, y = hole.centre.tolist()
            print(
                f"{hole.mass:10.4f}   ({x:6.2f}, {y:6.2f})   {hole.worst:11.2f}   {hole.area:4.2f}"
            )
        print(f"{len(found)} holes, {sum(hole.mass for hole in found):.4f} of the prior's mass")
    else:
        mass, low, high = hole_mass(ratio, level=level)
        print(f"{mass:.4f} of the prior's mass is in holes (95 % interval {low:.4f} to {high:.4f})")
