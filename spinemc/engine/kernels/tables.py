"""The arrays that the kernels read and write, grouped by what they describe."""

from typing import NamedTuple

import numpy as np

# typed, so that numba compiles no literal for itself
NONE = np.int64(-1)  # no molecule, species, space, face, voxel or boundary
ARRIVED = np.int64(-2)  # has come through a partition in this step and has had its move
THROUGH = np.int64(-2)  # through a partition
LISTED = np.int64(-1)  # of a species' molecules lists by cell are at hand


class Walls(NamedTuple):
    """The surfaces, and for each space a grid that tells how far they are.

    A space is a volume that molecules of a population live in: the inside of the cell, the outside, the lumen of an
    organelle. Voxel (i, j, k) of space k's grid has the number first[k] + (i * shape[k, 1] + j) * shape[k, 2] + k. A
    space lies in voxels that have at least one empty voxel between them and the border of its grid.

    A face has two sides, each a triangle whose normal points out of the space that it bounds: side f is face f seen
    from below, side faces + f the same turned round, seen from above.
    """

    origin: np.ndarray  # (spaces, 3) low corner of the grid [um]
    scale: np.ndarray  # (spaces, 2) voxel edge [um] and its inverse
    shape: np.ndarray  # (spaces, 3) int64, voxels along each axis
    first: np.ndarray  # (spaces,) number of the first voxel
    # float32 square of the length of a step from voxel v that meets no wall [um^2], in entry v + free_first[species]: 0
    # where paths that do not cross a wall are to be looked at as well
    free: np.ndarray
    free_first: np.ndarray  # (species,)
    shelter: np.ndarray  # (rows, 5) float32 plane n, c and reach squared, see spinemc.geometry.grid.shelters
    shelter_first: np.ndarray  # (species,) row of the first part
    shelter_inverse: np.ndarray  # (spaces,) inverse of a part's edge [1/um]
    shelter_shape: np.ndarray  # (spaces, 3) int64, pairs of parts along each axis
    center_inside: np.ndarray  # (voxels,) bool
    start: np.ndarray  # (voxels + 1,) sides that touch voxel v are triangle[start[v]:start[v + 1]]
    triangle: np.ndarray  # int32, with four more at the end, for kernels.move
    near_start: np.ndarray  # (voxels + 1,) likewise for sides that take molecules out, within reach of one step
    near: np.ndarray
    rim_start: np.ndarray  # (voxels + 1,) likewise for rims of absorbing regions, see kernels.absorb
    rim_near: np.ndarray
    rim: np.ndarray  # (rims, 6) ends of each edge [um]
    rim_of: np.ndarray  # (species, rims) bool: whether it is one for a species
    takes: np.ndarray  # (species,) bool: whether any side takes out paths that only touch it
    parts: np.ndarray  # (species,) bool: whether any side takes some and mirrors the others
    plane: np.ndarray  # (sides, 4) unit normal n out of the space and offset c: n . x = c on the plane
    corner: np.ndarray  # (sides, 9) corners, counter-clockwise seen along -n [um]
    # (species, sides) int16: what a molecule meets there: NONE where it is mirrored, the number b of a boundary that
    # takes all, or -2 - b for one that takes some and mirrors the others
    boundary: np.ndarray
    velocity: np.ndarray  # (boundaries,) uptake [um/s], inf where all are taken; twice the permeability of a partition
    becomes: np.ndarray  # (boundaries,) population beyond a partition, NONE where molecules are taken out
    arrives: np.ndarray  # (species,) bool: whether molecules of a population come through a partition
    space: np.ndarray  # (species,) space that a population lives in, NONE in the membrane
    face_space: np.ndarray  # (faces, 2) space below and above each face, NONE for none
    neighbour: np.ndarray  # (faces, 3) int32 face across the edge from corner k to the next, NONE at a border
    face_region: np.ndarray  # (faces,)
    home: np.ndarray  # (species,) region that a membrane species cannot leave, NONE where it has its whole surface


