"""Metrics: what is counted over an epoch, batch by batch, on plain arrays. They record nothing.

    metric        Metric and its states
    mean          Mean, Sum, and the mean over samples of what a function gives
    accuracy      shares of samples answered right
    of_losses     losses as metrics
    confusion     counts at thresholds: precision, recall;   curves  AUC, the best share at another
    fscore        F-scores;   overlap  intersection over union;   correlation  R², correlations
    family        metrics by name, and by output

Any batching gives the same result. Metrics divide by the sum of the weights, where losses divide by the number of samples.
"""

from .metric import Metric, State
from .mean import Mean, MeanMetricWrapper, SampleMean, Sum
from .accuracy import (
    Accuracy, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy, SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy, binary_accuracy, categorical_accuracy, sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy, top_k_categorical_accuracy,
)  # fmt: skip
from .of_losses import (
    BinaryCrossentropy, CategoricalCrossentropy, CategoricalHinge, CosineSimilarity, Hinge, KLDivergence, LogCoshError,
    MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError, MeanSquaredLogarithmicError, Poisson,
    RootMeanSquaredError, SparseCategoricalCrossentropy, SquaredHinge, cosine_similarity,
)  # fmt: skip
from ..losses import (
    MAE, MAPE, MSE, MSLE, KLD, binary_crossentropy, categorical_crossentropy, categorical_hinge, hinge, kl_divergence,
    kld, kullback_leibler_divergence, log_cosh, logcosh, mae, mape, mean_absolute_error, mean_absolute_percentage_error,
    mean_squared_error, mean_squared_logarithmic_error, mse, msle, poisson, sparse_categorical_crossentropy, squared_hinge,
)  # fmt: skip
from .confusion import FalseNegatives, FalsePositives, Precision, Recall, TrueNegatives, TruePositives
from .curves import AUC, PrecisionAtRecall, RecallAtPrecision, SensitivityAtSpecificity, SpecificityAtSensitivity
from .fscore import F1Score, FBetaScore
from .overlap import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from .correlation import ConcordanceCorrelation, PearsonCorrelation, R2Score, concordance_correlation, pearson_correlation
from .family import Placed, deserialize, direction_of, get, get_all, per_output, serialize

cosine_proximity = cosine_similarity
