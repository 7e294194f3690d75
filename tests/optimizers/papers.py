"""Every optimizer once more, written from its paper in plain NumPy: the oracle of the compiled ones.

Each function walks: `gradient(p)` is asked once at every point, before that moves; the array p is the walker's own.
"""

import numpy as np


def steps(update):
    """A walk of `n` steps from the paper's update, a generator function (p, gradient, settings) -> p, p, ..."""

    def walk(begin, gradient, n, **settings):
        walker = update(np.array(begin, float), gradient, **settings)
        return np.array([next(walker).copy() for _ in range(n)])

    return walk


@steps
def plain(w, gradient, rate):
    while True:
        w = w - rate * gradient(w)
        yield w


@steps
def polyak(w, gradient, rate, momentum):
    """Polyak (1964), heavy ball: w_{t+1} = w_t - rate g + momentum (w_t - w_{t-1})."""
    before = w
    while True:
        w, before = w - rate * gradient(w) + momentum * (w - before), w
        yield w


@steps
def nesterov(w, gradient, rate, momentum):
    """Sutskever et al. (2013), eq. 3 and 4, seen from the point that is looked at, w + momentum v."""
    v = np.zeros_like(w)
    while True:
        v = momentum * v - rate * gradient(w + momentum * v)
        w = w + v
        yield w + momentum * v


@steps
def duchi(w, gradient, rate, start, eps):
    """Duchi et al. (2011), the diagonal form, with the sum of squares begun at `start`."""
    total = np.full_like(w, start)
    while True:
        g = gradient(w)
        total = total + g**2
        w = w - rate * g * (total + eps) ** -0.5
        yield w


@steps
def zeiler(w, gradient, rate, rho, eps):
    """Zeiler (2012), algorithm 1: RMS[x] = sqrt(E[x²] + eps)."""
    mean_square = lambda mean, x: rho * mean + (1 - rho) * x**2
    rms = lambda mean: np.sqrt(mean + eps)
    g2, dx2 = np.zeros_like(w), np.zeros_like(w)
    while True:
        g = gradient(w)
        g2 = mean_square(g2, g)
        dx = -rms(dx2) / rms(g2) * g
        dx2 = mean_square(dx2, dx)
        w = w + rate * dx
        yield w


@steps
def tieleman(w, gradient, rate, rho, eps, centered=False, momentum=0.0):
    """Tieleman & Hinton (2012); Graves (2013), eq. 38 to 41, without and with the mean."""
    n, mean, delta = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    while True:
        g = gradient(w)
        n = rho * n + (1 - rho) * g**2
        mean = rho * mean + (1 - rho) * g
        delta = momentum * delta - rate * g / np.sqrt(n - (mean**2 if centered else 0) + eps)
        w = w + delta
        yield w


@steps
def kingma(w, gradient, rate, b1, b2, eps):
    """Kingma & Ba (2015), algorithm 1, with the eps that makes it the form at the end of section 2."""
    m, v, t = np.zeros_like(w), np.zeros_like(w), 0
    while True:
        t += 1
        g = gradient(w)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
        w = w - rate * m_hat / (np.sqrt(v_hat) + eps / np.sqrt(1 - b2**t))
        yield w


@steps
def reddi(w, gradient, rate, b1, b2, eps):
    """Reddi et al. (2018), algorithm 2, with Adam's corrections around it."""
    m, v, largest, t = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w), 0
    while True:
        t += 1
        g = gradient(w)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        largest = np.maximum(largest, v)
        w = w - rate * np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(largest) + eps)
        yield w


@steps
def loshchilov(w, gradient, rate, b1, b2, eps, decay):
    """Loshchilov & Hutter (2019), algorithm 2; the schedule multiplies both terms, and the rate is in the decay."""
    m, v, t = np.zeros_like(w), np.zeros_like(w), 0
    while True:
        t += 1
        g = gradient(w)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        step = (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps / np.sqrt(1 - b2**t))
        w = w - rate * (step + decay * w)
        yield w


@steps
def kingma_infinity(w, gradient, rate, b1, b2, eps):
    """Kingma & Ba (2015), algorithm 2."""
    m, u, t = np.zeros_like(w), np.zeros_like(w), 0
    while True:
        t += 1
        g = gradient(w)
        m = b1 * m + (1 - b1) * g
        u = np.maximum(b2 * u, np.abs(g))
        w = w - rate / (1 - b1**t) * m / (u + eps)
        yield w


@steps
def dozat(w, gradient, rate, b1, b2, eps, schedule_decay):
    """Dozat (2016), algorithm 2, with the warming momentum of section 2.1, m an average with the constant b1."""
    momentum = lambda t: b1 * (1 - 0.5 * 0.96 ** (schedule_decay * t))
    m, v, t = np.zeros_like(w), np.zeros_like(w), 0
    while True:
        t += 1
        g = gradient(w)
        product = np.prod([momentum(i) for i in range(1, t + 1)])
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        g_hat, m_hat, v_hat = g / (1 - product), m / (1 - product * momentum(t + 1)), v / (1 - b2**t)
        m_bar = (1 - momentum(t)) * g_hat + momentum(t + 1) * m_hat
        w = w - rate * m_bar / (np.sqrt(v_hat) + eps)
        yield w


@steps
def mcmahan(w, gradient, rate, start, l1, l2, beta, shrinkage, power):
    """McMahan et al. (2013), algorithm 1, weight by weight; its λ2 is twice the l2, its root any power."""
    z, n = np.zeros_like(w), np.full_like(w, start)
    while True:
        g = gradient(w)
        for i in range(w.size):
            sigma = ((n[i] + g[i] ** 2) ** -power - n[i] ** -power) / rate
            z[i] += g[i] + 2 * shrinkage * w[i] - sigma * w[i]
            n[i] += g[i] ** 2
        w = np.where(np.abs(z) <= l1, 0.0, -(z - np.sign(z) * l1) / ((beta + n**-power) / rate + 2 * l2))
        yield w


@steps
def chen(w, gradient, rate, b1, b2):
    """Chen et al. (2023), algorithm 2, without decay."""
    m = np.zeros_like(w)
    while True:
        g = gradient(w)
        w, m = w - rate * np.sign(b1 * m + (1 - b1) * g), b2 * m + (1 - b2) * g
        yield w


@steps
def shazeer(w, gradient, rate, decay, eps1, eps2, limit):
    """Shazeer & Stern (2018), algorithms 4 and 5, with the sums of rows and columns that their section 3 writes."""
    rms = lambda x: np.sqrt((x**2).sum() / x.size)
    r, c, v, t = 0, 0, 0, 0
    while True:
        t += 1
        g = gradient(w)
        b, s = 1 - t**decay, g**2 + eps1
        if w.ndim == 2:
            r, c = b * r + (1 - b) * s.sum(axis=1), b * c + (1 - b) * s.sum(axis=0)
            v = np.outer(r, c) / r.sum()
        else:
            v = b * v + (1 - b) * s
        u = g / np.sqrt(v)
        w = w - max(eps2, rms(w)) * min(rate, t**-0.5) * u / max(1, rms(u) / limit)
        yield w


@steps
def you(w, gradient, rate, b1, b2, eps):
    """You et al. (2020), algorithm 2, without decay, the layer being the whole of w."""
    m, v, t = np.zeros_like(w), np.zeros_like(w), 0
    while True:
        t += 1
        g = gradient(w)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        r = (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
        w = w - rate * np.linalg.norm(w) / np.linalg.norm(r) * r
        yield w
