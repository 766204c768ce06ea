"""Balance a pole on a cart by a policy gradient, in NumPy: REINFORCE with a linear policy.

Alone:     python train_cartpole.py --max_iterations 27 --lr 10
As trial:  the tuner adds the configuration as `--name value`.

Like many a training of this kind it reports when it has seen enough: after a thousand steps of the
cart. That is many iterations as long as the pole falls soon, and one iteration later on. So reports
come irregularly, and skip iterations.
"""

from __future__ import annotations

import argparse

import numpy as np

from synecore import Reporter, parse_config

EPISODES = 16  # that run side by side in an iteration
LONGEST = 200  # steps, after which an episode has gone well
REPORT_AFTER = 1000  # steps

# The cart and the pole of Barto, Sutton and Anderson, 1983: metres, kilograms, seconds, radians.
GRAVITY, CART, POLE, HALF_LENGTH, FORCE, STEP = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
MOST_POSITION, MOST_ANGLE = 2.4, np.radians(12)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--max_iterations", type=int, default=27)
    parser.add_argument("--lr", type=float, default=10.0, help="learning rate")
    parser.add_argument("--gamma", type=float, default=0.99, help="discount factor")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def main() -> None:
    config = parse_config(arguments())  # warns of names that only one side knows
    rng = np.random.default_rng(config.seed)
    weights = np.zeros(4)
    report = Reporter()
    unreported: list[float] = []  # rewards of the episodes since the last report
    for iteration in range(1, config.max_iterations + 1):
        alive, slopes = run_episodes(weights, rng)
        weights += config.lr * gradient(alive, slopes, config.gamma)
        unreported += list(alive.sum(axis=0))
        if sum(unreported) >= REPORT_AFTER or iteration == config.max_iterations:
            report(
                training_iter=iteration,
                episode_reward_mean=float(np.mean(unreported)),
                episodes=len(unreported),
            )
            unreported = []


def run_episodes(weights: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Run episodes side by side.

    Returns:
        `alive`, (T, n): whether the pole of episode n stood at step t, which is its reward.
        `slopes`, (T, n, 4): of the log-probability of the action, with respect to the weights.
    """
    state = rng.uniform(-0.05, 0.05, size=(EPISODES, 4))  # position, speed, angle, angular speed
    standing = np.ones(EPISODES, dtype=bool)
    alive, slopes = [], []
    while standing.any() and len(alive) < LONGEST:
        right = 1 / (1 + np.exp(-np.clip(state @ weights, -30, 30)))  # probability of a push
        push = rng.random(EPISODES) < right
        alive.append(standing)
        slopes.append((push - right)[:, None] * state)
        state = moved(state, np.where(push, FORCE, -FORCE))
        standing = standing & (abs(state[:, 0]) < MOST_POSITION) & (abs(state[:, 2]) < MOST_ANGLE)
    return np.array(alive, dtype=float), np.array(slopes)


def moved(state: np.ndarray, force: np.ndarray) -> np.ndarray:
    """Return the state (n, 4) one step later."""
    _, speed, angle, spin = state.T
    sine, cosine, mass = np.sin(angle), np.cos(angle), CART + POLE
    pulled = (force + POLE * HALF_LENGTH * spin**2 * sine) / mass
    torque = GRAVITY * sine - cosine * pulled
    angular = torque / (HALF_LENGTH * (4 / 3 - POLE * cosine**2 / mass))
    linear = pulled - POLE * HALF_LENGTH * angular * cosine / mass
    return state + STEP * np.stack([speed, linear, spin, angular], axis=1)


def gradient(alive: np.ndarray, slopes: np.ndarray, gamma: float) -> np.ndarray:
    """Return the policy gradient (4,), with the mean over episodes at each step as baseline."""
    to_go = np.zeros_like(alive)
    later = np.zeros(alive.shape[1])
    for t in reversed(range(len(alive))):
        later = to_go[t] = alive[t] + gamma * later
    baseline = to_go.sum(axis=1, keepdims=True) / alive.sum(axis=1, keepdims=True)
    advantage = (to_go - baseline) * alive
    advantage /= np.sqrt((advantage**2).sum() / alive.sum()) + 1e-9
    return np.einsum("tn,tnw->w", advantage, slopes) / alive.sum()


if __name__ == "__main__":
    main()
