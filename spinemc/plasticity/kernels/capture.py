"""Synapses that share what consolidates them: Li, Kulvicius & Tetzlaff 2016, Clopath et al. 2008."""

import math

import numpy as np

from spinemc.plasticity.kernels.pieces import chance, crossing, deviate, drawn_to, entry, helper, ordered


@helper
def falls_or_rises(a, b, theta, dt):
    """When a distance from rest that goes from a to b as an exponential crosses a threshold; dt where it does not."""
    if (a > theta) == (b > theta):
        return dt
    if a > 0.0 and b > 0.0:
        return dt * math.log(theta / a) / math.log(b / a)
    return dt * (theta - a) / (b - a)


@helper
def made(t, p, tau, turn, on, alpha):
    """Integral of the protein over a time t: its production, on or off at first, is the other way from `turn` on."""
    one = min(t, turn)
    first, then = (alpha, 0.0) if on else (0.0, alpha)
    total = first * one - (p - first) * tau * math.expm1(-one / tau)
    if t > turn:
        p = first + (p - first) * math.exp(-turn / tau)
        total += then * (t - turn) - (p - then) * tau * math.expm1(-(t - turn) / tau)
    return total


@entry
def late(
    dt, gate, before, after, tau_ca, theta_d, theta_p, h0, tau_h, gamma_d, gamma_p, pull, top, sigma, tau_z, theta_tag,
    tau_p, theta_pro, alpha, low, key, stream, start_h, start_z, start_p, h, z, p,
):  # fmt: skip
    """Early phase h and late phase z of synapses that share the protein p of their trial.

    Parameters
    ----------
    dt, gate : (t - 1,) float64
    before, after : (trial, synapse, t) float64
    tau_ca : float
    theta_d, theta_p, h0, tau_h, gamma_d, gamma_p, pull, top, sigma : float
        tau_h h' = pull (h0 - h) + gamma_p (top - h) [c > theta_p] - gamma_d h [c > theta_d] + noise.
    tau_z, theta_tag, tau_p, theta_pro, alpha, low : float
        tau_z z' = p (1 - z) where h - h0 > theta_tag, -p (z - low) where h0 - h is.
    key : (trial, 2) uint64
    stream : int
    start_h, start_z, start_p : (trial, synapse) float64
    h, z, p : (trial, synapse, t) float64
        Filled.
    """
    trials, synapses, _ = h.shape
    was = np.empty(synapses)
    for k in range(trials):
        protein, off = start_p[k, 0], 0.0
        for s in range(synapses):
            h[k, s, 0], z[k, s, 0], p[k, s, 0] = start_h[k, s], start_z[k, s], protein
            off += abs(start_h[k, s] - h0)
        for i in range(dt.size):
            then = 0.0
            for s in range(synapses):
                a, b, x = after[k, s, i], before[k, s, i + 1], h[k, s, i]
                was[s] = x
                t_d = crossing(a, b, theta_d, tau_ca, dt[i])
                t_p = crossing(a, b, theta_p, tau_ca, dt[i])
                one, other = ordered(t_d, t_p)
                at, occasion = 0.0, 0
                for end in (one, other, dt[i]):
                    if end > at:
                        up = gate[i] * gamma_p if (a > theta_p) == (at < t_p) else 0.0
                        down = gate[i] * gamma_d if (a > theta_d) == (at < t_d) else 0.0
                        zones = (1.0 if up > 0.0 else 0.0) + (1.0 if down > 0.0 else 0.0)
                        rate = pull + up + down
                        noise = 0.0
                        if sigma > 0.0 and zones > 0.0:
                            noise = deviate(key[k], stream, s, i, occasion)
                            occasion += 1
                        x = drawn_to(
                            x,
                            (pull * h0 + top * up) / rate,
                            rate / tau_h,
                            gate[i] * zones / tau_h,
                            end - at,
                            sigma,
                            noise,
                        )
                        at = end
                h[k, s, i + 1] = x
                then += abs(x - h0)
            turn, on = falls_or_rises(off, then, theta_pro, dt[i]), off > theta_pro
            for s in range(synapses):
                x, end, late_phase = was[s], h[k, s, i + 1], z[k, s, i]
                for side in (1.0, -1.0):
                    a, b = max(0.0, side * (x - h0)), max(0.0, side * (end - h0))
                    if a > theta_tag or b > theta_tag:
                        cut = falls_or_rises(a, b, theta_tag, dt[i])
                        begin, stop = (0.0, cut) if a > theta_tag else (cut, dt[i])
                        amount = made(stop, protein, tau_p, turn, on, alpha) - made(
                            begin, protein, tau_p, turn, on, alpha
                        )
                        goal = 1.0 if side > 0.0 else low
                        late_phase = goal + (late_phase - goal) * math.exp(-amount / tau_z)
                z[k, s, i + 1] = late_phase
            first, second = (alpha, 0.0) if on else (0.0, alpha)
            protein = first + (protein - first) * math.exp(-turn / tau_p)
            protein = second + (protein - second) * math.exp(-(dt[i] - turn) / tau_p)
            p[k, :, i + 1] = protein
            off = then


@helper
def filled(x, y, to, leave, leave_y, t):
    """Expected tags after a time t: x, set at rate `to` from what has neither and lost at `leave`, and y, only lost."""
    rate = to + leave
    left = y * math.exp(-leave_y * t)
    if rate == 0.0:
        return x, left
    if abs(rate - leave_y) < 1e-9 * rate:
        rate *= 1.0 + 1e-6
    goal, slope = to / rate, -to / (rate - leave_y)
    return goal + slope * left + (x - goal - slope * y) * math.exp(-rate * t), left


