"""The particle engine once more, in slow plain Python: the oracle of the compiled one.

Everything that makes the compiled engine fast is left out. A step is tested against every triangle: no voxels are
walked, no clearance, no shelter and no list of near faces is used. Molecules are objects in lists, partners in a
reaction cell are found and counted by looking at every molecule, rates are looked up afresh. What is left is the
algorithm, and since plain floats follow the same arithmetic, the two engines agree to the last bit.

The lists of near faces leave out absorbing faces more than six standard deviations of a step away, which are looked
at here: a path that touched one and came back belongs to fewer than one step in a million.
"""

import math

from naive_draws import (
    CREEP,
    ENTER,
    EVENT,
    MOVE,
    PART_WITH,
    PLACE,
    REACT,
    TOUCH,
    exponential,
    normal,
    pick,
    uniform,
    words,
)
from naive_surface import BOUNCES, Sheet, Surface, dot, frame, minus, plus, times

from spinemc.engine.kernels.places import BALL, BOX, HALF_SPACE, SHELL
from spinemc.engine.kernels.tables import (
    ARRIVED,
    AT_FIRST,
    AT_SECOND,
    BELOW,
    ENTRIES,
    EVENTS,
    HELD,
    IONS,
    LOGGED,
    MOVES,
    NAMES,
    NOW,
    PLACES,
    SERIALS,
    SPREAD,
    STEPS,
    TRIES,
)

BEYOND = 2e-6
DEPTHS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
ATTEMPTS = 256


def total_of(values):
    """The sum, from the first to the last; Python's own sum of floats is a better one from 3.12 on."""
    total = 0.0
    for value in values:
        total += value
    return total


def erfcx(z):
    """exp(z^2) erfc(z)."""
    if z < 20.0:
        return math.exp(z * z) * math.erfc(z)
    w = 0.5 / (z * z)
    return (1.0 - w * (1.0 - 3.0 * w * (1.0 - 5.0 * w))) / (math.sqrt(math.pi) * z)


def grip(velocity, diffusion, span, extent):
    """How strongly a wall takes up a path whose step goes `extent` along its normal: 2 where it takes all."""
    if velocity == math.inf:
        return 2.0
    root = math.sqrt(diffusion * span)
    k = velocity * root / diffusion
    return 2.0 * math.sqrt(math.pi) * k * erfcx(0.5 * extent / root + k)


