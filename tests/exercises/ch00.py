"""Likely mistakes of chapter 00, right answers of other styles, and wrong ones, by exercise."""

MISTAKES = {
    "0.1": {
        "ends exchanged": """
def straight_path(z_a, z_b, t):
    t = t[:, None]
    return t * z_a + (1 - t) * z_b
""",
        "target added": """
def straight_path(z_a, z_b, t):
    return z_a + t[:, None] * z_b
""",
        "axes exchanged": """
def straight_path(z_a, z_b, t):
    return (1 - t) * z_a[:, None] + t * z_b[:, None]
""",
        "the difference alone": """
def straight_path(z_a, z_b, t):
    return torch.outer(t, z_b - z_a)
""",
    },
    "0.2": {
        "the farthest": """
def nearest_code(z, codes):
    return torch.cdist(z[None], codes)[0].argmax()
""",
        "distance, not index": """
def nearest_code(z, codes):
    return (codes - z).norm(dim=-1).min()
""",
        "largest dot product": """
def nearest_code(z, codes):
    return torch.argmax(codes @ z)
""",
        "one coordinate": """
def nearest_code(z, codes):
    return (codes - z).abs().argmin()
""",
    },
    "0.3": {
        "first to last": """
def path_length(points):
    return (points[-1] - points[0]).norm()
""",
        "squares added": """
def path_length(points):
    return ((points[1:] - points[:-1]) ** 2).sum()
""",
        "one root for all": """
def path_length(points):
    return points.diff(dim=0).norm()
""",
        "mean step": """
def path_length(points):
    return points.diff(dim=0).norm(dim=-1).mean()
""",
    },
}

ALSO_RIGHT = {
    "0.1": {
        "in place": """
def straight_path(z_a, z_b, t):
    z_b -= z_a
    return z_b * t[:, None] + z_a
""",
        "torch.lerp": """
def straight_path(z_a, z_b, t):
    return torch.lerp(z_a, z_b, t.unsqueeze(-1))
""",
        "an outer product": """
def straight_path(z_a, z_b, t):
    return torch.outer(1 - t, z_a) + torch.outer(t, z_b)
""",
        "one point after the other": """
def straight_path(z_a, z_b, t):
    return torch.stack([z_a + x * (z_b - z_a) for x in t])
""",
        "a list of lists": """
def straight_path(z_a, z_b, t):
    return [[float(a + x * (b - a)) for a, b in zip(z_a, z_b)] for x in t]
""",
        "in NumPy": """
def straight_path(z_a, z_b, t):
    z_a, z_b, t = z_a.numpy(), z_b.numpy(), t.numpy().reshape(-1, 1)
    return z_a * (1 - t) + z_b * t
""",
        "a matrix product": """
def straight_path(z_a, z_b, t):
    return torch.stack([1 - t, t], dim=1) @ torch.stack([z_a, z_b])
""",
        "filled in": """
def straight_path(z_a, z_b, t):
    points = torch.empty(len(t), len(z_a))
    for i in range(len(t)):
        points[i] = (1 - t[i]) * z_a + t[i] * z_b
    return points
""",
    },
    "0.2": {
        "in place": """
def nearest_code(z, codes):
    codes -= z
    codes *= codes
    return codes.sum(-1).argmin()
""",
        "cdist": """
def nearest_code(z, codes):
    return torch.cdist(z[None], codes).argmin()
""",
        "squares expanded": """
def nearest_code(z, codes):
    return (codes.square().sum(-1) - 2 * codes @ z).argmin().item()
""",
        "in NumPy": """
def nearest_code(z, codes):
    return np.linalg.norm(codes.numpy() - z.numpy(), axis=1).argmin()
""",
        "a loop": """
def nearest_code(z, codes):
    best, place = float("inf"), 0
    for i, code in enumerate(codes):
        distance = math.dist(code.tolist(), z.tolist())
        if distance < best:
            best, place = distance, i
    return place
""",
        "the smallest of pairs": """
def nearest_code(z, codes):
    return min(range(len(codes)), key=lambda i: (codes[i] - z).norm())
""",
        "top 1": """
def nearest_code(z, codes):
    return (codes - z).norm(dim=-1).topk(1, largest=False).indices[0]
""",
        "scikit-learn": """
from sklearn.neighbors import NearestNeighbors


def nearest_code(z, codes):
    found = NearestNeighbors(n_neighbors=1).fit(codes.numpy())
    return found.kneighbors(z[None].numpy(), return_distance=False)[0, 0]
""",
    },
    "0.3": {
        "slices": """
def path_length(points):
    return ((points[1:] - points[:-1]) ** 2).sum(-1).sqrt().sum()
""",
        "in place": """
def path_length(points):
    points[1:] -= points[:-1].clone()
    return points[1:].norm(dim=1).sum()
""",
        "a loop": """
def path_length(points):
    return sum(math.dist(p, q) for p, q in zip(points.tolist(), points.tolist()[1:]))
""",
        "in NumPy": """
def path_length(points):
    return np.linalg.norm(np.diff(points.numpy(), axis=0), axis=1).sum()
""",
        "a cumulative sum": """
def path_length(points):
    return points.diff(dim=0).norm(dim=-1).cumsum(0)[-1].item()
""",
        "pairwise distances": """
def path_length(points):
    return F.pairwise_distance(points[1:], points[:-1], eps=0).sum()
""",
        "the diagonal of cdist": """
def path_length(points):
    return torch.cdist(points, points).diagonal(1).sum()
""",
    },
}

