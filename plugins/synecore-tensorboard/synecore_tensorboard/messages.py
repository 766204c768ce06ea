"""What TensorBoard reads, as bytes of its protocol buffers.

The HPARAMS tab reads three messages: of an experiment, which hyperparameters and metrics there are;
of each run, its values when it starts, and how it ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tensorboardX.proto.api_pb2 import Experiment, HParamInfo, MetricInfo, MetricName
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.plugin_hparams_pb2 import (
    HParamsPluginData,
    SessionEndInfo,
    SessionStartInfo,
)
from tensorboardX.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboardX.proto.tensor_pb2 import TensorProto
from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto

from synecore.actions import Status
from synecore.problem import SearchSpace
from synecore.space import Domain

_DT_STRING = 7  # of TensorFlow's types.proto
_STRING, _BOOL, _FLOAT64 = 1, 2, 3  # of DataType in the tab's api.proto
_SUCCESS, _FAILURE = 1, 2  # of Status there


def version(time: float) -> bytes:
    """The first record of every event file."""
    return _bytes(Event(wall_time=time, file_version="brain.Event:2"))


def scalars(values: Mapping[str, float], step: int, time: float) -> bytes:
    """Numbers by tag, at one step. They are kept in single precision."""
    event = Event(wall_time=time, step=step)
    add = event.summary.value.add
    for tag, value in values.items():
        add(tag=tag, simple_value=value)
    return _bytes(event)


def text(tag: str, markdown: str, step: int, time: float) -> bytes:
    """Markdown, for the TEXT tab."""
    plugin = SummaryMetadata.PluginData(plugin_name="text", content=b"")
    tensor = TensorProto(
        dtype=_DT_STRING,
        tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]),
        string_val=[markdown.encode()],
    )
    value = Summary.Value(tag=tag, metadata=SummaryMetadata(plugin_data=plugin), tensor=tensor)
    return _bytes(Event(wall_time=time, step=step, summary=Summary(value=[value])))


def hparams_experiment(space: SearchSpace, metrics: Sequence[str], time: float) -> bytes:
    """The columns of the HPARAMS tab."""
    domains: Mapping[str, Domain] = space.config_space  # type: ignore[attr-defined]
    infos = [_parameter(name, domains[name]) for name in space.names]
    shown = [MetricInfo(name=MetricName(tag=metric)) for metric in metrics]
    experiment = Experiment(hparam_infos=infos, metric_infos=shown, time_created_secs=time)
    return _hparams("experiment", HParamsPluginData(experiment=experiment), time)


def hparams_start(config: Mapping[str, Any], group: str, time: float) -> bytes:
    """A row of the HPARAMS tab: the values of one trial, without the constants."""
    info = SessionStartInfo(group_name=group, start_time_secs=time)
    for name, value in config.items():
        field = info.hparams[name]
        if isinstance(value, str):
            field.string_value = value
        elif isinstance(value, bool):
            field.bool_value = value
        else:
            field.number_value = value
    return _hparams("session_start_info", HParamsPluginData(session_start_info=info), time)


def hparams_end(status: Status, time: float) -> bytes:
    """How the trial of a row ended."""
    shown = _FAILURE if status is Status.FAILED else _SUCCESS
    info = SessionEndInfo(status=shown, end_time_secs=time)
    return _hparams("session_end_info", HParamsPluginData(session_end_info=info), time)


def _parameter(name: str, domain: Domain) -> HParamInfo:
    kind = domain.value_type
    info = HParamInfo(
        name=name, type=_STRING if kind is str else _BOOL if kind is bool else _FLOAT64
    )
    categories = getattr(domain, "categories", None)
    if categories is not None:
        info.domain_discrete.extend(categories)
    else:
        info.domain_interval.min_value = domain.lower  # type: ignore[attr-defined]
        info.domain_interval.max_value = domain.upper  # type: ignore[attr-defined]
    return info


def _hparams(tag: str, content: HParamsPluginData, time: float) -> bytes:
    plugin = SummaryMetadata.PluginData(plugin_name="hparams", content=content.SerializeToString())
    # The tab wants a tensor beside the message, of any value.
    tensor = TensorProto(dtype=1, float_val=[0.0], tensor_shape=TensorShapeProto())
    value = Summary.Value(
        tag=f"_hparams_/{tag}", metadata=SummaryMetadata(plugin_data=plugin), tensor=tensor
    )
    return _bytes(Event(wall_time=time, summary=Summary(value=[value])))


def _bytes(event: Event) -> bytes:
    data: bytes = event.SerializeToString()
    return data
