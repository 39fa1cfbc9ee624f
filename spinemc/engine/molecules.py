"""The molecules of one trial and the arrays they live in: put in, and advanced from moment to moment."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spinemc.chemistry.ions import holders
from spinemc.chemistry.releases import expected_number
from spinemc.engine.kernels import flight, move, put, react, step
from spinemc.engine.kernels.flight import BLOCK
from spinemc.engine.kernels.tables import LEAVERS, LOGGED, MOVER, NONE, NOW, SERIALS, Block, Chemistry, Spot, State
from spinemc.engine.schedule import Moment
from spinemc.engine.system import System
from spinemc.engine.team import Team
from spinemc.errors import EngineError
from spinemc.geometry.compartments import sample_surface
from spinemc.scenario import Release

PIECE = 4096  # molecules that are worth a thread's while
NEVER = 2**62
GLANCE = 2_000_000  # particle-steps between two looks at what else is to be done
LOG = 1024  # entries that the log of ions has room for at least
_DOUBLINGS = 10  # of all room within one step before its molecules count as running away


class Molecules:
    """The molecules of one trial and the arrays they live in, which grow when they must."""

    def __init__(self, system: System, key: np.ndarray, dt: float, team: Team | None = None) -> None:
        self.system = system
        self.team = team
        self.blocks = [_block(system)]
        self.key = key
        species, steps = len(system.network.species), len(system.network.steps)
        columns = max(1, int(system.chemistry(dt).columns[0]))
        self.spot = Spot(
            at=np.zeros((int(react.MOST_PRODUCTS), 3)),
            voxel=np.zeros(int(react.MOST_PRODUCTS), np.int64),
            behind=np.zeros(int(react.MOST_PRODUCTS), np.int64),
            face=np.zeros(int(react.MOST_PRODUCTS), np.int64),
            ion=np.zeros(max([1, *system.carries, *map(len, holders(system.network, system.carries))]), np.int64),
        )
        followed = system.scenario.ions
        self.follows = followed is not None and int(key[1]) in followed.trials
        entries = system.entries.species.size
        generator = np.random.Generator(np.random.Philox(seed=[int(key[0]), int(key[1]), 0]))
        self.state = State(
            x=np.zeros(0),
            y=np.zeros(0),
            z=np.zeros(0),
            voxel=np.zeros(0, np.int32),
            behind=np.zeros(0, np.int32),
            face=np.zeros(0, np.int32),
            name=np.zeros(0, np.int64),
            ion=np.zeros((0, int(system.carries.max()) if self.follows else 0), np.int64),
            start=np.zeros(species, np.int64),
            room=np.zeros(species, np.int64),
            n=np.zeros(species, np.int64),
            count=np.zeros(system.cells.volume.size * columns, np.int32),
            head=np.zeros(system.cells.volume.size * columns, np.int32),
            after=np.zeros((0, 2), np.int32),
            asked=np.zeros(columns, np.int64),
            leaver=np.zeros(0, np.int32),
            way=np.zeros(0, np.int32),
            fired=np.zeros(steps, np.int64),
            absorbed=np.zeros(len(system.boundaries), np.int64),
            clock=generator.exponential(size=1 + entries),
            serial=np.zeros(SERIALS, np.int64),
            pause=np.array([0.0, 0.0, 0.0, NONE, 0.0]),
            cursor=np.zeros(steps, np.int64),
            rate=np.zeros(steps),
            when=np.zeros(0),
            log=np.zeros((0, 2), np.int64),
        )
        room = np.zeros(species, np.int64)
        np.add.at(room, system.entries.species, 2 * system.entries.most)
        self.grow(room)

    def grow(self, room: np.ndarray) -> None:
        """Move to arrays with at least `room` slots for each species."""
        old = self.state
        room = np.maximum(room, old.room)
        start = np.concatenate([[0], np.cumsum(room)[:-1]])
        arrays = {}
        for name in ("x", "y", "z", "voxel", "behind", "face", "name", "ion", "after"):
            before = getattr(old, name)
            arrays[name] = np.zeros((int(room.sum()), *before.shape[1:]), before.dtype)
            for s in range(room.size):
                n = old.n[s]
                arrays[name][start[s] : start[s] + n] = before[old.start[s] : old.start[s] + n]
        for name in ("leaver", "way"):
            arrays[name] = np.zeros(int(room.max(initial=0)), np.int32)
        self.state = old._replace(start=start, room=room, **arrays)

    def grow_log(self, more: int) -> None:
        """Make room in the log of ions for so many entries more, where there is none."""
        logged, room = int(self.state.serial[LOGGED]), self.state.when.size
        if room - logged >= more:
            return
        room = max(2 * room, logged + more)
        when, log = np.zeros(room), np.zeros((room, 2), np.int64)
        when[:logged], log[:logged] = self.state.when[:logged], self.state.log[:logged]
        self.state = self.state._replace(when=when, log=log)

    def events(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What the log of ions holds, see `kernels.ions`: time [s], ion, what; it is empty afterwards."""
        state, logged = self.state, int(self.state.serial[LOGGED])
        state.serial[LOGGED] = 0
        return state.when[:logged].copy(), state.log[:logged, 0].copy(), state.log[:logged, 1].astype(np.int32)

    def release(self, release: Release, number: int, occasion: int, dt: float) -> None:
        """Put in the molecules of one release."""
        system = self.system
        geometry, network = system.geometry, system.network
        s = network.species.index(release.species)
        generator = np.random.Generator(
            np.random.Philox(seed=[int(self.key[0]), int(self.key[1]), 1, number, occasion])
        )
        mean = expected_number(geometry, release)
        amount = int(mean if release.exact or release.count is not None else generator.poisson(mean))
        room = self.state.room.copy()
        room[s] = max(room[s], self.state.n[s] + amount)
        self.grow(room)
        if self.follows:
            self.grow_log(amount * int(system.carries[s]))
            self.state.pause[NOW] = max(self.state.pause[NOW], release.time[occasion])
        what = len(network.steps) + len(system.boundaries) + number
        chemistry = system.chemistry(dt or system.scenario.run.dt)
        if release.on is not None:
            region = geometry.regions.index(release.on)
            points, face = sample_surface(geometry, region, amount, generator)
        elif release.at is not None:
            points, face = np.tile(np.array(release.at), (amount, 1)), np.full(amount, -1)
        if release.inside is not None:
            where = geometry.compartments.index(release.inside)
            made = put.scatter(
                system.walls, system.cells, chemistry, self.key, self.state, self.spot, s, amount, where, what
            )
        else:
            x, y, z = (np.ascontiguousarray(points[:, axis]) for axis in range(3))
            made = put.put(
                system.walls, system.cells, chemistry, self.state, self.spot, s, x, y, z, face.astype(np.int32), what
            )
        if made < amount:
            raise EngineError(
                f"release {number + 1}, {release.species}: no room was found for {amount - made} of {amount} "
                f"molecules in trial {int(self.key[1])} (seed {int(self.key[0])}); the place is too small to hold them."
            )

    def left(self) -> dict[str, np.ndarray]:
        """All that is needed to go on from the end of a step, as copies."""
        return {f"state.{name}": array.copy() for name, array in self.state._asdict().items()}

    def take_up(self, left: Mapping[str, np.ndarray]) -> None:
        """Go on from what `left` returned."""
        state = State(**{name: np.array(left[f"state.{name}"]) for name in State._fields})
        self.state = state._replace(asked=np.zeros_like(state.asked))  # lists are made again: they are not checked

    def advance(self, moment: Moment, done: int = 0) -> int:
        """Make the steps from one moment to the next, or as many of them as are worth a glance.

        Returns how many are done, of which `done` were when it was called.
        """
        system = self.system
        chemistry = system.chemistry(moment.dt)
        until = min(moment.steps, done + max(1, GLANCE // max(1, int(self.state.n.sum()))))
        doublings = 0
        while done < until:
            before = done
            done, status = step.advance(
                system.walls,
                system.cells,
                chemistry,
                system.entries,
                self.key,
                self.state,
                self.spot,
                self.blocks[0],
                moment.time,
                moment.dt,
                done,
                until,
                2 * PIECE if self.team is not None and self.team.has_idle() else NEVER,
            )
            doublings = 0 if done > before else doublings + (status == step.GROW)
            if status == step.OVERFLOW or doublings > _DOUBLINGS:
                raise EngineError(self._explosion(moment.time + done * moment.dt))
            if status == step.GROW:
                self.grow(2 * self.state.room + 64 + int(self.state.n.sum()) // 2)
            if status == step.LOG:
                self.grow_log(self.state.when.size + LOG)
            if status == step.SHARE:
                self.fly_together(chemistry, moment.dt)
        return done

    def fly_together(self, chemistry: Chemistry, dt: float) -> None:
        """Move the molecules of the species that is next, with the help of idle cores."""
        system, state = self.system, self.state
        s = int(state.pause[MOVER])
        n = int(state.n[s])

        def fly(part: int, parts: int) -> np.ndarray:
            low, high = (min(n, -(-n // BLOCK) * k // parts * BLOCK) for k in (part, part + 1))
            gone = flight.fly_share(
                system.walls, system.cells, chemistry, self.key, state, self.blocks[part], s, low, high, dt
            )
            return np.arange(low, low + gone)

        assert self.team is not None
        most = n // PIECE
        self.blocks += [_block(system) for _ in range(min(most, self.team.cores) - len(self.blocks))]
        leavers = np.concatenate(self.team.share(fly, most))
        state.leaver[: leavers.size] = state.leaver[leavers]
        state.way[: leavers.size] = state.way[leavers]
        state.pause[LEAVERS] = leavers.size
        for block in self.blocks:
            flight.gather(state, block)

    def _explosion(self, time: float) -> str:
        """What to say of a step near a time [s] that made too many molecules."""
        largest = self.system.network.species[int(np.argmax(self.state.n))]
        return (
            f"{largest}: one time step, near t = {time:.6g} s, made more molecules than there was room for "
            f"(trial {int(self.key[1])}, seed {int(self.key[0])}); use a shorter run.dt."
        )


def _block(system: System) -> Block:
    """Scratch for one thread."""
    return Block(
        delta=np.zeros((3, BLOCK)),
        left=np.zeros(BLOCK),
        tail=np.zeros(BLOCK + 1),
        voxel=np.zeros(BLOCK, np.int32),
        hard=np.zeros(BLOCK + 1, np.int32),
        way=np.zeros(BLOCK, np.int32),
        end=np.zeros((3, BLOCK)),
        met=np.zeros(move.ROOM + 2 * int(np.diff(system.walls.start).max()) + 8, np.int32),
        passed=np.zeros(len(system.boundaries), np.int64),
        held=np.zeros(1, np.int64),
        x=np.zeros(BLOCK),
        y=np.zeros(BLOCK),
        z=np.zeros(BLOCK),
        start=np.zeros(BLOCK, np.int32),
    )
