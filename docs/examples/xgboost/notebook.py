# %% [markdown]
# # Tune XGBoost in a notebook
#
# The function to tune is defined in a cell, and each trial calls it in a process of its own. Cells
# begin with `# %%`: editors show them as such, and each can be pasted into a notebook.
#
# Needs `pip install "synecore[default]" xgboost scikit-learn`.

# %%
from synecore import StoppingCriterion, Tuner, load_experiment, make_backend
from synecore.baselines import RandomSearch
from synecore.space import loguniform, randint, uniform

# %% [markdown]
# ## The training function
#
# Its arguments are the hyperparameters. It imports what it needs, since it runs elsewhere.


# %%
def train(n_estimators: int, max_depth: int, gamma: float, reg_lambda: float) -> None:
    """Train boosted trees on three fifths of the digits, and report the accuracy on one fifth."""
    import xgboost
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    from synecore import Reporter

    X, y = load_digits(return_X_y=True)
    X, _, y, _ = train_test_split(X, y, test_size=0.2, random_state=42)  # kept for the very end
    X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.25, random_state=42)
    model = xgboost.XGBClassifier(
        n_estimators=n_estimators, max_depth=max_depth, gamma=gamma, reg_lambda=reg_lambda
    )
    model.fit(X_train, y_train)
    report = Reporter()
    report(accuracy=float((model.predict(X_val) == y_val).mean()))


# %% [markdown]
# ## The space, the method, and when to stop

# %%
space = {
    "n_estimators": randint(5, 15),
    "max_depth": randint(1, 10),
    "gamma": uniform(1, 10),
    "reg_lambda": loguniform(1e-7, 1),
}
tuner = Tuner(
    trial_backend=make_backend("python", tune_function=train),
    scheduler=RandomSearch(space, metric="accuracy", mode="max", random_seed=0),
    stop_criterion=StoppingCriterion(max_wallclock_time=30),
    n_workers=2,
    tuner_name="xgboost-notebook",
)

# %% [markdown]
# ## Tune, and look at the results

# %%
tuner.run()

# %%
result = load_experiment(tuner.name)
print("best result found:", result.best_config())
result.plot(figure_path=result.path / "accuracy.png")
print("plotted in", result.path / "accuracy.png")
