"""What the tutorials' scripts find: a folder of their own, a seed, and data.

Data are those that were published, where a folder has them (the one in TINYGRAD_EDU_DATA, or ../shared/data), and made
ones of the same columns everywhere.
"""

import importlib.util
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from tutorial import Notebook

from tinygrad_edu import backend, set_random_seed
from tinygrad_edu.datasets import california_housing, churn, fashion_mnist, images, ionosphere

FOLDERS = [os.environ.get("TINYGRAD_EDU_DATA"), Path(__file__).resolve().parents[3] / "shared" / "data"]
DATA = next((Path(folder) for folder in FOLDERS if folder and (Path(folder) / "ionosphere").is_dir()), None)


@pytest.fixture
def notebook(monkeypatch, capsys, tmp_path):
    """Opens a script in a folder of its own, after a seed: weights, order of rows and names are the same in every run."""
    monkeypatch.chdir(tmp_path)
    pyplot = _pyplot(monkeypatch)

    def notebook(name, seed=1, **names):
        backend.clear_session()
        set_random_seed(seed)
        return Notebook(name, capsys, names)

    yield notebook
    if pyplot:
        pyplot.close("all")
    backend.clear_session()


def _pyplot(monkeypatch):
    """matplotlib's state, drawing into memory; None where it is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        return None
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    monkeypatch.setattr(pyplot, "show", lambda: None)
    return pyplot


@pytest.fixture
def curves():
    """The lines of the figure that a script has drawn: its label and its heights."""
    pytest.importorskip("matplotlib", reason="the scripts plot with matplotlib")
    from matplotlib import pyplot

    return lambda: {line.get_label(): line.get_ydata() for line in pyplot.gca().lines}


# Data ------------------------------------------------------------------------------------------------


@pytest.fixture(params=["made", "published"])
def published(request):
    """The folder of the published data; None for made ones."""
    if request.param == "made":
        return None
    if DATA is None:
        pytest.skip("the published data are not here: name their folder in TINYGRAD_EDU_DATA")
    return DATA


@pytest.fixture
def ionosphere_csv(published, notebook):
    """ionosphere.csv in the script's folder."""
    source = published and published / "ionosphere" / "ionosphere.csv"
    text = source.read_text() if source else "".join(_echoes())
    Path("ionosphere.csv").write_text(text)
    return published


def _echoes():
    for x, y in zip(*ionosphere.synthetic()):
        yield ",".join([*map(str, x), "bg"[y]]) + "\n"


@pytest.fixture
def customers(published):
    """Churn as the usual preparation leaves it: 8000 rows to train on and 2000 to test, scaled."""
    model_selection = pytest.importorskip("sklearn.model_selection", reason="the data are split and scaled by scikit-learn")
    from sklearn.preprocessing import StandardScaler

    x, y = churn.load_data(published / "churn") if published else churn.synthetic(2000)
    x_train, x_test, y_train, y_test = model_selection.train_test_split(x, y, test_size=0.2, random_state=0)
    scaler = StandardScaler()
    return {"X_train": scaler.fit_transform(x_train), "X_test": scaler.transform(x_test), "y_train": y_train, "y_test": y_test}


@pytest.fixture
def districts(published, monkeypatch):
    """What `fetch_california_housing` gives, without the network."""
    datasets = pytest.importorskip("sklearn.datasets", reason="the scripts take their data from scikit-learn")
    housing = california_housing
    x, y = housing.fetch(published / "california_housing") if published else housing.features(housing.synthetic(1500))
    monkeypatch.setattr(datasets, "fetch_california_housing", lambda: SimpleNamespace(data=x, target=y))
    return published


@pytest.fixture
def clothes(published, monkeypatch):
    """A part of Fashion-MNIST where `load_data` gives all of it: 5000 pictures to validate, 10,000 to train, 2000 to test."""
    load = fashion_mnist.load_data if published else lambda folder: images.synthetic(11000, 500)
    (x, y), (x_test, y_test) = load(published and published / "fashion_mnist")
    part = (x[:15000], y[:15000]), (x_test[:2000], y_test[:2000])
    monkeypatch.setattr(fashion_mnist, "load_data", lambda: part)
    return published
