"""The particle engine once more, in slow plain Python: the oracle of the compiled one.

Everything that makes the compiled engine fast is left out. A step is tested against every triangle: no voxels are
walked, no clearance, no shelter and no list of near faces is used. Molecules are objects in lists, partners in a
reaction cell are found and counted by looking at every molecule, rates are looked up afresh. What is left is the
algorithm, and since plain floats follow the same arithmetic, the two engines agree to the last bit.

The lists of near faces leave out absorbing faces more than six standard deviations of a step away, which are looked
at here: a path that touched one and came back belongs to fewer than one step in a million.
"""

import math

from naive_draws import CREEP, ENTER, EVENT, MOVE, PLACE, REACT, TOUCH, exponential, normal, pick, uniform, words
from naive_surface import Surface, dot, frame, minus, plus, times

from spinemc.engine.kernels.tables import (
    AT_FIRST,
    AT_SECOND,
    BELOW,
    ENTRIES,
    EVENTS,
    HELD,
    MOVES,
    NAMES,
    PLACES,
    SERIALS,
    STEPS,
)

BELOW_ENTRY = 1e-6
DEPTHS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
ATTEMPTS = 256


def total_of(values):
    """The sum, from the first to the last; Python's own sum of floats is a better one from 3.12 on."""
    total = 0.0
    for value in values:
        total += value
    return total


def upto(sums, low, high, u):
    """The entry low ... high - 1 of a running sum that a fraction u of that stretch falls into."""
    before = sums[low - 1] if low > 0 else 0.0
    target = before + u * (sums[high - 1] - before)
    for m in range(low, high - 1):
        if sums[m] > target:
            return m
    return high - 1


class Molecule:
    """Where one molecule is: a point, its voxel, its triangle (-1 in the volume); and its number."""

    def __init__(self, at, voxel, face, name):
        self.at, self.voxel, self.face, self.name = at, voxel, face, name


