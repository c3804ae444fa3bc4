"""The arithmetic. Each function is a textbook formula; the tests compare them with numpy and scipy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

Z95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure from ``n`` answers with its 95 percent interval."""

    value: float
    low: float
    high: float
    n: int


def share_interval(share: float, n: int) -> tuple[float, float]:
    """Wilson's score interval. For points between 0 and 1 that are not all 0 or 1 it is wider than it needs to be, never narrower:
    no spread is larger than that of answers wholly right or wholly wrong."""
    middle = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def mean_points(points: Sequence[float]) -> Estimate:
    """The facility: the mean of points from 0 to 1. At least one answer."""
    value = fmean(points)
    low, high = share_interval(value, len(points))
    return Estimate(value, low, high, len(points))


def correlation(left: Sequence[float], right: Sequence[float]) -> Estimate | None:
    """Pearson's correlation with Fisher's interval; with a column of 0 and 1 it is the point-biserial.

    None for fewer than four pairs, and when either side does not vary: then there is nothing to correlate.
    """
    n = len(left)
    if n < 4:
        return None
    mean_left, mean_right = fmean(left), fmean(right)
    own_left = math.fsum((x - mean_left) ** 2 for x in left)
    own_right = math.fsum((y - mean_right) ** 2 for y in right)
    if own_left < 1e-12 or own_right < 1e-12:
        return None
    both = math.fsum((x - mean_left) * (y - mean_right) for x, y in zip(left, right, strict=True))
    value = max(-1.0, min(1.0, both / math.sqrt(own_left * own_right)))
    if abs(value) > 1 - 1e-12:
        return Estimate(value, value, value, n)
    half = Z95 / math.sqrt(n - 3)
    return Estimate(value, math.tanh(math.atanh(value) - half), math.tanh(math.atanh(value) + half), n)


def variance(values: Sequence[float]) -> float:
    """The sample variance. At least two values."""
    middle = fmean(values)
    return math.fsum((x - middle) ** 2 for x in values) / (len(values) - 1)


def covariance(left: Sequence[float], right: Sequence[float]) -> float:
    """The sample covariance. At least two pairs."""
    mean_left, mean_right = fmean(left), fmean(right)
    return math.fsum((x - mean_left) * (y - mean_right) for x, y in zip(left, right, strict=True)) / (len(left) - 1)
