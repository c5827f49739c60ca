"""Numbers for Prometheus: requests by route, and gauges read when they are asked for. No label names a tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import Scope

from headgate.core import log
from headgate.core.errors import HeadgateError

_LOG = log.get(__name__)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number that is read at each scrape; None where it cannot be known now."""

    name: str
    help: str
    read: Callable[[], float | None]


class Metrics:
    """The numbers of one application."""

    def __init__(self, gauges: Iterable[Gauge] = ()) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "headgate_http_requests", "Requests answered", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "headgate_http_request_seconds",
            "Time to answer",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._registry.register(_Gauges(tuple(gauges)))

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one request. An unknown path counts under one label, or a scanner could make thousands."""
        route = scope.get("route")
        path = scope.get("headgate_path") or getattr(route, "path", None) or "unknown"
        method = scope["method"] if path != "unknown" and scope["method"] in _METHODS else "ANY"
        self._requests.labels(method, path, str(status)).inc()
        self._seconds.labels(method, path).observe(seconds)

    def text(self) -> bytes:
        """The exposition in Prometheus' text format."""
        return generate_latest(self._registry)


class _Gauges(Collector):
    def __init__(self, gauges: tuple[Gauge, ...]) -> None:
        self._gauges = gauges

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return [GaugeMetricFamily(gauge.name, gauge.help) for gauge in self._gauges]

    def collect(self) -> Iterable[GaugeMetricFamily]:
        for gauge in self._gauges:
            try:
                value = gauge.read()
            except HeadgateError as error:
                _LOG.warning("a gauge could not be read", extra={"gauge": gauge.name, "reason": error.message})
                continue
            if value is not None:
                yield GaugeMetricFamily(gauge.name, gauge.help, value=value)
