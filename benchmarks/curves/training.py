"""Training of one network, and its learning curve.

The network is scikit-learn's `MLPClassifier`, in float32, one `partial_fit` an epoch. `momentum` is
Nesterov's momentum with SGD and beta_1 with Adam; `weight_decay` is `alpha`, which scikit-learn
divides by the batch size; `input_noise` is the deviation of the normal noise added to the scaled
inputs of each epoch anew; `depth` hidden layers have `width` units each.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass

import numpy as np
from configurations import Configuration
from sklearn.neural_network import MLPClassifier
from tasks import Array, Data, Rows

EPOCHS = 81
SMALLEST_PROBABILITY = 1e-7  # about the resolution of float32; no loss above 16.1 nats
LATENCY_ROWS = 100
LATENCY_REPEATS = 15


@dataclass(frozen=True)
class Curve:
    """What is recorded of one training. Curves are (epochs,), NaN after a divergence.

    Attributes:
        valid_error: share of the validation rows classified wrongly after the epoch.
        valid_loss: their mean cross-entropy, nats.
        test_error, test_loss: the same for the test rows.
        epoch_time: CPU seconds of the process in the epoch's training, noise included and
            evaluation excluded. That of the epoch in which the training diverged is kept.
        n_parameters: weights and biases.
        latency: CPU milliseconds to predict the probabilities of 100 rows, median of the repeats;
            NaN after a divergence.
        cpu_time: CPU seconds of everything, evaluation included.
    """

    valid_error: Array
    valid_loss: Array
    test_error: Array
    test_loss: Array
    epoch_time: Array
    n_parameters: int
    latency: float
    cpu_time: float


def network(config: Configuration, n_rows: int, state: np.random.RandomState) -> MLPClassifier:
    """Return the untrained network of a configuration.

    Args:
        config: Its values by name.
        n_rows: Of the training; a batch has at most so many.
        state: A generator and no integer: scikit-learn would start an integer's stream anew in
            every epoch, and shuffle all epochs alike.
    """
    return MLPClassifier(
        hidden_layer_sizes=(config["width"],) * config["depth"],
        activation=config["activation"],
        solver=config["solver"],
        alpha=config["weight_decay"],
        batch_size=min(config["batch_size"], n_rows),
        learning_rate_init=config["learning_rate"],
        momentum=config["momentum"],
        beta_1=config["momentum"],
        random_state=state,
    )


def train(config: Configuration, data: Data, seed: tuple[int, ...], epochs: int = EPOCHS) -> Curve:
    """Train a configuration, and evaluate it after each epoch.

    Args:
        config: Its values by name.
        data: What to train and to evaluate it on.
        epochs: Fewer only for tests and pilots.
        seed: The same one gives the same errors and losses.
    """
    begin = time.process_time()
    for_network, for_noise = np.random.SeedSequence(seed).spawn(2)
    inputs, labels = data.train
    model = network(config, len(inputs), np.random.RandomState(for_network.generate_state(1)[0]))
    noise = np.random.default_rng(for_noise)
    classes = np.arange(data.n_classes)
    scores = np.full((4, epochs), np.nan)
    epoch_time = np.full(epochs, np.nan)
    diverged = False
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # about overflows, which are what is to be recorded
        for epoch in range(epochs):
            start = time.process_time()
            noisy = noise.standard_normal(inputs.shape, dtype=np.float32)
            noisy *= np.float32(config["input_noise"])
            noisy += inputs
            try:
                model.partial_fit(noisy, labels, classes=classes)
            except ValueError as error:
                if "non-finite" not in str(error):
                    raise
                diverged = True
            epoch_time[epoch] = time.process_time() - start
            if not diverged:
                now = (*score(model, data.valid), *score(model, data.test))
                diverged = not np.isfinite(now).all()
            if diverged:
                break
            scores[:, epoch] = now
        latency = np.nan if diverged else _latency(model, data.valid[0])
    layers = [*model.coefs_, *model.intercepts_]
    valid_error, valid_loss, test_error, test_loss = scores
    return Curve(
        valid_error,
        valid_loss,
        test_error,
        test_loss,
        epoch_time=epoch_time,
        n_parameters=sum(layer.size for layer in layers),
        latency=latency,
        cpu_time=time.process_time() - begin,
    )


def score(model: MLPClassifier, rows: Rows) -> tuple[float, float]:
    """Return error and cross-entropy on some rows; NaN where an output is not finite."""
    inputs, labels = rows
    probabilities = model.predict_proba(inputs)
    if not np.isfinite(probabilities).all():
        return np.nan, np.nan
    error = np.mean(probabilities.argmax(axis=1) != labels)
    right = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(error), float(-np.log(np.maximum(right, SMALLEST_PROBABILITY)).mean())


def _latency(model: MLPClassifier, inputs: Array) -> float:
    rows = np.resize(inputs, (LATENCY_ROWS, inputs.shape[1]))
    times = []
    for _ in range(LATENCY_REPEATS + 1):  # the first one warms up
        start = time.process_time()
        model.predict_proba(rows)
        times.append(time.process_time() - start)
    return 1e3 * float(np.median(times[1:]))
