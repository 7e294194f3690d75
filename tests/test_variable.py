"""Variable: named, changed in place, copied whole."""

import copy
import pickle

import numpy as np
import pytest

from tinygrad_edu import Tensor, Variable
from tinygrad_edu.constraints import NonNeg
from tinygrad_edu.graph import ChangedArrayError
from tinygrad_edu.regularizers import L2


def test_numbers_are_added_and_taken_away_in_place():
    """LAY-01: as Keras' variables do; also a Tensor, and another dtype."""
    variable = Variable([1.0, 2.0], "float32")
    array = variable.array
    assert variable.assign_add([1, 1]) is variable
    variable.assign_sub(Tensor([0.5, 0.0]))
    variable.assign_add(np.float64(10))
    assert variable.array is array and variable.tolist() == [11.5, 13.0] and variable.dtype == np.float32


@pytest.mark.parametrize("method", ["assign", "assign_add", "assign_sub"])
def test_a_change_is_noticed_by_what_was_recorded(method):
    variable = Variable([1.0, 2.0])
    loss = variable.exp().sum()
    loss_of_square = (variable * variable).sum()
    getattr(variable, method)([1.0, 1.0])
    loss.backward()  # the rule of exp reads its result
    with pytest.raises(ChangedArrayError):
        loss_of_square.backward()


@pytest.mark.parametrize("method", ["assign", "assign_add", "assign_sub"])
def test_numbers_of_another_shape_are_refused(method):
    with pytest.raises(ValueError, match=r"shape \(2,\) expects values of that shape"):
        getattr(Variable([1.0, 2.0]), method)([[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["=", "==", "pickle"])
@pytest.mark.parametrize("trainable", [True, False])
def test_a_copy_is_whole_and_its_own(again, trainable):
    """LAY-12: name, path, penalty, constraint, whether it is trained; the gradient stays with the original."""
    variable = Variable([1.0, 2.0], "float32", "kernel", trainable, L2(0.5), NonNeg())
    variable.relabel("dense_1/kernel")
    if trainable:
        variable.sum().backward()
    other = again(variable)
    assert type(other) is Variable and (other.name, other.path, other.trainable) == ("kernel", "dense_1/kernel", trainable)
    assert other.regularizer.l2 == 0.5 and isinstance(other.constraint, NonNeg)
    assert other.requires_grad == trainable and other.grad is None and other.dtype == np.float32
    other.assign_add(1.0)
    assert (variable.tolist(), other.tolist()) == ([1.0, 2.0], [2.0, 3.0])
