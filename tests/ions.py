"""What holds each ion: by the arrays of a trial, and by its log alone."""

from collections import Counter

from spinemc.chemistry.ions import holders


def held(trial):
    """What holds each ion, by the trial's arrays; fails where one is in two molecules."""
    state, found = trial.state, {}
    for s, each in enumerate(trial.system.carries):
        here = slice(state.start[s], state.start[s] + state.n[s])
        for ion in state.ion[here, :each].ravel().tolist():
            assert ion not in found
            found[ion] = s
    return found


def replayed(system, log):
    """What holds each ion, by the log alone: each event finds its ions where the one before left them."""
    after, steps = holders(system.network, system.carries), system.network.steps
    walls = system.walls.becomes.tolist()
    time, ion, what = (column.tolist() for column in log)
    assert time == sorted(time)
    found, seen, k = {}, 0, 0

    def new(number):
        nonlocal seen
        assert number == seen
        seen += 1

    while k < len(ion):
        b = what[k] - len(steps)
        if b < 0:
            to = after[what[k]]
            event = slice(k, k + len(to))
            assert len(set(what[event])) == len(set(time[event])) == 1
            came = [found.pop(i) for i in ion[event] if i in found]
            for i in ion[event][len(came) :]:
                new(i)
            gone = (Counter(steps[what[k]].reactants) - Counter(steps[what[k]].products)).elements()
            assert sorted(came) == sorted(s for s in gone for _ in range(system.carries[s]))
            found |= {i: s for i, s in zip(ion[event], to, strict=True) if s >= 0}
            k += len(to)
            continue
        if b < len(system.boundaries):
            _, boundary, s = system.boundaries[b]
            home = system.network.home
            if ion[k] in found:
                found.pop(ion[k]) if walls[b] < 0 else found.update({ion[k]: walls[b]})
            else:
                assert boundary.kind == "clamp"
                new(ion[k])
                found[ion[k]] = s
            assert ion[k] not in found or home[found[ion[k]]] == home[s]
        else:
            new(ion[k])
            name = system.scenario.release[b - len(system.boundaries)].species
            found[ion[k]] = system.network.species.index(name)
        k += 1
    return found
