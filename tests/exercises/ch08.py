"""Likely mistakes of chapter 08, and right and wrong answers of other styles, by exercise."""

MISTAKES = {
    "8.1": {
        "gaps that cancel": """
def calibration_error(logits, is_prior, bins):
    order = logits.argsort()
    total = 0.0
    for d, y in zip(
        logits[order].sigmoid().tensor_split(bins), is_prior[order].tensor_split(bins)
    ):
        total = total + (d.mean() - y.mean()) * len(d) / len(logits)
    return total
""",
        "logit instead of probability": """
def calibration_error(logits, is_prior, bins):
    order = logits.argsort()
    total = 0.0
    for d, y in zip(logits[order].tensor_split(bins), is_prior[order].tensor_split(bins)):
        total = total + (d.mean() - y.mean()).abs() * len(d) / len(logits)
    return total
""",
        "bins that are not sorted": """
def calibration_error(logits, is_prior, bins):
    total = 0.0
    for d, y in zip(logits.sigmoid().tensor_split(bins), is_prior.tensor_split(bins)):
        total = total + (d.mean() - y.mean()).abs() * len(d) / len(logits)
    return total
""",
        "single points": """
def calibration_error(logits, is_prior, bins):
    return (logits.sigmoid() - is_prior).abs().mean()
""",
        "share of codes": """
def calibration_error(logits, is_prior, bins):
    order = logits.argsort()
    total = 0.0
    for d, y in zip(
        logits[order].sigmoid().tensor_split(bins), is_prior[order].tensor_split(bins)
    ):
        total = total + (d.mean() - (y == 0).float().mean()).abs() * len(d) / len(logits)
    return total
""",
        "bins weighed alike": """
def calibration_error(logits, is_prior, bins):
    order = logits.argsort()
    parts = zip(logits[order].sigmoid().tensor_split(bins), is_prior[order].tensor_split(bins))
    return sum((d.mean() - y.mean()).abs() for d, y in parts) / bins
""",
        "only the logits sorted": """
def calibration_error(logits, is_prior, bins):
    total = 0.0
    for d, y in zip(logits.sort().values.sigmoid().tensor_split(bins), is_prior.tensor_split(bins)):
        total = total + (d.mean() - y.mean()).abs() * len(d) / len(logits)
    return total
""",
        "bins added up": """
def calibration_error(logits, is_prior, bins):
    order = logits.argsort()
    parts = zip(logits[order].sigmoid().tensor_split(bins), is_prior[order].tensor_split(bins))
    return sum((d.mean() - y.mean()).abs() for d, y in parts)
""",
        "bins of chunk": """
def calibration_error(logits, is_prior, bins):
    order = logits.argsort()
    total = 0.0
    for d, y in zip(logits[order].sigmoid().chunk(bins), is_prior[order].chunk(bins)):
        total = total + (d.mean() - y.mean()).abs() * len(d) / len(logits)
    return total
""",
        "bins of equal width": """
def calibration_error(logits, is_prior, bins):
    edges = torch.linspace(logits.min(), logits.max(), bins + 1)
    total = 0.0
    for i in range(bins):
        last = i == bins - 1
        inside = (logits >= edges[i]) & ((logits < edges[i + 1]) | last)
        if inside.any():
            gap = logits[inside].sigmoid().mean() - is_prior[inside].mean()
            total = total + gap.abs() * inside.sum() / len(logits)
    return total
""",
        "gaps squared": """
def calibration_error(logits, is_prior, bins):
    order = logits.argsort()
    parts = zip(logits[order].sigmoid().tensor_split(bins), is_prior[order].tensor_split(bins))
    return sum((d.mean() - y.mean()) ** 2 * len(d) / len(logits) for d, y in parts)
""",
        "the worst bin": """
def calibration_error(logits, is_prior, bins):
    order = logits.argsort()
    parts = zip(logits[order].sigmoid().tensor_split(bins), is_prior[order].tensor_split(bins))
    return max((d.mean() - y.mean()).abs() for d, y in parts)
""",
    },
    "8.2": {
        "wavenumber without 2 pi": """
def through_penalty(a_star, gamma, length):
    waves = torch.fft.rfft(a_star)
    k = torch.arange(len(waves))
    return torch.fft.irfft(waves / (1 + 8 * gamma * (k / length) ** 2), n=len(a_star))
""",
        "wavenumber of a length of one": """
def through_penalty(a_star, gamma, length):
    waves = torch.fft.rfft(a_star)
    k = torch.arange(len(waves))
    return torch.fft.irfft(waves / (1 + 8 * gamma * (2 * math.pi * k) ** 2), n=len(a_star))
""",
        "wavenumber not squared": """
def through_penalty(a_star, gamma, length):
    waves = torch.fft.rfft(a_star)
    k = torch.arange(len(waves))
    return torch.fft.irfft(waves / (1 + 8 * gamma * 2 * math.pi * k / length), n=len(a_star))
""",
        "half the penalty": """
def through_penalty(a_star, gamma, length):
    waves = torch.fft.rfft(a_star)
    k = torch.arange(len(waves))
    return torch.fft.irfft(waves / (1 + 4 * gamma * (2 * math.pi * k / length) ** 2), n=len(a_star))
""",
        "sharpened instead of damped": """
def through_penalty(a_star, gamma, length):
    waves = torch.fft.rfft(a_star)
    k = torch.arange(len(waves))
    return torch.fft.irfft(waves * (1 + 8 * gamma * (2 * math.pi * k / length) ** 2), n=len(a_star))
""",
        "wavenumber of N points": """
def through_penalty(a_star, gamma, length):
    kappa = 2 * math.pi * torch.fft.rfftfreq(len(a_star))
    waves = torch.fft.rfft(a_star) / (1 + 8 * gamma * kappa**2)
    return torch.fft.irfft(waves, n=len(a_star))
""",
        "wavenumber from 1": """
def through_penalty(a_star, gamma, length):
    waves = torch.fft.rfft(a_star)
    kappa = 2 * math.pi * torch.arange(1, len(waves) + 1) / length
    return torch.fft.irfft(waves / (1 + 8 * gamma * kappa**2), n=len(a_star))
""",
        "irfft without n": """
def through_penalty(a_star, gamma, length):
    waves = torch.fft.rfft(a_star)
    kappa = 2 * math.pi * torch.arange(len(waves)) / length
    return torch.fft.irfft(waves / (1 + 8 * gamma * kappa**2))
""",
        "a complex result": """
def through_penalty(a_star, gamma, length):
    kappa = 2 * math.pi * torch.fft.fftfreq(len(a_star), d=length / len(a_star))
    return torch.fft.ifft(torch.fft.fft(a_star) / (1 + 8 * gamma * kappa**2))
""",
    },
    "8.3": {
        "the other way round": """
def repair(predicted, observed):
    inner = (observed > 0.02) & (observed < 0.97)
    x, y = (np.log(d / (1 - d)) for d in (predicted[inner], observed[inner]))
    return np.polyfit(y, x, 1)
""",
        "a line through probabilities": """
def repair(predicted, observed):
    return np.polyfit(predicted, observed, 1)
""",
        "shift and scale exchanged": """
def repair(predicted, observed):
    inner = (observed > 0.02) & (observed < 0.97)
    x, y = (np.log(d / (1 - d)) for d in (predicted[inner], observed[inner]))
    return np.polyfit(x, y, 1)[::-1]
""",
        "the scale only": """
def repair(predicted, observed):
    inner = (observed > 0.02) & (observed < 0.97)
    x, y = (np.log(d / (1 - d)) for d in (predicted[inner], observed[inner]))
    return np.polyfit(x, y, 1)[0], 0.0
""",
        "the shift only": """
def repair(predicted, observed):
    inner = (observed > 0.02) & (observed < 0.97)
    x, y = (np.log(d / (1 - d)) for d in (predicted[inner], observed[inner]))
    return 1.0, (y - x).mean()
""",
        "the shift's sign": """
def repair(predicted, observed):
    inner = (observed > 0.02) & (observed < 0.97)
    x, y = (np.log(d / (1 - d)) for d in (predicted[inner], observed[inner]))
    return np.polyfit(x, y, 1) * [1, -1]
""",
        "not two numbers": """
def repair(predicted, observed):
    inner = (observed > 0.02) & (observed < 0.97)
    x, y = (np.log(d / (1 - d)) for d in (predicted[inner], observed[inner]))
    return np.polyfit(x, y, 2)
""",
    },
}

