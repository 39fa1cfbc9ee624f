"""Steady diffusion on graphs: against factors of dense matrices, and a chain by hand."""

import numpy as np
import pytest
from scipy.sparse import coo_array, csr_array, diags_array

from spinemc.errors import GeometryError
from spinemc.twins import potentials


def grid(shape, seed):
    """The Laplacian of a grid with conductances over six decades, and places on it with a way out."""
    random = np.random.default_rng(seed)
    index = np.arange(np.prod(shape)).reshape(shape)
    ends = [(np.moveaxis(index, a, 0)[:-1].ravel(), np.moveaxis(index, a, 0)[1:].ravel()) for a in range(3)]
    low, high = (np.concatenate(side) for side in zip(*ends, strict=True))
    links = 10.0 ** random.uniform(-6.0, 0.0, len(low))
    graph = coo_array((links, (low, high)), shape=(index.size, index.size)).tocsr()
    graph = graph + graph.T
    return csr_array(diags_array(graph.sum(axis=1)) - graph), random


def test_a_closed_graph_is_solved_up_to_a_constant():
    laplacian, random = grid((7, 8, 9), 1)
    source = random.normal(size=(laplacian.shape[0], 4))
    source[:, 3] = 0.0
    source -= source.mean(axis=0)
    found = potentials.solved(laplacian, source)
    exact = np.linalg.lstsq(laplacian.toarray(), source, rcond=1e-12)[0]
    found -= found.mean(axis=0)
    np.testing.assert_allclose(found, exact, atol=1e-5 * abs(exact).max())
    assert not found[:, 3].any()


def test_an_open_graph_is_solved():
    laplacian, random = grid((6, 6, 6), 2)
    out = np.where(random.random(216) < 0.1, 1.0, 0.0)
    laplacian = csr_array(laplacian + diags_array(out))
    source = random.random((216, 3))
    exact = np.linalg.solve(laplacian.toarray(), source)
    np.testing.assert_allclose(potentials.solved(laplacian, source), exact, rtol=1e-5)


def test_a_chain_is_a_row_of_resistors():
    """One in at an end and out at the other of 100 links of 2: a drop of 1/2 a link."""
    links = np.full(100, 2.0)
    graph = diags_array([links, links], offsets=[-1, 1])
    laplacian = csr_array(diags_array(graph.sum(axis=1)) - graph)
    source = np.zeros((101, 1))
    source[0], source[-1] = 1.0, -1.0
    np.testing.assert_allclose(np.diff(potentials.solved(laplacian, source)[:, 0]), -0.5, rtol=1e-9)


def test_what_has_no_solution_is_told(monkeypatch):
    """A source that is not balanced in a closed graph."""
    laplacian, _ = grid((4, 4, 4), 3)
    monkeypatch.setattr(potentials, "_MOST_STEPS", 50)
    with pytest.raises(GeometryError, match="could not be solved"):
        potentials.solved(laplacian, np.ones((64, 1)))