@helper
def drawn_tags(h, l, to_h, to_l, k_h, k_l, t, key, stream, synapse, interval, occasion):  # noqa: E741
    """Tags of one synapse after a time t, event by event."""
    while True:
        rate = k_h if h > 0.0 else k_l if l < 0.0 else to_h + to_l
        if rate <= 0.0:
            return h, l, occasion
        t += math.log(chance(key, stream, synapse, interval, occasion)) / rate
        occasion += 1
        if t <= 0.0:
            return h, l, occasion
        if h > 0.0 or l < 0.0:
            h, l = 0.0, 0.0  # noqa: E741
        else:
            up = to_l == 0.0 or chance(key, stream, synapse, interval, occasion) < to_h / (to_h + to_l)
            occasion += 1
            h, l = (1.0, 0.0) if up else (0.0, -1.0)  # noqa: E741


@helper
def consolidated(z, push, kappa, tau, t):
    """z after a time t: tau z' = z (1 - z) (z - kappa) + push, by one step of Runge and Kutta."""
    f = t / tau
    a = z * (1.0 - z) * (z - kappa) + push
    y = z + 0.5 * f * a
    b = y * (1.0 - y) * (y - kappa) + push
    y = z + 0.5 * f * b
    c = y * (1.0 - y) * (y - kappa) + push
    y = z + f * c
    d = y * (1.0 - y) * (y - kappa) + push
    return z + f * (a + 2.0 * b + 2.0 * c + d) / 6.0


@entry
def triggered(
    dt, gate, before, after, tau_ca, theta_d, theta_p, rate_h, rate_l, k_h, k_l, tau_z, kappa, gamma, tau_pm, tau_pd,
    theta_pro, longest, drawn, key, stream, start_h, start_l, start_z, start_p, h, l, z, p,  # noqa: E741
):  # fmt: skip
    """Tags h and l, protein p of all synapses of a trial, and consolidation z.

    Parameters
    ----------
    dt, gate : (t - 1,) float64
    before, after : (trial, synapse, t) float64
    tau_ca, theta_d, theta_p, rate_h, rate_l, k_h, k_l : float
        h is set at rate_h while c > theta_p, l at rate_l while theta_d < c <= theta_p; they are lost at k_h and k_l.
    tau_z, kappa, gamma, tau_pm, tau_pd, theta_pro : float
        tau_z z' = z (1 - z) (z - kappa) + gamma (h + l) p;
        p' = (1 - p) / tau_pm [sum of h - l > theta_pro] - p / tau_pd.
    longest : float
        Time over which the sum of tags and, for z, tags and protein are taken as constant [s].
    drawn : bool
        Whether tags are drawn, or expected.
    key : (trial, 2) uint64
    stream : int
    start_h, start_l, start_z, start_p : (trial, synapse) float64
    h, l, z, p : (trial, synapse, t) float64
        Filled.
    """
    trials, synapses, _ = h.shape
    when = np.zeros(synapses, np.int64)
    for k in range(trials):
        protein = start_p[k, 0]
        for s in range(synapses):
            h[k, s, 0], l[k, s, 0], z[k, s, 0], p[k, s, 0] = start_h[k, s], start_l[k, s], start_z[k, s], protein
        for i in range(dt.size):
            n = max(1, math.ceil(dt[i] / longest))
            part = dt[i] / n
            when[:] = 0
            h[k, :, i + 1], l[k, :, i + 1], z[k, :, i + 1] = h[k, :, i], l[k, :, i], z[k, :, i]
            for j in range(n):
                begin, tags = j * part, 0.0
                for s in range(synapses):
                    tags += h[k, s, i + 1] - l[k, s, i + 1]
                make = 1.0 / tau_pm if tags > theta_pro else 0.0
                rate = make + 1.0 / tau_pd
                middle = make / rate + (protein - make / rate) * math.exp(-0.5 * rate * part)
                protein = make / rate + (protein - make / rate) * math.exp(-rate * part)
                for s in range(synapses):
                    a, b = after[k, s, i], before[k, s, i + 1]
                    t_d = crossing(a, b, theta_d, tau_ca, dt[i])
                    t_p = crossing(a, b, theta_p, tau_ca, dt[i])
                    one, other = ordered(t_d, t_p)
                    x, y = h[k, s, i + 1], l[k, s, i + 1]
                    drive, at = x + y, begin
                    for end in (one, other, begin + part):
                        stop = min(end, begin + part)
                        if stop > at:
                            on_p = (a > theta_p) == (at < t_p)
                            on_d = ((a > theta_d) == (at < t_d)) and not on_p
                            to_h = gate[i] * rate_h if on_p else 0.0
                            to_l = gate[i] * rate_l if on_d else 0.0
                            if drawn:
                                x, y, when[s] = drawn_tags(
                                    x, y, to_h, to_l, k_h, k_l, stop - at, key[k], stream, s, i, when[s]
                                )
                            elif to_l > 0.0:
                                less, x = filled(-y, x, to_l, k_l, k_h, stop - at)
                                y = -less
                            else:
                                x, less = filled(x, -y, to_h, k_h, k_l, stop - at)
                                y = -less
                            at = stop
                    h[k, s, i + 1], l[k, s, i + 1] = x, y
                    push = gamma * 0.5 * (drive + x + y) * middle
                    z[k, s, i + 1] = consolidated(z[k, s, i + 1], push, kappa, tau_z, part)
            p[k, :, i + 1] = protein
