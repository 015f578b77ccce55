"""Made-up figures, counted picture by picture."""

from halluc.bootstrap import Counted
from halluc.records import Score


def ratio(part, whole, name="rate"):
    value = part / whole if whole else None
    return Score(metric="m", name=name, value=value, numerator=part, denominator=whole)


def counted(parts, wholes, name="rate"):
    """One ratio, counted over pictures p000, p001, …"""
    pictures = {
        f"p{number:03}": [ratio(part, whole, name)]
        for number, (part, whole) in enumerate(zip(parts, wholes, strict=True))
    }
    return Counted([ratio(int(sum(parts)), int(sum(wholes)), name)], pictures)
