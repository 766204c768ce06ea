"""Ask/tell: the same schedulers for users who run trials themselves."""

from __future__ import annotations

import enum
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from synecore.actions import Decided, Ended, Reply, Reported, Status
from synecore.errors import ExperimentError, OptionError
from synecore.problem import Problem
from synecore.protocols import Scheduler
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine
from synecore.tuning.experiment import objective_index
from synecore.tuning.jobs import BeginJob, StopJob
from synecore.tuning.status import TuningStatus
from synecore.tuning.trial import Trial, TrialResult


class SchedulerDecision(enum.StrEnum):
    """What to do with a trial after a report."""

    CONTINUE = "CONTINUE"
    PAUSE = "PAUSE"
    STOP = "STOP"


class AskTell:
    """Drives a scheduler without a backend.

    `ask` gives a trial to run, `report` takes an intermediate result and says whether to go on,
    `tell` takes the final one. Trials may run in any number and order.

        study = AskTell("random", {"x": uniform(-1, 1)}, metric="loss")
        trial = study.ask()
        study.tell(trial, {"loss": trial.config["x"] ** 2})

    scheduler
        A scheduler, or the name of a scheduler or searcher; then `config_space` and the further
        options are those of `make_scheduler`.
    """

    def __init__(
        self,
        scheduler: Scheduler | str,
        config_space: Mapping[str, Any] | Problem | None = None,
        **options: Any,
    ) -> None:
        if isinstance(scheduler, str):
            from synecore.tuning.onecall import scheduler_for

            scheduler = scheduler_for(scheduler, config_space, **options)
        elif config_space is not None or options:
            raise OptionError("AskTell: a scheduler object has its space and options already")
        self.scheduler = scheduler
        self.tuning_status = TuningStatus(TrialTable(scheduler.problem, scheduler.tags))
        self._engine = Engine(scheduler, self.tuning_status.table)
        self._created: dict[int, datetime] = {}
        self._reports: list[Mapping[str, Any]] = []  # as rows of the table's observations
        self._began = time.time()

    def ask(self) -> Trial:
        """The next trial to run: a new one, or a paused one to go on with (`resumes`).

        Raises ExperimentError if there is nothing to run now, or nothing ever again.
        """
        answer = self._engine.ask(1, self._now())
        if isinstance(answer, Reply):
            self._engine.take()
            raise ExperimentError(
                "the scheduler waits for running trials; tell it about them first"
                if answer is Reply.WAIT
                else "the search space is exhausted: every configuration was tried"
            )
        _, commands = self._engine.take()
        (job,) = (command.job for command in commands if isinstance(command, BeginJob))
        created = self._created.setdefault(job.trial, datetime.now())
        return Trial(
            job.trial, job.config, created, until=job.until, resumes=job.resumes,
            checkpoint_of=job.checkpoint_of,
        )  # fmt: skip

    def report(self, trial: Trial | int, metrics: Mapping[str, Any]) -> SchedulerDecision:
        """Tell an intermediate result. After STOP or PAUSE the trial is over, for good or for now.

        Raises OptionError if the report cannot be used; the trial is not affected.
        """
        number = self._running(trial)
        measured = self.tuning_status.table.measure(number, metrics)
        if isinstance(measured, str):
            raise OptionError(f"trial {number}: {measured}")
        event = Reported(at=self._now(), trial=number, metrics=dict(metrics))
        self._engine.report(event, measured)
        self._reports.append(event.metrics)
        self.tuning_status.update(event)
        return self._decision(number)

    on_trial_result = report

    @property
    def bscheduler(self) -> AskTell:
        """The documented examples reach `on_trial_result` through this name."""
        return self

    def _decision(self, number: int) -> SchedulerDecision:
        """What was decided on this trial. Decisions on others reach them with their next report."""
        events, commands = self._engine.take()
        if not any(isinstance(c, StopJob) and c.trial == number for c in commands):
            return SchedulerDecision.CONTINUE
        paused = any(
            isinstance(e, Decided) and e.trial == number and e.action == "pause" for e in events
        )
        self._end(number, "killed")
        return SchedulerDecision.PAUSE if paused else SchedulerDecision.STOP

    def tell(self, trial: Trial | int, metrics: Mapping[str, Any] | None = None) -> TrialResult:
        """Tell that a trial is done, with its final metrics unless they were reported already."""
        number = self._known(trial)
        status = self.tuning_status.table.status(number)
        if status <= Status.RUNNING:
            if metrics is not None and not self._reported(number, metrics):
                self.report(number, metrics)
            if self.tuning_status.table.status(number) <= Status.STOPPING:
                self._end(number, "ok")
        return self.result(number)

    def fail(self, trial: Trial | int, error: str = "") -> None:
        """Tell that a trial failed; its configuration is not suggested again."""
        self._end(self._running(trial), "failed", error)

    def result(self, trial: Trial | int) -> TrialResult:
        """A trial with its last metrics."""
        number = self._known(trial)
        table = self.tuning_status.table
        metrics = self.tuning_status.last_metrics.get(number, {})
        created = self._created[number]
        return TrialResult(
            number, table.configs[number], created, metrics, table.status(number), datetime.now()
        )

    def best_trial(self, metric: str | int = 0) -> TrialResult:
        """The trial with the best observation of a metric, and the metrics of that report."""
        index = objective_index(self.scheduler.problem, metric)
        row = self.tuning_status.table.best_row(index)
        if row is None:
            raise ExperimentError("no trial has told a finite, feasible result yet")
        number = int(self.tuning_status.table.obs("trial")[row])
        return attrs.evolve(self.result(number), metrics=self._reports[row])

    def _end(self, number: int, how: Any, error: str = "") -> None:
        self._engine.ended(Ended(at=self._now(), trial=number, exit=how, error=error))
        self._engine.take()

    def _reported(self, number: int, metrics: Mapping[str, Any]) -> bool:
        """Whether these metrics are the trial's last report, told twice."""
        last = self.tuning_status.last_metrics.get(number)
        return last is not None and all(last.get(name) == value for name, value in metrics.items())

    def _known(self, trial: Trial | int) -> int:
        number = trial if isinstance(trial, int) else trial.trial_id
        n_trials = self.tuning_status.table.n_trials
        if not 0 <= number < n_trials:
            raise OptionError(f"there is no trial {number}; {n_trials} were asked for")
        return number

    def _running(self, trial: Trial | int) -> int:
        number = self._known(trial)
        status = self.tuning_status.table.status(number)
        if status > Status.RUNNING:
            raise OptionError(f"trial {number} does not run: it is {status.name.lower()}")
        return number

    def _now(self) -> float:
        return time.time() - self._began