class Engine:
    """One trial, from the state that a compiled one has.

    Parameters
    ----------
    system : System
        Its tables are read as data.
    dt : float
        Length of all steps [s].
    key : sequence of two int
        Seed and trial.
    state : State
        Where the trial begins; it is copied.
    """

    def __init__(self, system, dt, key, state):
        self.surface, self.dt = Surface(system), dt
        self.chem, self.entries = system.chemistry(dt), system.entries
        self.cell_of = system.grid.cell.tolist()
        self.cell_volume, self.cell_area = system.grid.cell_volume.tolist(), system.grid.cell_area.tolist()
        self.cell_start, self.cell_voxel = system.cells.start.tolist(), system.cells.voxel.tolist()
        self.cell_upto = system.cells.upto.tolist()
        self.compartments = system.geometry.compartment_shape.tolist()
        self.key = int(key[0]), int(key[1])
        self.molecules = []
        for first, n in zip(state.start.tolist(), state.n.tolist(), strict=True):
            here = slice(first, first + n)
            columns = (state.x, state.y, state.z, state.voxel, state.face, state.name)
            rows = zip(*(column[here].tolist() for column in columns), strict=True)
            self.molecules.append([Molecule((x, y, z), v, f, name) for x, y, z, v, f, name in rows])
        self.fired, self.absorbed = state.fired.tolist(), state.absorbed.tolist()
        self.clock, self.serial = state.clock.tolist(), state.serial.tolist()
        assert len(self.serial) == SERIALS

    def count(self, cell, species):
        """Molecules of a species in a reaction cell."""
        return sum(self.cell_of[m.voxel] == cell for m in self.molecules[species])

    def draw(self, which, purpose, species=0, attempt=0):
        """Random words for the next of a kind of event, which `which` counts."""
        number = self.serial[which]
        return words(self.key, number, number >> 32, purpose, species, attempt)

    def add(self, species, at, face=-1):
        self.molecules[species].append(Molecule(at, self.surface.voxel(at), face, self.serial[NAMES]))
        self.serial[NAMES] += 1

    def remove(self, species, i):
        """Take molecule i out; the last one takes its place."""
        self.molecules[species][i] = self.molecules[species][-1]
        self.molecules[species].pop()

    def compartment(self, p):
        """Number of the first compartment that holds a point, from 1; 0 where none does."""
        for number, (kind, *s) in enumerate(self.compartments, 1):
            if kind == 0.0 and all(s[a] <= p[a] < s[3 + a] for a in range(3)):
                return number
            apart = minus(p, s[:3])
            if kind == 1.0 and dot(apart, apart) < s[3] * s[3]:
                return number
        return 0

    def anywhere(self, low, high, compartment, attempts):
        """A random place in the inside of entries low ... high - 1 of Cells.voxel; None where none was found."""
        place = None
        for attempt in range(attempts):
            a, *along = self.draw(PLACES, PLACE, 0, attempt)
            voxel = self.cell_voxel[upto(self.cell_upto, low, high, uniform(a))]
            s = self.surface
            p = tuple(
                s.origin[axis] + (n + uniform(word)) * s.size
                for axis, (n, word) in enumerate(zip(s.indices(voxel), along, strict=True))
            )
            if s.inside(p) and (compartment == 0 or self.compartment(p) == compartment):
                place = p
                break
        self.serial[PLACES] += 1
        return place

    def below_membrane(self, molecule):
        """A place just inside the membrane; None where there is none."""
        for depth in DEPTHS:
            p = minus(molecule.at, times(depth, self.surface.normals[molecule.face]))
            if self.surface.voxel(p) >= 0 and self.surface.inside(p):
                return p
        return None

    def perform(self, r, s0, i0, s1=-1, i1=-1):
        """Reaction r for molecule i0 of species s0 and, at second order, i1 of s1."""
        made = range(self.chem.product_start[r], self.chem.product_start[r + 1])
        first = self.molecules[s0][i0]
        second = self.molecules[s1][i1] if s1 >= 0 else None
        places = []
        for m in made:
            where = self.chem.product_place[m]
            if where in (AT_FIRST, AT_SECOND):
                origin = first if where == AT_FIRST else second
                places.append((origin.at, origin.face))
                continue
            if where == BELOW:
                place = self.below_membrane(first)
            else:
                cell = self.cell_of[first.voxel]
                place = self.anywhere(self.cell_start[cell], self.cell_start[cell + 1], 0, ATTEMPTS)
            if place is None:
                self.serial[HELD] += 1
                return
            places.append((place, -1))
        self.fired[r] += 1
        gone = [(s, i) for s, i, used in ((s0, i0, 0), (s1, i1, 1)) if s >= 0 and self.chem.consumed[r, used]]
        if s0 == s1:
            gone.sort(reverse=True)
        for s, i in gone:
            self.remove(s, i)
        for m, (at, face) in zip(made, places, strict=True):
            self.add(self.chem.product[m], at, face)

    def rate(self, r, t):
        """Rate of reaction r at time t: linear between the rows of its table, held at the ends."""
        low, high = self.chem.rate_start[r], self.chem.rate_start[r + 1]
        time, value = self.chem.rate_time[low:high].tolist(), self.chem.rate_value[low:high].tolist()
        if t <= time[0]:
            return value[0]
        for a in range(len(time) - 1):
            if time[a] <= t < time[a + 1]:
                return value[a] + (t - time[a]) / (time[a + 1] - time[a]) * (value[a + 1] - value[a])
        return value[-1]

    def fire(self, t, span):
        """Gillespie's direct method for all zeroth- and first-order reactions, with the rates of mid-span."""
        reactions = list(zip(self.chem.uni.tolist(), self.chem.uni_species.tolist(), strict=True))
        rates = [self.rate(r, t + 0.5 * span) for r, _ in reactions]
        while True:
            hazards = [k if s < 0 else len(self.molecules[s]) * k for k, (_, s) in zip(rates, reactions, strict=True)]
            total = total_of(hazards)
            if total * span <= self.clock[0]:
                self.clock[0] -= total * span
                return
            span -= self.clock[0] / total
            a, b, c, _ = self.draw(EVENTS, EVENT)
            self.serial[EVENTS] += 1
            self.clock[0] = exponential(a)
            chosen = self.one_of(hazards, uniform(b) * total)
            r, s = reactions[chosen]
            if s >= 0:
                self.perform(r, s, pick(c, len(self.molecules[s])))
                continue
            place = self.anywhere(0, len(self.cell_voxel), self.chem.uni_where[chosen], ATTEMPTS * ATTEMPTS)
            if place is None:
                self.serial[HELD] += 1
                continue
            self.fired[r] += 1
            for m in range(self.chem.product_start[r], self.chem.product_start[r + 1]):
                self.add(self.chem.product[m], place)

    @staticmethod
    def one_of(weights, target):
        """The entry in whose stretch of the summed weights a target lies; entries of no weight are none."""
        chosen = -1
        for m, weight in enumerate(weights):
            if weight > 0.0:
                chosen = m
                target -= weight
                if target < 0.0:
                    break
        return chosen

    def meet(self, s, i, u, t):
        """Let molecule i of species s react with a partner in its reaction cell."""
        cell = self.cell_of[self.molecules[s][i].voxel]
        wanted = range(self.chem.active_start[s], self.chem.active_start[s + 1])
        weights = [
            (self.count(cell, self.chem.partner[m]) - int(self.chem.partner[m] == s))
            * self.rate(self.chem.active[m], t)
            for m in wanted
        ]
        total = total_of(weights)
        room = self.cell_area[cell] if self.chem.surface[s] else self.cell_volume[cell]
        hazard = 0.0
        for m in wanted:
            p = self.rate(self.chem.active[m], t) * (self.dt / room)
            partners = self.count(cell, self.chem.partner[m]) - int(self.chem.partner[m] == s)
            hazard += partners * (p * (1.0 + p * (0.5 + p * (1.0 / 3.0))))  # - log(1 - p) for each
        if u >= -math.expm1(-hazard):
            return
        a, b, _, _ = self.draw(EVENTS, REACT)
        self.serial[EVENTS] += 1
        chosen = wanted[self.one_of(weights, uniform(a) * total)]
        other = self.chem.partner[chosen]
        there = [k for k, m in enumerate(self.molecules[other]) if self.cell_of[m.voxel] == cell]
        if other == s:
            there.remove(i)
        self.perform(self.chem.active[chosen], s, i, other, there[pick(b, len(there))])

    def move(self, s, t):
        """One step of every molecule of a species, the last one first: motion, absorption, encounters."""
        step = self.serial[STEPS]
        D = self.chem.D[s].item()
        sigma = math.sqrt(2.0 * D * self.dt)
        self.serial[MOVES] += len(self.molecules[s])
        for i in reversed(range(len(self.molecules[s]))):
            if i >= len(self.molecules[s]):  # an encounter took more than one
                continue
            molecule = self.molecules[s][i]
            *three, spare = words(self.key, i, step, MOVE, s, 0)
            start = molecule.at
            if self.surface.has_rims(s, molecule.voxel):
                end, boundary = self.creep(s, i, start, D)
                self.leave_or_stay(s, i, end, boundary, spare, t)
                continue
            made = self.surface.travel(s, start, tuple(sigma * normal(word) for word in three))
            if made is None:
                self.serial[HELD] += 1
            end, boundary = made or (start, -1)
            if boundary < 0:
                touched, exponent = self.surface.touch(s, start, end, D * self.dt)
                if touched >= 0 and uniform(words(self.key, i, step, TOUCH, s, 0)[0]) < math.exp(-exponent):
                    boundary = touched
            self.leave_or_stay(s, i, end, boundary, spare, t)

    def leave_or_stay(self, s, i, end, boundary, spare, t):
        """Take molecule i out at a boundary, or let it meet partners where its step ended."""
        if boundary >= 0:
            self.absorbed[boundary] += 1
            self.remove(s, i)
            return
        molecule = self.molecules[s][i]
        molecule.at, molecule.voxel = end, self.surface.voxel(end)
        self.meet(s, i, uniform(spare), t)

    def creep(self, s, i, p, D):
        """A step near a rim, in pieces that are short against the distance to it: its end and the boundary met."""
        left, attempt = self.dt, 0
        while left > 0.0:
            span = self.surface.rim_distance(s, p) / 3.0
            span = min(left, max(span * span / (2.0 * D), self.dt / 4096.0))
            left -= span
            *three, spare = words(self.key, i, self.serial[STEPS], CREEP, s, attempt)
            attempt += 1
            sigma = math.sqrt(2.0 * D * span)
            made = self.surface.travel(s, p, tuple(sigma * normal(word) for word in three))
            if made is None:
                self.serial[HELD] += 1
                continue
            end, boundary = made
            if boundary >= 0:
                return end, boundary
            touched, exponent = self.surface.touch(s, p, end, D * span)
            p = end
            if touched >= 0 and uniform(spare) < math.exp(-exponent):
                return p, touched
        return p, -1

    def stay(self, s, t):
        """Encounters of every molecule of a species that does not move, the last one first."""
        for i in reversed(range(len(self.molecules[s]))):
            if i < len(self.molecules[s]):
                self.meet(s, i, uniform(words(self.key, i, self.serial[STEPS], MOVE, s, 0)[3]), t)

    def enter(self, e):
        """Let molecules in through a boundary held at a concentration."""
        s, concentration, area = (
            column[e].item() for column in (self.entries.species, self.entries.concentration, self.entries.area)
        )
        D = self.chem.D[s].item()
        self.clock[1 + e] -= 2.0 * concentration * area * math.sqrt(D * self.dt / math.pi)
        while self.clock[1 + e] < 0.0:
            a, b, c, d = self.draw(ENTRIES, ENTER, e, 0)
            g, h, *sideways = self.draw(ENTRIES, ENTER, e, 1)
            self.serial[ENTRIES] += 1
            self.clock[1 + e] += exponential(a)
            f = self.entries.face[upto(self.entries.upto, self.entries.start[e], self.entries.start[e + 1], uniform(b))]
            root = math.sqrt(uniform(c))
            weights = 1.0 - root, root * (1.0 - uniform(d)), root * uniform(d)
            n = self.surface.normals[f]
            corners = zip(*self.surface.corners[f], strict=True)
            start = minus([dot(weights, coordinate) for coordinate in corners], times(BELOW_ENTRY, n))
            if self.surface.voxel(start) < 0 or not self.surface.inside(start):
                continue
            depth = math.sqrt(2.0 * exponential(g))
            one, two = (normal(word) for word in sideways)
            first, second = frame(n)
            way = minus(plus(times(one, first), times(two, second)), times(depth, n))
            made = self.surface.travel(s, start, times(uniform(h) * math.sqrt(2.0 * D * self.dt), way))
            if made is not None and made[1] < 0:
                self.add(s, made[0])
                self.absorbed[self.entries.boundary[e]] -= 1

    def advance(self, start, steps):
        """Make some steps from time `start` [s] on."""
        for step in range(steps):
            t = start + step * self.dt
            middle = t + 0.5 * self.dt
            self.fire(t, 0.5 * self.dt)
            for s in range(len(self.molecules)):
                if self.chem.D[s] > 0.0:
                    self.move(s, middle)
                elif self.chem.active_start[s + 1] > self.chem.active_start[s]:
                    self.stay(s, middle)
            for e in range(len(self.entries.species)):
                self.enter(e)
            self.fire(middle, 0.5 * self.dt)
            self.serial[STEPS] += 1
