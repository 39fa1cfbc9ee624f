"""Efficacy with two stable states that calcium above two thresholds moves: Graupner & Brunel 2012, Chindemi 2022."""

import math

from spinemc.plasticity.kernels.pieces import crossing, deviate, drawn_to, entry, helper, ordered

_LONGEST = 0.05  # piece of driven time over which its two parts are taken one after the other, in units of tau


@helper
def settle(rho, t):
    """The efficacy after a time t, in units of tau, without calcium: tau rho' = -rho (1 - rho) (1/2 - rho), exactly.

    With v = (rho - 1/2)^2 this is the logistic equation v' = 2 v (1/4 - v).
    """
    u = rho - 0.5
    if u == 0.0:
        return rho
    v = u * u
    kept = math.exp(-0.5 * t)
    root = math.sqrt(0.25 * v / (0.25 * kept - v * math.expm1(-0.5 * t)))
    return 0.5 + math.copysign(root, u)


@helper
def learn(rho, on_d, on_p, t, gate, tau, gamma_d, gamma_p, sigma, key, stream, synapse, interval, occasion):
    """The efficacy after a time t with calcium on one side of each threshold.

    Returns
    -------
    float, int
        And the next occasion for random numbers.
    """
    up = gamma_p if on_p else 0.0
    down = gamma_d if on_d else 0.0
    zones = (1.0 if on_p else 0.0) + (1.0 if on_d else 0.0)
    if zones == 0.0 or gate == 0.0:
        return settle(rho, t / tau), occasion
    target = up / (up + down) if up + down > 0.0 else rho
    n = max(1, math.ceil(t / (_LONGEST * tau)))
    part = t / n
    for _ in range(n):
        rho = settle(rho, 0.5 * part / tau)
        noise = 0.0
        if sigma > 0.0:
            noise = deviate(key, stream, synapse, interval, occasion)
            occasion += 1
        rho = drawn_to(rho, target, gate * (up + down) / tau, gate * zones / tau, part, sigma, noise)
        rho = settle(rho, 0.5 * part / tau)
    return rho, occasion


@entry
def bistable(
    dt, gate, before, after, tau_ca, theta_d, theta_p, tau, gamma_d, gamma_p, sigma, key, stream, start, rho
):  # fmt: skip
    """Graupner & Brunel's efficacy.

    Parameters
    ----------
    dt, gate : (t - 1,) float64
    before, after : (trial, synapse, t) float64
    tau_ca : float
    theta_d, theta_p, tau, gamma_d, gamma_p, sigma : float
    key : (trial, 2) uint64
    stream : int
    start : (trial, synapse) float64
    rho : (trial, synapse, t) float64
        Filled.
    """
    for k in range(rho.shape[0]):
        for s in range(rho.shape[1]):
            r = start[k, s]
            rho[k, s, 0] = r
            for i in range(dt.size):
                a, b = after[k, s, i], before[k, s, i + 1]
                t_d = crossing(a, b, theta_d, tau_ca, dt[i])
                t_p = crossing(a, b, theta_p, tau_ca, dt[i])
                one, other = ordered(t_d, t_p)
                at, occasion = 0.0, 0
                for end in (one, other, dt[i]):
                    if end > at:
                        on_d, on_p = (a > theta_d) == (at < t_d), (a > theta_p) == (at < t_p)
                        r, occasion = learn(
                            r, on_d, on_p, end - at, gate[i], tau, gamma_d, gamma_p, sigma, key[k], stream, s, i,
                            occasion,
                        )  # fmt: skip
                        at = end
                rho[k, s, i + 1] = r


@helper
def reaches(a, end, theta, tau, dt):
    """When an integral that is drawn from a to `end` with tau crosses a threshold; dt where it does not."""
    b = end + (a - end) * math.exp(-dt / tau)
    if (a > theta) == (b > theta):
        return dt
    return min(dt, tau * math.log((a - end) / (theta - end)))


@helper
def mean_level(a, b, tau, dt):
    """Mean calcium of an interval."""
    if tau > 0.0:
        return (a - b) * tau / dt
    return 0.5 * (a + b)


@entry
def integrated(
    dt, gate, before, after, tau_ca, rest, tau_star, theta_d, theta_p, tau, gamma_d, gamma_p, sigma, tau_expression,
    longest, key, stream, start_star, start, start_weight, star, rho, weight,
):  # fmt: skip
    """Chindemi's efficacy, moved by calcium that a leaky integrator takes up, and expressed with a delay.

    Parameters
    ----------
    dt, gate, before, after, tau_ca, theta_d, theta_p, tau, gamma_d, gamma_p, sigma, key, stream
        As of `bistable`, thresholds on the integral.
    rest, tau_star, tau_expression : float
    longest : float
        Time over which the integrator's input and the expression's target are taken as constant [s].
    start_star, start, start_weight : (trial, synapse) float64
    star, rho, weight : (trial, synapse, t) float64
        Filled.
    """
    for k in range(rho.shape[0]):
        for s in range(rho.shape[1]):
            c, r, w = start_star[k, s], start[k, s], start_weight[k, s]
            star[k, s, 0], rho[k, s, 0], weight[k, s, 0] = c, r, w
            for i in range(dt.size):
                end = tau_star * (mean_level(after[k, s, i], before[k, s, i + 1], tau_ca, dt[i]) - rest)
                n = max(1, math.ceil(dt[i] / longest))
                part, occasion = dt[i] / n, 0
                for _ in range(n):
                    t_d = reaches(c, end, theta_d, tau_star, part)
                    t_p = reaches(c, end, theta_p, tau_star, part)
                    one, other = ordered(t_d, t_p)
                    at, was = 0.0, r
                    for stop in (one, other, part):
                        if stop > at:
                            on_d, on_p = (c > theta_d) == (at < t_d), (c > theta_p) == (at < t_p)
                            r, occasion = learn(
                                r, on_d, on_p, stop - at, gate[i], tau, gamma_d, gamma_p, sigma, key[k], stream, s, i,
                                occasion,
                            )  # fmt: skip
                            at = stop
                    c = end + (c - end) * math.exp(-part / tau_star)
                    half = 0.5 * (was + r)
                    w = half + (w - half) * math.exp(-part / tau_expression)
                star[k, s, i + 1], rho[k, s, i + 1], weight[k, s, i + 1] = c, r, w
