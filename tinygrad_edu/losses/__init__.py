"""Losses: one formula each, of labels and predictions, a number per sample; `Loss` reduces it to one.

    regression    how far numbers are from what they should be
    probability   how surprised a probability is by what came true
    margin        how much an answer lacks to be right by a margin
    imbalance     for rare classes, small regions and wrong labels
    formula       how a class is made of a formula;   labels  which labels belong to which predictions
    loss          Loss, and losses by name;   reduction  weights, masks, means;   outputs  a loss for each output

Each formula is a function, which gives a number per sample, and a class, whose objects give the mean and which `compile`
takes. Both have the same parameters; the class also takes `reduction`, `name` and `dtype`.
"""

from .loss import FunctionLoss, Loss, deserialize, get, serialize
from .formula import formula
from .regression import (
    CosineSimilarity, Huber, LogCosh, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError,
    MeanSquaredLogarithmicError, cosine_similarity, huber, log_cosh, mean_absolute_error, mean_absolute_percentage_error,
    mean_squared_error, mean_squared_logarithmic_error,
)  # fmt: skip
from .probability import (
    BinaryCrossentropy, CategoricalCrossentropy, KLDivergence, Poisson, SparseCategoricalCrossentropy, binary_crossentropy,
    categorical_crossentropy, kl_divergence, poisson, sparse_categorical_crossentropy,
)  # fmt: skip
from .margin import CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge
from .imbalance import (
    BinaryFocalCrossentropy, CategoricalFocalCrossentropy, CategoricalGeneralizedCrossEntropy, Dice, Tversky,
    binary_focal_crossentropy, categorical_focal_crossentropy, categorical_generalized_cross_entropy, dice, tversky,
)  # fmt: skip
from .crossentropy import Crossentropy
from .outputs import per_output, spread

mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
bce = BCE = binary_crossentropy
kld = KLD = kullback_leibler_divergence = kl_divergence
logcosh = log_cosh
cosine_proximity = cosine_similarity
