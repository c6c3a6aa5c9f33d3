"""The noise that differential privacy asks for, in closed form.

Counts of votes to which Gaussian noise of deviation sigma is added, in each of T rounds, are as private as one Gaussian
with shift sqrt(T) / sigma, if one gold row changes one count by at most 1 (Dong, Roth and Su 2022; used so by Xie et
al. 2024, "Differentially Private Synthetic Data via Foundation Model APIs 2"). Its epsilon at a delta is that of Balle
and Wang 2018 (ICML, theorem 8).
"""

from __future__ import annotations

from math import exp, log, sqrt

LEAST_SHIFT, MOST_SHIFT = 1e-6, 1e3


def delta_of(epsilon: float, shift: float) -> float:
    """The delta of a Gaussian mechanism whose mean moves by `shift` deviations, at `epsilon`."""
    from scipy.special import log_ndtr

    # exp(epsilon) alone may overflow where its product does not
    above, below = log_ndtr(shift / 2 - epsilon / shift), epsilon + log_ndtr(-shift / 2 - epsilon / shift)
    return float(exp(above) - exp(min(below, above)))


def sigma_of(epsilon: float, delta: float, releases: int) -> float:
    """The deviation of the noise with which `releases` counts are (epsilon, delta) differentially private together."""
    from scipy.optimize import brentq

    shift = brentq(
        lambda one: delta_of(epsilon, one) - delta, LEAST_SHIFT, MOST_SHIFT, xtol=1e-14, rtol=1e-13
    )
    return float(sqrt(releases) / shift)


def epsilon_of(sigma: float, delta: float, releases: int) -> float:
    """The epsilon that some releases with noise of deviation `sigma` have spent."""
    from scipy.optimize import brentq

    if not releases or delta_of(0.0, sqrt(releases) / sigma) <= delta:
        return 0.0
    shift = sqrt(releases) / sigma
    most = shift * (shift / 2 + 40)  # there delta is 0
    return float(brentq(lambda one: delta_of(one, shift) - delta, 0.0, most, xtol=1e-12))


def usual_delta(rows: int) -> float:
    """1 / (n ln n) of n gold rows, as papers take it."""
    return 1 / (rows * log(rows))
