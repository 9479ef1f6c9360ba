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
        "the logit blurred": """
def seen_through_blur(a, log_p, blur):
    return blur(a)
""",
        "log q blurred": """
def seen_through_blur(a, log_p, blur):
    return log_p - blur(log_p - a)
""",
        "the ratio blurred": """
def seen_through_blur(a, log_p, blur):
    return -blur(torch.exp(-a)).log()
""",
        "p blurred too": """
def seen_through_blur(a, log_p, blur):
    return blur(log_p.exp()).log() - blur((log_p - a).exp()).log()
""",
        "the density of another sign": """
def seen_through_blur(a, log_p, blur):
    return log_p - blur((log_p + a).exp()).log()
""",
        "log q returned": """
def seen_through_blur(a, log_p, blur):
    return blur((log_p - a).exp()).log()
""",
        "no logarithm": """
def seen_through_blur(a, log_p, blur):
    return log_p - blur((log_p - a).exp())
""",
        "wrong sign": """
def seen_through_blur(a, log_p, blur):
    return blur((log_p - a).exp()).log() - log_p
""",
        "not blurred": """
def seen_through_blur(a, log_p, blur):
    q = (log_p - a).exp()
    blur(q)
    return log_p - q.log()
""",
        "normalised again": """
def seen_through_blur(a, log_p, blur):
    q = (log_p - a).flatten().softmax(0).reshape(a.shape)
    return log_p - blur(q).log()
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
        "in place": """
def seen_through_blur(a, log_p, blur):
    return blur(a.neg_().add_(log_p).exp_()).log_().neg_().add_(log_p)
""",
        "in NumPy": """
def seen_through_blur(a, log_p, blur):
    log_p, a = log_p.numpy(), a.numpy()
    return log_p - np.log(np.asarray(blur(np.exp(log_p - a))))
""",
        "p times exp(-a)": """
def seen_through_blur(a, log_p, blur):
    p = torch.exp(log_p)
    return torch.log(p / blur(p * torch.exp(-a)))
""",
        "p over the odds": """
def seen_through_blur(a, log_p, blur):
    D = a.double().sigmoid()
    q = log_p.double().exp() * (1 - D) / D
    return (log_p.double().exp() / blur(q)).log()
""",
        "clamped like the judge": """
def seen_through_blur(a, log_p, blur):
    q = (log_p - a).exp()
    return log_p - blur(q).clamp(min=1e-12).log()
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
        "prior typed in": """
def seen_through_blur(a, log_p, blur):
    axis = torch.linspace(-2, 2, len(a))
    log_p = -(axis[:, None] ** 2 + axis**2) / 2 - math.log(2 * math.pi)
    return log_p - blur((log_p - a).exp()).log()
""",
        "kernel typed in": """
def seen_through_blur(a, log_p, blur):
    q = F.pad((log_p - a).exp()[None, None], (1, 1, 1, 1), mode="replicate")
    return log_p - F.avg_pool2d(q, 3, 1)[0, 0].log()
""",
        "blurred twice": """
def seen_through_blur(a, log_p, blur):
    return log_p - blur(blur((log_p - a).exp())).log()
""",
        "transposed": """
def seen_through_blur(a, log_p, blur):
    return (log_p - blur((log_p - a).exp()).log()).T
""",
        "log1p": """
def seen_through_blur(a, log_p, blur):
    return log_p - blur((log_p - a).exp()).log1p()
""",
        "a pair": """
def seen_through_blur(a, log_p, blur):
    q = blur((log_p - a).exp())
    return log_p - q.log(), q
""",
    },
}
