"""What a planner starts from: the ends of its paths, and a way between them that knows no ratio."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from nav_utils.arguments import expect_samples
from nav_utils.interpolation import lerp, slerp, slerp_or_lerp


class Proposal(NamedTuple):
    """What a planner starts from: the ends, and a way between them that knows no ratio."""

    z_a: Tensor  # (B, d)
    z_b: Tensor
    n_points: int
    kind: str  # "slerp", "linear" or "given"
    given: Tensor | None  # (B, n_points, d)

    @classmethod
    def of(cls, proposal: str | Tensor, z_a: Tensor, z_b: Tensor, n_points: int) -> Proposal:
        """Read `navigate`'s argument; ValueError for what makes no sense."""
        if n_points < 3:
            raise ValueError(f"n_points: expected at least 3, got {n_points}")
        if not isinstance(proposal, Tensor):
            if proposal not in PROPOSALS:
                names = ", ".join(PROPOSALS)
                raise ValueError(f"proposal: expected {names} or points, got {proposal!r}")
            return cls(z_a, z_b, n_points, proposal, None)
        expect_samples(proposal=proposal)
        points = proposal.detach().to(z_a)
        if points.shape != (len(z_a), n_points, z_a.shape[1]):
            wanted = (len(z_a), n_points, z_a.shape[1])
            raise ValueError(f"proposal: expected shape {wanted}, got {tuple(proposal.shape)}")
        if not (torch.allclose(points[:, 0], z_a) and torch.allclose(points[:, -1], z_b)):
            raise ValueError("proposal: expected points from z_a to z_b, got other ends")
        return cls(z_a, z_b, n_points, "given", points)

    def points(self) -> Tensor:
        """The points proposed, (B, n_points, d)."""
        if self.given is not None:
            return self.given
        t = torch.linspace(0, 1, self.n_points, dtype=self.z_a.dtype, device=self.z_a.device)
        return PROPOSALS[self.kind](self.z_a, self.z_b, t)

    def toward(self, z: Tensor, share: float) -> Tensor:
        """From z (B, d) a share of the way to z_b."""
        if self.given is not None:
            raise ValueError("proposal: expected 'slerp' or 'linear', as a loop proposes each step")
        return (slerp_or_lerp if self.kind == "slerp" else lerp)(z, self.z_b, share)


PROPOSALS = {"slerp": slerp, "linear": lerp}