ALSO_RIGHT = {
    "8.1": {
        "in NumPy": """
def calibration_error(logits, is_prior, bins):
    a, y = logits.numpy().astype(float), is_prior.numpy()
    order = np.argsort(a)
    parts = zip(np.array_split(a[order], bins), np.array_split(y[order], bins))
    return sum(abs((1 / (1 + np.exp(-d))).mean() - t.mean()) * len(d) for d, t in parts) / len(a)
""",
        "in place": """
def calibration_error(logits, is_prior, bins):
    order = logits.argsort()
    logits.sigmoid_().sub_(is_prior)
    gaps = [part.sum().abs() for part in logits[order].tensor_split(bins)]
    return torch.stack(gaps).sum().div_(len(logits))
""",
        "in plain Python": """
def calibration_error(logits, is_prior, bins):
    points = sorted(zip(logits.tolist(), is_prior.tolist()))
    size, more = divmod(len(points), bins)
    total, first = 0.0, 0
    for i in range(bins):
        part = points[first : first + size + (i < more)]
        total += abs(sum(1 / (1 + math.exp(-a)) - y for a, y in part))
        first += len(part)
    return total / len(points)
""",
        "sorted in float64": """
def calibration_error(logits, is_prior, bins):
    a, order = logits.double().sort()
    d, y = a.sigmoid().tensor_split(bins), is_prior.double()[order].tensor_split(bins)
    n = torch.tensor([len(part) for part in d])
    gaps = torch.stack([(p.mean() - q.mean()).abs() for p, q in zip(d, y)])
    return torch.sum(gaps * n) / n.sum()
""",
        "highest first": """
def calibration_error(logits, is_prior, bins):
    order = logits.argsort(descending=True)
    d, y = logits[order].sigmoid().tensor_split(bins), is_prior[order].tensor_split(bins)
    return sum((a - b).sum().abs() for a, b in zip(d, y)) / len(logits)
""",
    },
    "8.2": {
        "in NumPy": """
def through_penalty(a_star, gamma, length):
    n = len(a_star)
    kappa = 2 * np.pi * np.fft.rfftfreq(n, d=length / n)
    return np.fft.irfft(np.fft.rfft(a_star.numpy()) / (1 + 8 * gamma * kappa**2), n)
""",
        "in place": """
def through_penalty(a_star, gamma, length):
    waves = torch.fft.rfft(a_star)
    damping = torch.arange(len(waves)).float()
    damping.mul_(2 * math.pi / length).square_().mul_(8 * gamma).add_(1)
    waves /= damping
    a_star.copy_(torch.fft.irfft(waves, n=len(a_star)))
    return a_star
""",
        "the whole transform, its real part": """
def through_penalty(a_star, gamma, length):
    n = len(a_star)
    kappa = 2 * math.pi * torch.fft.fftfreq(n, d=length / n)
    return torch.fft.ifft(torch.fft.fft(a_star) / (1 + 8 * gamma * kappa**2)).real
""",
        "as a matrix of waves": """
def through_penalty(a_star, gamma, length):
    n = len(a_star)
    k = torch.fft.fftfreq(n, d=1 / n).double()
    x = torch.arange(n).double()
    turned = 2 * math.pi * k[:, None, None] * (x[:, None] - x) / n
    kept = turned.cos() / (1 + 8 * gamma * (2 * math.pi * k / length) ** 2)[:, None, None]
    return kept.sum(0) @ a_star.double() / n
""",
        "in a loop": """
def through_penalty(a_star, gamma, length):
    waves = torch.fft.rfft(a_star)
    for k in range(len(waves)):
        waves[k] = waves[k] / (1 + 8 * gamma * (2 * math.pi * k / length) ** 2)
    return torch.fft.irfft(waves, n=a_star.shape[-1]).tolist()
""",
    },
    "8.3": {
        "by least squares in torch": """
def repair(predicted, observed):
    inner = (observed > 0.02) & (observed < 0.97)
    x, y = (np.log(d / (1 - d)) for d in (predicted[inner], observed[inner]))
    x, y = torch.as_tensor(x), torch.as_tensor(y)
    A = torch.stack([x, torch.ones_like(x)], dim=1)
    return torch.linalg.lstsq(A, y[:, None]).solution[:, 0]
""",
        "by two moments": """
def repair(predicted, observed):
    inner = (observed > 0.02) & (observed < 0.97)
    x, y = (np.log(d / (1 - d)) for d in (predicted[inner], observed[inner]))
    s = y.std() / x.std()
    return s, y.mean() - s * x.mean()
""",
    },
}

