"""Likely mistakes of chapter 00, by exercise."""

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