class Frame(NamedTuple):
    """Where the grid of a space lies: plain numbers, which cost nothing to hand on."""

    x: float  # low corner [um]
    y: float
    z: float
    size: float  # voxel edge [um]
    inverse: float  # [1/um]
    nx: int
    ny: int
    nz: int
    first: int  # number of the first voxel


class Cells(NamedTuple):
    """The reaction cells: unions of voxels in which molecules that share a cell can meet. Each lies in one space."""

    of_voxel: np.ndarray  # (voxels,) int32 cell of each voxel, -1 away from its space
    volume: np.ndarray  # (cells,) volume of the space in it [um^3]
    area: np.ndarray  # (surfaces, cells) membrane area [um^2]
    start: np.ndarray  # (cells + 1,) voxels of cell c are voxel[start[c]:start[c + 1]]
    voxel: np.ndarray
    # (compartments, 2) int64: compartment c lies in entries place[c, 0] .. place[c, 1] - 1 of `voxel`; the whole of a
    # space has the voxels of its cells, a part those that it may reach, listed once more behind them
    place: np.ndarray
    compartment_shape: np.ndarray  # (compartments, 9), see spinemc.geometry.parts
    compartment_start: np.ndarray  # (spaces + 1,) compartments of space k, the whole of it first
    compartment_set: np.ndarray  # (compartments, 2) the first of the set that each is of, and the first after it
    shell: np.ndarray  # bool, the voxels of the shells' grids


class Chemistry(NamedTuple):
    """Reactions by number, and what a molecule of each species can do."""

    uni: np.ndarray  # reactions of zeroth and first order
    uni_species: np.ndarray  # their reactant, -1 for zeroth order
    uni_where: np.ndarray  # compartment that a zeroth-order reaction fills
    active_start: np.ndarray  # (species + 1,) second-order reactions that a species looks for a partner in
    active: np.ndarray  # their numbers
    partner: np.ndarray  # the species looked for
    partner_side: np.ndarray  # the side of its face that it is looked for from, 0 for volume species
    partner_column: np.ndarray  # its column in State.count
    column: np.ndarray  # (2, species) columns in State.count by side, NONE where nobody looks for a species there
    columns: np.ndarray  # (1,) number of columns
    rate_start: np.ndarray  # (reactions + 1,) rows of each reaction's rate
    rate_time: np.ndarray  # [s]
    rate_value: np.ndarray  # [1/s]; [um^3/s], [um^2/s] for second order; microscopic
    consumed: np.ndarray  # (reactions, 2) bool: whether each reactant disappears
    product_start: np.ndarray  # (reactions + 1,)
    product: np.ndarray  # species made
    product_place: np.ndarray  # where: AT_FIRST, AT_SECOND, SPREAD, BELOW, BELOW_SECOND
    product_side: np.ndarray  # on which side of the membrane molecule's face, for SPREAD, BELOW and BELOW_SECOND
    surface: np.ndarray  # (species,) bool
    on: np.ndarray  # (species,) surface that a membrane species lives on, NONE for volume species
    side: np.ndarray  # (species,) side of its face whose cells it meets its like in, 0 for volume species
    D: np.ndarray  # (species,) [um^2/s]
    carries: np.ndarray  # (species,) followed ions on a molecule, see kernels.ions
    ions: np.ndarray  # (reactions, 2) of all products; and 1 where those of one reactant may end in different places
    product_ion: np.ndarray  # the first ion of each product, in the order in which they are handed out


# where a product appears: where a reactant was, anywhere in its reaction cell, or just beside the membrane under it
AT_FIRST, AT_SECOND, SPREAD, BELOW, BELOW_SECOND = range(5)


class Entries(NamedTuple):
    """Boundaries that let molecules in: one entry a clamped boundary and species."""

    species: np.ndarray
    boundary: np.ndarray
    tried: np.ndarray  # (entries,) mean number of molecules that are tried in a step
    start: np.ndarray  # (entries + 1,) entry e takes molecules from voxel[start[e]:start[e + 1]] in one step
    voxel: np.ndarray
    most: np.ndarray  # (entries,) int64 molecules that one step lets in, as good as never exceeded