ALSO_WRONG = {
    "8.1": {
        "number of bins typed in": (
            """
def calibration_error(logits, is_prior, bins):
    order = logits.argsort()
    d, y = logits[order].sigmoid().tensor_split(6), is_prior[order].tensor_split(6)
    return sum((a - b).sum().abs() for a, b in zip(d, y)) / len(logits)
""",
            "50 points in 9 bins.*typed in",
        ),
        "number of points typed in": (
            """
def calibration_error(logits, is_prior, bins):
    order = logits.argsort()
    d, y = logits[order].sigmoid().tensor_split(bins), is_prior[order].tensor_split(bins)
    return sum((a - b).sum().abs() for a, b in zip(d, y)) / 37
""",
            "typed in",
        ),
        "the rest left out": """
def calibration_error(logits, is_prior, bins):
    order = logits.argsort()
    size = len(logits) // bins
    rows = [order[i * size : (i + 1) * size] for i in range(bins)]
    gaps = [(logits[i].sigmoid().mean() - is_prior[i].mean()).abs() for i in rows]
    return torch.stack(gaps).mean()
""",
        "one for each bin": (
            """
def calibration_error(logits, is_prior, bins):
    order = logits.argsort()
    d, y = logits[order].sigmoid().tensor_split(bins), is_prior[order].tensor_split(bins)
    return torch.stack([(a - b).mean().abs() for a, b in zip(d, y)])
""",
            r"single number, got shape \(6,\)",
        ),
        "NaN": """
def calibration_error(logits, is_prior, bins):
    return float("nan")
""",
        "words": """
def calibration_error(logits, is_prior, bins):
    return "0.1"
""",
    },
    "8.2": {
        "gamma typed in": (
            """
def through_penalty(a_star, gamma, length):
    waves = torch.fft.rfft(a_star)
    kappa = 2 * math.pi * torch.arange(len(waves)) / length
    return torch.fft.irfft(waves / (1 + 8 * 0.05 * kappa**2), n=len(a_star))
""",
            "gamma = 0.3, length = 2.5.*typed in",
        ),
        "length typed in": """
def through_penalty(a_star, gamma, length):
    waves = torch.fft.rfft(a_star)
    kappa = 2 * math.pi * torch.arange(len(waves)) / 6
    return torch.fft.irfft(waves / (1 + 8 * gamma * kappa**2), n=len(a_star))
""",
        "N typed in": """
def through_penalty(a_star, gamma, length):
    waves = torch.fft.rfft(a_star)
    kappa = 2 * math.pi * torch.arange(len(waves)) / length
    return torch.fft.irfft(waves / (1 + 8 * gamma * kappa**2), n=31)
""",
        "the waves themselves": (
            """
def through_penalty(a_star, gamma, length):
    waves = torch.fft.rfft(a_star)
    kappa = 2 * math.pi * torch.arange(len(waves)) / length
    return waves / (1 + 8 * gamma * kappa**2)
""",
            r"complex.*irfft",
        ),
        "a list of complex numbers": (
            """
def through_penalty(a_star, gamma, length):
    n = len(a_star)
    kappa = 2 * np.pi * np.fft.fftfreq(n, d=length / n)
    return list(np.fft.ifft(np.fft.fft(a_star.numpy()) / (1 + 8 * gamma * kappa**2)))
""",
            "complex",
        ),
        "frequencies not doubled back": """
def through_penalty(a_star, gamma, length):
    n = len(a_star)
    kappa = 2 * math.pi * torch.arange(n) / length
    return torch.fft.ifft(torch.fft.fft(a_star) / (1 + 8 * gamma * kappa**2)).real
""",
        "unchanged": """
def through_penalty(a_star, gamma, length):
    return a_star
""",
    },
    "8.3": {
        "nothing done": (
            """
def repair(predicted, observed):
    return 1.0, 0.0
""",
            "loss",
        ),
        "typed in": """
def repair(predicted, observed):
    return 2.5, -2.0
""",
        "half of it": """
def repair(predicted, observed):
    inner = (observed > 0.02) & (observed < 0.97)
    x, y = (np.log(d / (1 - d)) for d in (predicted[inner], observed[inner]))
    s, b = np.polyfit(x, y, 1)
    return 1 + (s - 1) / 2, b / 2
""",
    },
}