class Molecule:
    """Where one molecule is: a point, the voxels below and above it, its face (-1 in the volume), number and ions."""

    def __init__(self, at, voxel, behind, face, name, ions):
        self.at, self.voxel, self.behind, self.face, self.name, self.ions = at, voxel, behind, face, name, ions


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
        self.spaces = [Surface(system, k) for k in range(len(system.grids))]
        self.sheet, self.dt = Sheet(system), dt
        self.chem, self.entries = system.chemistry(dt), system.entries
        walls, cells = system.walls, system.cells
        self.space = walls.space.tolist()
        self.face_space = walls.face_space.tolist()
        self.velocity, self.becomes = walls.velocity.tolist(), walls.becomes.tolist()
        self.cell_of = cells.of_voxel.tolist()
        self.cell_volume, self.cell_area = cells.volume.tolist(), cells.area.tolist()
        self.cell_start, self.cell_voxel = cells.start.tolist(), cells.voxel.tolist()
        self.place = cells.place.tolist()
        self.compartments = system.geometry.compartment_shape.tolist()
        self.compartment_space = system.geometry.compartment_space.tolist()
        self.compartment_set = system.geometry.compartment_set.tolist()
        self.shell = system.geometry.shell.tolist()
        self.key = int(key[0]), int(key[1])
        self.carries = system.carries.tolist() if state.ion.shape[1] else [0] * len(system.carries)
        self.steps, self.now = system.network.steps, state.pause[NOW].item()
        logged = slice(state.serial[LOGGED])
        self.log = [
            (t, *entry) for t, entry in zip(state.when[logged].tolist(), state.log[logged].tolist(), strict=True)
        ]
        self.molecules = []
        for s, (first, n) in enumerate(zip(state.start.tolist(), state.n.tolist(), strict=True)):
            here = slice(first, first + n)
            columns = (state.x, state.y, state.z, state.voxel, state.behind, state.face, state.name)
            rows = zip(*(column[here].tolist() for column in columns), strict=True)
            ions = [row[: self.carries[s]] for row in state.ion[here].tolist()]
            self.molecules.append([Molecule((x, y, z), *r, on) for (x, y, z, *r), on in zip(rows, ions, strict=True)])
        self.fired, self.absorbed = state.fired.tolist(), state.absorbed.tolist()
        self.clock, self.serial = state.clock.tolist(), state.serial.tolist()
        assert len(self.serial) == SERIALS

    def cell(self, molecule, side):
        """The reaction cell of a molecule, on a side of its face (0 in the volume); None where there is none."""
        voxel = molecule.behind if side else molecule.voxel
        return None if voxel < 0 else self.cell_of[voxel]

    def count(self, cell, species, side):
        """Molecules of a species in a reaction cell, on a side of their faces."""
        return sum(self.cell(m, side) == cell for m in self.molecules[species])

    def draw(self, which, purpose, species=0, attempt=0):
        """Random words for the next of a kind of event, which `which` counts."""
        number = self.serial[which]
        return words(self.key, number, number >> 32, purpose, species, attempt)

    def voxels(self, species, at, face):
        """The voxels below and above a point on a face; that of a point of the volume, and -1."""
        if face < 0:
            return self.spaces[self.space[species]].voxel(at), -1
        return tuple(-1 if k < 0 else self.spaces[k].voxel(at) for k in self.face_space[face])

    def add(self, species, at, face=-1, ions=()):
        voxel, behind = self.voxels(species, at, -1 if face == ARRIVED else face)
        self.molecules[species].append(Molecule(at, voxel, behind, face, self.serial[NAMES], list(ions)))
        self.serial[NAMES] += 1

    def at_time(self, t):
        """What happens from now on happens at a time, or later."""
        self.now = max(self.now, t)

    def tell(self, ions, what):
        """Log something of some ions."""
        self.log += [(self.now, ion, what) for ion in ions]
        self.serial[LOGGED] = len(self.log)

    def new_ions(self, number):
        """Ions that were not there before."""
        first = self.serial[IONS]
        self.serial[IONS] += number
        return list(range(first, first + number))

    def hand_on(self, r, ions):
        """The ions of each new molecule that reaction r makes, in the order of the tables, from those of the old."""
        stay, wanted = list(self.steps[r].reactants), []
        for s in self.steps[r].products:
            if s in stay:
                stay.remove(s)
            else:
                wanted.append(s)
        takers = [s for s in wanted if self.carries[s]]
        if len(ions) > 1 and (not takers or self.carries[takers[0]] < len(ions)):
            event = self.serial[EVENTS]
            for k in reversed(range(1, len(ions))):
                other = pick(words(self.key, event, event >> 32, PART_WITH, 0, k)[0], k + 1)
                ions[k], ions[other] = ions[other], ions[k]
        ions += self.new_ions(max(0, sum(self.carries[s] for s in wanted) - len(ions)))
        self.tell(ions, r)
        shares = []
        for s in wanted:
            shares.append((s, ions[: self.carries[s]]))
            ions = ions[self.carries[s] :]
        found = []
        for m in range(self.chem.product_start[r], self.chem.product_start[r + 1]):
            share = next(share for share in shares if share[0] == self.chem.product[m])
            shares.remove(share)
            found.append(share[1])
        return found

    def remove(self, species, i):
        """Take molecule i out; the last one takes its place."""
        self.molecules[species][i] = self.molecules[species][-1]
        self.molecules[species].pop()

    def is_within(self, kind, s, p):
        """Whether a part of space holds a point."""
        if kind == SHELL:
            i, j, k = (int((p[a] - s[a]) / s[3]) for a in range(3))
            return self.shell[int(s[4]) + (i * int(s[6]) + j) * int(s[7]) + k]
        away, axis = minus(p, s[:3]), s[3:6]
        if kind == BOX:
            return all(s[a] <= p[a] < s[3 + a] for a in range(3))
        if kind == BALL:
            return dot(away, away) < s[3] * s[3]
        along = dot(away, axis)
        if kind == HALF_SPACE:
            return along < 0.0
        length = dot(axis, axis)
        return 0.0 <= along < length and dot(away, away) * length - along * along < s[6] * s[6] * length

    def compartment(self, space, of, p):
        """Number of the compartment of a set in a space that holds a point: the first that does; None where none."""
        whole = self.compartment_space.index(space)
        for number, (kind, *s) in enumerate(self.compartments):
            is_there = self.compartment_space[number] == space and self.compartment_set[number] == of
            if is_there and number != whole and self.is_within(kind, s, p):
                return number
        return None

    def anywhere(self, space, low, high, compartment, attempts):
        """A random place of a space in entries low ... high - 1 of Cells.voxel; None where none was found."""
        place = None
        for attempt in range(attempts):
            a, *along = self.draw(PLACES, PLACE, 0, attempt)
            voxel = self.cell_voxel[low + pick(a, high - low)]
            s = self.spaces[space]
            p = s.point(voxel, [uniform(word) for word in along])
            of = None if compartment is None else self.compartment_set[compartment]
            if s.inside(p) and compartment in (None, self.compartment(space, of, p)):
                place = p
                break
        self.serial[PLACES] += 1
        return place

    def anywhere_in(self, compartment):
        """A random place of a compartment."""
        space = self.compartment_space[compartment]
        whole = compartment == self.compartment_space.index(space)
        low, high = self.place[compartment]
        return self.anywhere(space, low, high, None if whole else compartment, ATTEMPTS * ATTEMPTS)

    def beside_membrane(self, molecule, side):
        """A place next to a molecule of the membrane, on a side of its face; None where there is none."""
        s = self.spaces[self.face_space[molecule.face][side]]
        for depth in DEPTHS:
            p = minus(molecule.at, times(depth, s.normals[molecule.face + side * len(self.face_space)]))
            if s.voxel(p) >= 0 and s.inside(p):
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
                places.append((origin.at, -1 if origin.face == ARRIVED else origin.face))
                continue
            side = self.chem.product_side[m]
            if where == SPREAD:
                cell = self.cell(first, side)
                low, high = self.cell_start[cell : cell + 2]
                place = self.anywhere(self.space[self.chem.product[m]], low, high, None, ATTEMPTS)
            else:
                place = self.beside_membrane(first if where == BELOW else second, side)
            if place is None:
                self.serial[HELD] += 1
                return
            places.append((place, -1))
        self.fired[r] += 1
        gone = [(s, i) for s, i, used in ((s0, i0, 0), (s1, i1, 1)) if s >= 0 and self.chem.consumed[r, used]]
        shares = self.hand_on(r, [ion for s, i in gone for ion in self.molecules[s][i].ions])
        if s0 == s1:
            gone.sort(reverse=True)
        for s, i in gone:
            self.remove(s, i)
        for m, (at, face), ions in zip(made, places, shares, strict=True):
            self.add(self.chem.product[m], at, face, ions)

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
        end = t + span
        while True:
            hazards = [k if s < 0 else len(self.molecules[s]) * k for k, (_, s) in zip(rates, reactions, strict=True)]
            total = total_of(hazards)
            if total * span <= self.clock[0]:
                self.clock[0] -= total * span
                return
            span -= self.clock[0] / total
            self.at_time(end - span)
            a, b, c, _ = self.draw(EVENTS, EVENT)
            self.serial[EVENTS] += 1
            self.clock[0] = exponential(a)
            chosen = self.one_of(hazards, uniform(b) * total)
            r, s = reactions[chosen]
            if s >= 0:
                self.perform(r, s, pick(c, len(self.molecules[s])))
                continue
            place = self.anywhere_in(self.chem.uni_where[chosen].item())
            if place is None:
                self.serial[HELD] += 1
                continue
            self.fired[r] += 1
            shares = self.hand_on(r, [])
            for m, ions in enumerate(shares, self.chem.product_start[r]):
                self.add(self.chem.product[m], place, ions=ions)

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
        cell = self.cell(self.molecules[s][i], self.chem.side[s])
        wanted = range(self.chem.active_start[s], self.chem.active_start[s + 1])
        partners = [
            self.count(cell, self.chem.partner[m], self.chem.partner_side[m]) - int(self.chem.partner[m] == s)
            for m in wanted
        ]
        rates = [self.rate(self.chem.active[m], t) for m in wanted]
        room = self.cell_area[self.chem.on[s]][cell] if self.chem.surface[s] else self.cell_volume[cell]
        hazard = 0.0
        for n, k in zip(partners, rates, strict=True):
            p = k * (self.dt / room)
            hazard += n * (p * (1.0 + p * (0.5 + p * (1.0 / 3.0))))  # - log(1 - p) for each
        if u >= -math.expm1(-hazard):
            return
        a, b, _, _ = self.draw(EVENTS, REACT)
        self.serial[EVENTS] += 1
        weights = [n * k for n, k in zip(partners, rates, strict=True)]
        chosen = wanted[self.one_of(weights, uniform(a) * total_of(weights))]
        other, side = self.chem.partner[chosen], self.chem.partner_side[chosen]
        there = [k for k, m in enumerate(self.molecules[other]) if self.cell(m, side) == cell]
        if other == s:
            there.remove(i)
        self.perform(self.chem.active[chosen], s, i, other, there[pick(b, len(there))])

    def move(self, s, t):
        """One step of every molecule of a species, the last one first: motion and absorption."""
        step, D = self.serial[STEPS], self.chem.D[s].item()
        self.serial[MOVES] += len(self.molecules[s])
        for i in reversed(range(len(self.molecules[s]))):
            molecule = self.molecules[s][i]
            if molecule.face == ARRIVED:
                molecule.face = -1
                continue
            *three, spare = words(self.key, i, step, MOVE, s, 0)
            self.settle(s, i, *self.fly(s, i, molecule.at, three, D), spare, t)

    def seek(self, s, t):
        """Encounters of every molecule of a species that moves in a volume, the last one first."""
        if self.chem.active_start[s + 1] > self.chem.active_start[s]:
            for i in reversed(range(len(self.molecules[s]))):
                if i < len(self.molecules[s]):
                    *_, spare = words(self.key, i, self.serial[STEPS], MOVE, s, 0)
                    self.meet(s, i, uniform(spare), t)

    def fly(self, s, i, start, draws, D):
        """The end of molecule i's step, the boundary that took it, -1 for none, what it now is, and what it passed."""
        surface = self.spaces[self.space[s]]
        if surface.has_rims(s, surface.voxel(start)):
            return self.creep(s, i, start, D)
        sigma = math.sqrt(2.0 * D * self.dt)
        way = tuple(sigma * normal(w) for w in draws)
        end, boundary, kind, passed = self.travel(s, i, 1, start, way, D, self.dt)
        if boundary < 0 and kind == s:
            u = uniform(words(self.key, i, self.serial[STEPS], TOUCH, s, 0)[0])
            boundary = self.touched(s, start, end, D, self.dt, u)
        return end, boundary, kind, passed

    def settle(self, s, i, end, boundary, kind, passed, spare, t):
        """Take molecule i out at a boundary, or put it where its step ended, as what it now is."""
        molecule = self.molecules[s][i]
        if boundary >= 0 or passed >= 0:
            self.tell(molecule.ions, len(self.fired) + (boundary if boundary >= 0 else passed))
        if boundary >= 0:
            self.absorbed[boundary] += 1
            self.remove(s, i)
        elif kind == s:
            molecule.at, molecule.voxel = end, self.spaces[self.space[s]].voxel(end)
        else:
            self.remove(s, i)
            self.add(kind, end, ARRIVED if kind > s else -1, molecule.ions)
            if kind < s:  # those of its new kind have met theirs
                self.meet(kind, len(self.molecules[kind]) - 1, uniform(spare), t)

    def touched(self, s, p, q, D, span, u):
        """The boundary that takes a path from p to q that may have met it between its ends, by a number u; or -1."""
        met = self.spaces[self.space[s]].touch(s, p, q, D * span)
        if met is None:
            return -1
        f, exponent, extent = met
        b = self.number_of(self.spaces[self.space[s]].boundary[s][f])
        if self.becomes[b] < 0 and u < (grip(self.velocity[b], D, span, extent) - 1.0) * math.exp(-exponent):
            return b
        return -1

    @staticmethod
    def number_of(code):
        """The boundary that an entry of the table of walls names."""
        return code if code >= -1 else -2 - code

    def travel(self, s, i, first, start, d, D, span):
        """Where a step of species s ends, the boundary that took it, what it then is, and what it passed last."""
        kind, p, whole, bounced, passed = s, start, d, False, -1
        parts = any(b < -1 for b in self.spaces[self.space[s]].boundary[s])
        for bounce in range(BOUNCES):
            surface = self.spaces[self.space[kind]]
            contact = surface.first_contact(p, d)
            if contact is None:
                p = plus(p, d)
                if surface.voxel(p) < 0 or ((bounced or parts) and not surface.inside(p)):
                    break
                return p, -1, kind, passed
            bounced = True
            t, f = contact
            end, p = plus(p, d), plus(p, times(t, d))
            code, n = surface.boundary[kind][f], surface.normals[f]
            if code >= 0:
                return p, code, kind, passed
            along = dot(whole, n)
            if code < -1:
                b = self.number_of(code)
                u = uniform(words(self.key, i, self.serial[STEPS], TOUCH, s, first + bounce)[0])
                taken = grip(self.velocity[b], D, span, abs(along))
                if self.becomes[b] < 0 and u < taken:
                    return p, b, kind, passed
                if self.becomes[b] >= 0 and u < 0.5 * taken:
                    self.absorbed[b] += 1
                    passed = b
                    kind, p = self.becomes[b], plus(p, times(BEYOND, n))
                    d = minus(end, p)
                    continue
            d = minus(minus(end, times(2.0 * (dot(n, end) - surface.offsets[f]), n)), p)
            whole = minus(whole, times(2.0 * along, n))
        self.serial[HELD] += 1
        return start, -1, s, -1

    def creep(self, s, i, p, D):
        """A step near a rim, in pieces short against the distance to it, as told by `fly`."""
        left, attempt, kind, boundary, passed = self.dt, 0, s, -1, -1
        while left > 0.0 and boundary < 0:
            surface = self.spaces[self.space[kind]]
            span = surface.rim_distance(kind, p) / 3.5
            span = min(left, max(span * span / (2.0 * D), self.dt * 2.0**-20))
            left -= span
            *three, spare = words(self.key, i, self.serial[STEPS], CREEP, s, attempt)
            attempt += 1
            sigma = math.sqrt(2.0 * D * span)
            first = 1 + BOUNCES * attempt
            way = tuple(sigma * normal(word) for word in three)
            end, boundary, kind, through = self.travel(kind, i, first, p, way, D, span)
            passed = through if through >= 0 else passed
            if boundary < 0:
                boundary = self.touched(kind, p, end, D, span, uniform(spare))
            p = end
        return p, boundary, kind, passed

    def stay(self, s, t):
        """Motion in the membrane, and encounters, of molecules that do not move through a volume, last one first."""
        seeks = self.chem.active_start[s + 1] > self.chem.active_start[s]
        sigma = math.sqrt(2.0 * self.chem.D[s].item() * self.dt)
        for i in reversed(range(len(self.molecules[s]))):
            if i >= len(self.molecules[s]):
                continue
            a, b, _, d = words(self.key, i, self.serial[STEPS], MOVE, s, 0)
            molecule = self.molecules[s][i]
            if sigma > 0.0:
                first, second = frame(self.sheet.planes[molecule.face])
                way = plus(times(sigma * normal(a), first), times(sigma * normal(b), second))
                made = self.sheet.glide(s, molecule.face, molecule.at, way)
                if made is None:
                    self.serial[HELD] += 1
                else:
                    molecule.at, molecule.face = made
                    molecule.voxel, molecule.behind = self.voxels(s, *made)
            if seeks:
                self.meet(s, i, uniform(d), t)

    def enter(self, e, t):
        """Let molecules in through a boundary held at a concentration: those that it would take the other way."""
        s, b = self.entries.species[e].item(), self.entries.boundary[e].item()
        D, surface = self.chem.D[s].item(), self.spaces[self.space[s]]
        voxels = self.entries.voxel[self.entries.start[e] : self.entries.start[e + 1]].tolist()
        self.clock[1 + e] -= self.entries.tried[e].item()
        kept = list(self.absorbed)
        while self.clock[1 + e] < 0.0:
            wait, *_ = self.draw(ENTRIES, ENTER, e, 0)
            a, *along = self.draw(ENTRIES, ENTER, e, 1)
            self.serial[ENTRIES] += 1
            self.clock[1 + e] += exponential(wait)
            start = surface.point(voxels[pick(a, len(voxels))], [uniform(word) for word in along])
            if not surface.inside(start):
                continue
            i = 2**31 + self.serial[TRIES] % 2**31
            self.serial[TRIES] += 1
            *three, spare = words(self.key, i, self.serial[STEPS], MOVE, s, 0)
            _, boundary, _, _ = self.fly(s, i, start, three, D)
            if boundary == b:
                kept[b] -= 1
                new = self.new_ions(self.carries[s])
                self.tell(new, len(self.fired) + b)
                self.add(s, start, ions=new)
                self.meet(s, len(self.molecules[s]) - 1, uniform(spare), t)
        self.absorbed = kept

    def advance(self, start, steps):
        """Make some steps from time `start` [s] on."""
        for step in range(steps):
            t = start + step * self.dt
            middle = t + 0.5 * self.dt
            self.fire(t, 0.5 * self.dt)
            self.at_time(middle)
            for s in range(len(self.molecules)):
                if self.chem.D[s] > 0.0 and not self.chem.surface[s]:
                    self.move(s, middle)
                    self.seek(s, middle)
                elif self.chem.D[s] > 0.0 or self.chem.active_start[s + 1] > self.chem.active_start[s]:
                    self.stay(s, middle)
            for e in range(len(self.entries.species)):
                self.enter(e, middle)
            self.fire(middle, 0.5 * self.dt)
            self.serial[STEPS] += 1