ALSO_WRONG = {
    "0.1": {
        "t ignored": (
            """
def straight_path(z_a, z_b, t):
    return torch.lerp(z_a, z_b, torch.linspace(0, 1, len(t))[:, None])
""",
            "evenly spaced",
        ),
        "away from the target": """
def straight_path(z_a, z_b, t):
    return z_a - t[:, None] * (z_b - z_a)
""",
        "no new axis": (
            """
def straight_path(z_a, z_b, t):
    return (1 - t) * z_a + t * z_b
""",
            r"in the line `return \(1 - t\) \* z_a",
        ),
        "the chapter's own shape": (
            """
def straight_path(z_a, z_b, t):
    return (1 - t.view(4, 1)) * z_a + t.view(4, 1) * z_b
""",
            "in the line",
        ),
        "three coordinates": """
def straight_path(z_a, z_b, t):
    return torch.stack([(1 - t) * z_a[i] + t * z_b[i] for i in range(min(3, len(z_a)))], dim=1)
""",
        "smoothed": """
def straight_path(z_a, z_b, t):
    t = (3 * t**2 - 2 * t**3)[:, None]
    return (1 - t) * z_a + t * z_b
""",
        "slerp": """
def straight_path(z_a, z_b, t):
    angle = torch.acos(F.cosine_similarity(z_a, z_b, dim=0))
    a, b = torch.sin((1 - t) * angle)[:, None], torch.sin(t * angle)[:, None]
    return (a * z_a + b * z_b) / torch.sin(angle)
""",
        "the values": """
def straight_path(z_a, z_b, t):
    return torch.tensor([[1.0, -2.0, 0.5], [0.6, -1.2, 1.0], [-0.4, 0.8, 2.25], [-1.0, 2.0, 3.0]])
""",
        "words": """
def straight_path(z_a, z_b, t):
    return "a line"
""",
        "complex": """
def straight_path(z_a, z_b, t):
    return ((1 - t[:, None]) * z_a + t[:, None] * z_b) * 1j
""",
        "not a function": """
straight_path = torch.zeros(4, 3)
""",
    },
    "0.2": {
        "cosine": (
            """
def nearest_code(z, codes):
    return F.cosine_similarity(codes, z[None]).argmax()
""",
            "cosine",
        ),
        "L1": (
            """
def nearest_code(z, codes):
    return (codes - z).abs().sum(-1).argmin()
""",
            "L1 distance",
        ),
        "L-infinity": (
            """
def nearest_code(z, codes):
    return (codes - z).abs().amax(-1).argmin()
""",
            "largest difference",
        ),
        "difference of norms": (
            """
def nearest_code(z, codes):
    return (codes.norm(dim=-1) - z.norm()).abs().argmin()
""",
            "difference of norms",
        ),
        "no difference": """
def nearest_code(z, codes):
    return codes.norm(dim=-1).argmin()
""",
        "signs cancel": """
def nearest_code(z, codes):
    return (codes - z).sum(-1).abs().argmin()
""",
        "sum with signs": """
def nearest_code(z, codes):
    return (codes - z).sum(-1).argmin()
""",
        "first coordinate": """
def nearest_code(z, codes):
    return (codes - z)[:, 0].abs().argmin()
""",
        "two coordinates": (
            """
def nearest_code(z, codes):
    return (codes - z)[:, :2].norm(dim=-1).argmin()
""",
            "right on one input only.*axis left out",
        ),
        "the wrong axis": (
            """
def nearest_code(z, codes):
    return (codes - z).norm(dim=0).argmin()
""",
            "dim 0",
        ),
        "the code itself": (
            """
def nearest_code(z, codes):
    return codes[(codes - z).norm(dim=-1).argmin()]
""",
            "place among the codes",
        ),
        "one too many": (
            """
def nearest_code(z, codes):
    return (codes - z).norm(dim=-1).argmin() + 1
""",
            "from one",
        ),
        "a number": (
            """
def nearest_code(z, codes):
    return 7
""",
            "right on one input only",
        ),
        "a list": (
            """
def nearest_code(z, codes):
    return [(codes - z).norm(dim=-1).argmin()]
""",
            "single number",
        ),
        "sorted": """
def nearest_code(z, codes):
    return (codes - z).norm(dim=-1).argsort()
""",
        "NaN": """
def nearest_code(z, codes):
    return float("nan")
""",
    },
    "0.3": {
        "a closed path": (
            """
def path_length(points):
    return (points.roll(-1, 0) - points).norm(dim=-1).sum()
""",
            "first point",
        ),
        "the plane only": (
            """
def path_length(points):
    return sum(math.hypot(*(q - p)[:2]) for p, q in zip(points, points[1:]))
""",
            "two coordinates",
        ),
        "city blocks": """
def path_length(points):
    return points.diff(dim=0).abs().sum()
""",
        "the wrong dim": """
def path_length(points):
    return points.diff(dim=0).norm(dim=0).sum()
""",
        "the wrong dim twice": """
def path_length(points):
    return points.diff(dim=1).norm(dim=-1).sum()
""",
        "last step left out": """
def path_length(points):
    return sum((points[i + 1] - points[i]).norm() for i in range(len(points) - 2))
""",
        "three steps": """
def path_length(points):
    return points[:4].diff(dim=0).norm(dim=-1).sum()
""",
        "three steps and no more": (
            """
def path_length(points):
    return sum((points[i + 1] - points[i]).norm() for i in range(3))
""",
            "right on one input only.*shape .5, 2.",
        ),
        "from the origin": """
def path_length(points):
    return points.norm(dim=-1).sum()
""",
        "not added": (
            """
def path_length(points):
    return points.diff(dim=0).norm(dim=-1)
""",
            "add them",
        ),
        "added up": """
def path_length(points):
    return points.diff(dim=0).norm(dim=-1).cumsum(0)
""",
        "a typed number": """
def path_length(points):
    return 5 + 5**0.5 + 6
""",
        "nothing": """
def path_length(points):
    return torch.tensor([])
""",
        "no return": """
def path_length(points):
    points.diff(dim=0).norm(dim=-1).sum()
""",
    },
}
