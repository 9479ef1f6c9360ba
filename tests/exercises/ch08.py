"""Likely mistakes of chapter 08, by exercise."""

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
    },
}
