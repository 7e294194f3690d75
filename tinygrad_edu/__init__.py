from .tensor import Tensor, Variable, as_tensor
from .gradients import no_grad, enable_grad, grad, gradients, value_and_grad
