"""Three ways to draw the weights of a network that says which customers will leave: the second tutorial's blocks."""

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the blocks plot with matplotlib")


@pytest.mark.parametrize("block", ["uniform", "glorot"])
def test_the_loss_of_a_network_is_plotted(notebook, customers, curves, block):
    """SCR-05: its first layer has no shape yet; what the text leaves out is compiling, training and the import."""
    book = notebook("churn", **customers)
    assert book.run(block, "added: compile", "added: fit", "added: import", "loss", epochs=2) == ""
    history = book["model_history"].history
    assert history["loss"][1] < history["loss"][0]
    drawn = list(curves().values())
    np.testing.assert_array_equal(drawn[0], history["loss"])
    np.testing.assert_array_equal(drawn[1], history["val_loss"])
    assert [layer.count_params() for layer in book["classifier"].layers] == [72, 7]


def test_random_uniform_weights_are_small_and_glorots_are_not(notebook, customers):
    """SCR-05: the strings mean what they say."""
    book = notebook("churn", **customers)
    for block, limit in (("uniform", 0.05), ("glorot", np.sqrt(6 / 7))):
        book.run(block, "added: compile")
        book["classifier"](book["X_train"][:1])
        kernel = book["classifier"].layers[1].get_weights()[0]
        assert 0.5 * limit < abs(kernel).max() < limit


def test_customers_who_leave_are_told_from_those_who_stay(notebook, customers, published):
    """SCR-05: reference 0.8537 in the middle of ten seeds, 0.8350 to 0.8620."""
    book = notebook("churn", **customers)
    book.run("he", "added: fit", "predict", epochs=20 if published else 3)
    predicted, y_test = book["y_pred"], book["y_test"]
    assert predicted.dtype == bool and predicted.shape == (len(y_test), 1)
    if published:
        assert 0.835 <= np.mean(predicted[:, 0] == y_test) <= 0.87
        assert 0.35 < book["model_history"].history["val_loss"][-1] < 0.42