class Spot(NamedTuple):
    """Scratch: where the products of one event go, and its ions."""

    at: np.ndarray  # (products, 3) [um]
    voxel: np.ndarray
    behind: np.ndarray
    face: np.ndarray
    ion: np.ndarray  # as many as the largest event has


class Block(NamedTuple):
    """Scratch for molecules that are moved together, BLOCK of them, and what became of some; see kernels.flight."""

    delta: np.ndarray  # (3, BLOCK) [um]
    left: np.ndarray  # (BLOCK,) uniform numbers
    tail: np.ndarray  # (BLOCK + 1,)
    voxel: np.ndarray  # (BLOCK,) int32 voxels after the step
    hard: np.ndarray  # (BLOCK + 1,) int32 those whose steps may meet a wall; in the end those that leave
    way: np.ndarray  # (BLOCK,) int32 how: taken by boundary b, or through it, as THROUGH - b
    end: np.ndarray  # (3, BLOCK) and to where [um]
    met: np.ndarray  # int32 sides that touch the voxels along a way
    passed: np.ndarray  # (boundaries,) passages through partitions, to be added to State.absorbed
    held: np.ndarray  # (1,) moves not made, to be added to those in State.serial
    x: np.ndarray  # (BLOCK,) where molecules that a clamp tries start from [um]
    y: np.ndarray
    z: np.ndarray
    start: np.ndarray  # (BLOCK,) int32 their voxels


class State(NamedTuple):
    """One trial at one moment: molecules as arrays by species, species s in start[s] .. start[s] + n[s]."""

    x: np.ndarray  # (slots,) [um]
    y: np.ndarray
    z: np.ndarray
    voxel: np.ndarray  # (slots,) int32, of a surface molecule the one below its face
    behind: np.ndarray  # (slots,) int32 voxel above its face of a surface molecule; NONE in the volume
    face: np.ndarray  # (slots,) int32 face of a surface molecule; NONE in the volume, ARRIVED for one that is to wait
    name: np.ndarray  # (slots,) int64 number of the molecule, in the order of their making
    ion: np.ndarray  # (slots, K) int64 the ions on it; no columns where none are followed
    start: np.ndarray  # (species,)
    room: np.ndarray  # (species,) slots of each species
    n: np.ndarray  # (species,) molecules of each species
    count: np.ndarray  # type: ignore[assignment]  # (cells * columns,) int32 molecules that are looked for, by cell
    head: np.ndarray  # (cells * columns,) int32 the first of them, and the next of each, see kernels.roster
    after: np.ndarray  # (slots, 2) int32, by side
    asked: np.ndarray  # (columns,) times one was asked for since these were last right; LISTED while they are
    leaver: np.ndarray  # (slots,) int32 scratch: molecules that leave their population in a step, in ascending order
    way: np.ndarray  # (slots,) int32 and how, as in Block
    fired: np.ndarray  # (reactions,) events so far
    absorbed: np.ndarray  # (boundaries,) molecules taken out so far, less those let in
    clock: np.ndarray  # hazard left before the next event: [0] reactions, [1 + e] entry e
    serial: np.ndarray  # (SERIALS,) counters of a trial
    pause: np.ndarray  # (5,) what comes next
    cursor: np.ndarray  # (reactions,) row of the rate table in use
    rate: np.ndarray  # (reactions,) scratch: rates now
    when: np.ndarray  # (log,) what ions took part in, see kernels.ions: times [s]
    log: np.ndarray  # (log, 2) int64 the ion, and what it was


# entries of State.pause: part of the step, what is left of half a step that was broken off [s], the species that moves
# next, how many of its molecules leave it, NONE where they have not moved yet, and the time that ions are at [s]
PART, REST, MOVER, LEAVERS, NOW = range(5)

# entries of State.serial
EVENTS, PLACES, STEPS, MOVES, HELD, FULL, ENTRIES, TRIES, NAMES, IONS, LOGGED = range(11)
SERIALS = 11
