"""A network of well-mixed places from one sample time to the next."""

from spinemc.engine.kernels.leap import leaps
from spinemc.engine.kernels.rng import entry
from spinemc.engine.kernels.wells import advance


@entry
def through(
    net,
    key,
    state,
    fired,
    clock,
    serial,
    tree,
    factor,
    order,
    hazard,
    critical,
    draws,
    drift,
    spread,
    epsilon,
    t,
    stops,
    states,
    counts,
    most,
):
    """Let events happen, and keep the state at each of some times, until the last or until there were so many events.

    Parameters
    ----------
    net, key, state, fired, clock, serial, tree, factor, order, hazard, critical, draws, drift, spread
        As of `spinemc.engine.kernels.leap.leaps`.
    epsilon : float
        As there; 0 for events one by one.
    t : float
        [s]
    stops : (stops,) float64
        Rising, none before t [s].
    states : (stops, states) int64
        Filled with the state at each time that is reached.
    counts : (stops, channels) int64
        Filled with the events until then.
    most : int

    Returns
    -------
    int, float
        How many of the times are reached, and the time that is [s].
    """
    begun = serial[0]
    for k in range(stops.shape[0]):
        if epsilon > 0.0:
            t = leaps(
                net, key, state, fired, clock, serial, tree, factor,
                order, hazard, critical, draws, drift, spread, epsilon, t, stops[k],
            )  # fmt: skip
        else:
            t = advance(net, key, state, fired, clock, serial, tree, factor, t, stops[k], most)
        if t < stops[k]:
            return k, t
        for i in range(state.shape[0]):
            states[k, i] = state[i]
        for m in range(fired.shape[0]):
            counts[k, m] = fired[m]
        if serial[0] - begun >= most:
            return k + 1, t
    return stops.shape[0], t
