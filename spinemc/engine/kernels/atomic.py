"""Sums that several threads add to."""

from llvmlite import ir
from numba.core import types
from numba.core.cgutils import get_item_pointer
from numba.extending import intrinsic
from numba.np.arrayobj import make_array


@intrinsic
def add_safely(typingctx, array, index, change):
    """Add an integer to an entry of a one-dimensional array of int32, though other threads may add to it as well."""
    signature = types.void(array, types.int64, types.int32)

    def generate(context, builder, signature, arguments):
        there = make_array(signature.args[0])(context, builder, arguments[0])
        entry = get_item_pointer(context, builder, signature.args[0], there, [arguments[1]], wraparound=False)
        builder.atomic_rmw("add", entry, arguments[2], "monotonic")
        return ir.Constant(ir.IntType(8).as_pointer(), None)

    return signature, generate
