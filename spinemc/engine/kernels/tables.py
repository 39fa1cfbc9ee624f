"""The arrays that the kernels read and write, grouped by what they describe."""

from typing import NamedTuple

import numpy as np

NONE = np.int64(-1)  # no molecule, species, face or boundary; typed, so that numba compiles no literal for itself


class Walls(NamedTuple):
    """The surface, and a grid that tells how far it is.

    Voxel (i, j, k) has index (i * shape[1] + j) * shape[2] + k. The inside of the mesh lies in voxels that have at
    least one empty voxel between them and the border of the grid.
    """

    origin: np.ndarray  # (3,) low corner of the grid [um]
    scale: np.ndarray  # (2,) voxel edge [um] and its inverse
    shape: np.ndarray  # (3,) int64, voxels along each axis
    shelter: np.ndarray  # (classes, voxels, 5) float32 plane n, c and reach squared, see spinemc.geometry.grid
    shelter_class: np.ndarray  # (species,)
    center_inside: np.ndarray  # (voxels,) bool
    start: np.ndarray  # (voxels + 1,) triangles of voxel v are triangle[start[v]:start[v + 1]]
    triangle: np.ndarray  # faces that touch a voxel
    near_start: np.ndarray  # (voxels + 1,) likewise for faces that take molecules out, within reach of one step
    near: np.ndarray
    rim_start: np.ndarray  # (voxels + 1,) likewise for rims of absorbing regions, see kernels.absorb
    rim_near: np.ndarray
    rim: np.ndarray  # (rims, 6) ends of each edge [um]
    rim_of: np.ndarray  # (species, rims) bool: whether it is one for a species
    takes: np.ndarray  # (species,) bool: whether any face takes molecules of a species out
    plane: np.ndarray  # (faces, 4) outward unit normal n and offset c: n . x = c on the plane
    corner: np.ndarray  # (faces, 9) corners, counter-clockwise seen from outside [um]
    boundary: np.ndarray  # (species, faces) int16: boundary that a molecule meets there, -1 where it reflects


class Frame(NamedTuple):
    """Where the grid lies: plain numbers, which cost nothing to hand on."""

    x: float  # low corner [um]
    y: float
    z: float
    size: float  # voxel edge [um]
    inverse: float  # [1/um]
    nx: int
    ny: int
    nz: int


class Cells(NamedTuple):
    """The reaction cells: unions of voxels in which molecules that share a cell can meet."""

    # (voxels, 2) int32, side by side because every step of every molecule reads both: the cell of each voxel, -1
    # outside, and a lower bound of the distance from any point of the voxel to the wall [1e-6 um]
    of_voxel: np.ndarray
    volume: np.ndarray  # (cells,) inside volume [um^3]
    area: np.ndarray  # (cells,) membrane area [um^2]
    start: np.ndarray  # (cells + 1,) voxels of cell c are voxel[start[c]:start[c + 1]]
    voxel: np.ndarray
    upto: np.ndarray  # inside volume summed along `voxel`, up to and including each entry [um^3]
    compartment_shape: np.ndarray  # (compartments - 1, 7), see spinemc.geometry.mesh.Geometry


class Chemistry(NamedTuple):
    """Reactions by number, and what a molecule of each species can do."""

    uni: np.ndarray  # reactions of zeroth and first order
    uni_species: np.ndarray  # their reactant, -1 for zeroth order
    uni_where: np.ndarray  # compartment that a zeroth-order reaction fills
    active_start: np.ndarray  # (species + 1,) second-order reactions that a species looks for a partner in
    active: np.ndarray  # their numbers
    partner: np.ndarray  # the species looked for
    partner_column: np.ndarray  # its column in State.count
    column: np.ndarray  # (species,) column in State.count, -1 for species that nobody looks for
    columns: np.ndarray  # (1,) number of columns
    rate_start: np.ndarray  # (reactions + 1,) rows of each reaction's rate
    rate_time: np.ndarray  # [s]
    rate_value: np.ndarray  # [1/s]; [um^3/s], [um^2/s] for second order; microscopic
    consumed: np.ndarray  # (reactions, 2) bool: whether each reactant disappears
    product_start: np.ndarray  # (reactions + 1,)
    product: np.ndarray  # species made
    product_place: np.ndarray  # where: AT_FIRST, AT_SECOND, SPREAD, BELOW
    surface: np.ndarray  # (species,) bool
    D: np.ndarray  # (species,) [um^2/s]


# where a product appears: where the reactant was, anywhere in its reaction cell, or just inside the membrane
AT_FIRST, AT_SECOND, SPREAD, BELOW = range(4)


class Entries(NamedTuple):
    """Boundaries that let molecules in: one entry a clamped boundary and species."""

    species: np.ndarray
    boundary: np.ndarray
    concentration: np.ndarray  # [molecules um^-3]
    start: np.ndarray  # (entries + 1,) faces of each entry
    face: np.ndarray
    upto: np.ndarray  # area summed along `face`, up to and including each [um^2]
    area: np.ndarray  # (entries,) [um^2]


class Spot(NamedTuple):
    """Scratch: where the products of one event go, and one block of displacements."""

    at: np.ndarray  # (products, 3) [um]
    voxel: np.ndarray
    face: np.ndarray
    delta: np.ndarray  # (3, BLOCK) [um]
    left: np.ndarray  # (BLOCK,) uniform numbers


class State(NamedTuple):
    """One trial at one moment: molecules as arrays by species, species s in start[s] .. start[s] + n[s]."""

    x: np.ndarray  # (slots,) [um]
    y: np.ndarray
    z: np.ndarray
    voxel: np.ndarray  # (slots,) int32
    face: np.ndarray  # (slots,) int32 triangle of a surface molecule, -1 in the volume
    name: np.ndarray  # (slots,) int64 number of the molecule, in the order of their making
    start: np.ndarray  # (species,)
    room: np.ndarray  # (species,) slots of each species
    n: np.ndarray  # (species,) molecules of each species
    count: np.ndarray  # type: ignore[assignment]  # (cells * columns,) int32 molecules that are looked for, by cell
    fired: np.ndarray  # (reactions,) events so far
    absorbed: np.ndarray  # (boundaries,) molecules taken out so far, less those let in
    clock: np.ndarray  # hazard left before the next event: [0] reactions, [1 + e] entry e
    serial: np.ndarray  # SERIAL_...: counters of a trial
    pause: np.ndarray  # (2,) part of the step that comes next, and time left in a part that was broken off [s]
    cursor: np.ndarray  # (reactions,) row of the rate table in use
    rate: np.ndarray  # (reactions,) scratch: rates now


# entries of State.serial
EVENTS, PLACES, STEPS, MOVES, HELD, FULL, ENTRIES, NAMES = range(8)
SERIALS = 8
