"""Small triangles taken out of a closed surface: short edges drawn together, flat corners turned away."""

from __future__ import annotations

import numpy as np

from spinemc.geometry.checks import crossed

TURNED = 0.5  # cosine between the normals of a triangle before and after that is too small
FLAT = 0.2  # height of a triangle over its longest edge that is too small
PASSES = 12


def tidied(
    vertex: np.ndarray, face: np.ndarray, label: np.ndarray, least: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A surface without the short edges and flat triangles that cutting and uniting leaves.

    Parameters
    ----------
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int
        Triangles of a closed surface.
    label : (f,) int
        The region of each; corners on the border of two regions stay on it, flat triangles may change sides.
    least : (v,) float64
        Length that edges at each corner shall have at least [um].

    Returns
    -------
    vertex, face, label
        Likewise, closed and connected as before.
    """
    made = _Surface(vertex, face, label, least)
    for _ in range(PASSES):
        if made.draw_together() + made.turn_away() == 0:
            break
    return made.arrays()


class _Surface:
    """Triangles that change one by one, and for each corner those around it."""

    def __init__(self, vertex: np.ndarray, face: np.ndarray, label: np.ndarray, least: np.ndarray):
        self.vertex = np.array(vertex, dtype=np.float64)
        self.face = face.astype(np.int64)
        self.label = label.copy()
        self.least = least
        self.alive = np.ones(len(face), bool)
        self.around: list[set[int]] = [set() for _ in range(len(vertex))]
        for number, corners in enumerate(self.face.tolist()):
            for corner in corners:
                self.around[corner].add(number)

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        used, face = np.unique(self.face[self.alive], return_inverse=True)
        return self.vertex[used], face.reshape(-1, 3).astype(np.int32), self.label[self.alive]

    def draw_together(self) -> int:
        """Draw the ends of short edges together, the shortest first. Returns how many."""
        faces = np.flatnonzero(self.alive)
        ends = np.concatenate([self.face[faces][:, [0, 1]], self.face[faces][:, [1, 2]], self.face[faces][:, [2, 0]]])
        ends = ends[ends[:, 0] < ends[:, 1]]
        length = np.linalg.norm(self.vertex[ends[:, 0]] - self.vertex[ends[:, 1]], axis=1)
        short = np.flatnonzero(length < np.minimum(self.least[ends[:, 0]], self.least[ends[:, 1]]))
        return sum(self._merge(*ends[k].tolist()) for k in short[np.argsort(length[short], kind="stable")])

    def _border(self, corner: int) -> bool:
        return len({int(self.label[f]) for f in self.around[corner]}) > 1

    def _merge(self, a: int, b: int) -> bool:
        """Draw corner b to corner a, or both to the middle, where that leaves the surface closed and unfolded."""
        both = self.around[a] & self.around[b]
        if len(both) != 2 or len(self._beside(a) & self._beside(b)) != 2:
            return False
        on_a, on_b = self._border(a), self._border(b)
        if on_a and on_b and len({int(self.label[f]) for f in both}) == 1:
            return False
        if on_b and not on_a:
            a, b = b, a
        place = self.vertex[a] if on_a != on_b else 0.5 * (self.vertex[a] + self.vertex[b])
        changed = list((self.around[a] | self.around[b]) - both)
        corners = self.face[changed]
        before = crossed(self.vertex[corners])
        after = crossed(np.where(((corners == a) | (corners == b))[..., None], place, self.vertex[corners]))
        size = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
        if (size == 0.0).any() or ((before * after).sum(axis=1) < TURNED * size).any():
            return False
        self.vertex[a] = place
        for f in both:
            self.alive[f] = False
            for corner in self.face[f].tolist():
                self.around[corner].discard(f)
        for f in list(self.around[b]):
            self.face[f][self.face[f] == b] = a
            self.around[a].add(f)
        self.around[b].clear()
        return True

    def _beside(self, corner: int) -> set[int]:
        return {int(c) for f in self.around[corner] for c in self.face[f]} - {corner}

    def turn_away(self) -> int:
        """Give flat triangles another neighbour across their longest edge, where both are better for it."""
        faces = np.flatnonzero(self.alive)
        corner = self.vertex[self.face[faces]]
        longest = np.linalg.norm(corner - np.roll(corner, -1, axis=1), axis=2).max(axis=1)
        flat = np.linalg.norm(crossed(corner), axis=1) < FLAT * longest**2
        return sum(self._turn(f) for f in faces[flat].tolist())

    def _turn(self, f: int) -> bool:
        if not self.alive[f]:
            return False
        corners = self.face[f].tolist()
        k = int(np.argmax([np.linalg.norm(self.vertex[corners[i]] - self.vertex[corners[i - 2]]) for i in range(3)]))
        a, b, c = corners[k], corners[k - 2], corners[k - 1]
        (g,) = (self.around[a] & self.around[b]) - {f} or (None,)
        if g is None:
            return False
        (d,) = {int(x) for x in self.face[g]} - {a, b}
        if d in self._beside(c):
            return False
        old, new = np.array([[a, b, c], [b, a, d]]), np.array([[a, d, c], [d, b, c]])
        before, after = crossed(self.vertex[old]), crossed(self.vertex[new])
        mean = before.sum(axis=0) / max(float(np.linalg.norm(before.sum(axis=0))), 1e-300)
        if (after @ mean < TURNED * np.linalg.norm(after, axis=1)).any():
            return False
        if _shape(self.vertex[new]).min() <= _shape(self.vertex[old]).min():
            return False
        self.label[f] = self.label[g]
        for number, made in ((f, new[0]), (g, new[1])):
            for corner in self.face[number].tolist():
                self.around[corner].discard(number)
            self.face[number] = made
            for corner in made.tolist():
                self.around[corner].add(number)
        return True


def _shape(corner: np.ndarray) -> np.ndarray:
    """Area over the sum of the squares of the edges: the larger, the nearer to an equilateral triangle."""
    edges = ((corner - np.roll(corner, 1, axis=1)) ** 2).sum(axis=(1, 2))
    return np.linalg.norm(crossed(corner), axis=1) / np.maximum(edges, 1e-300)
