"""The flow figure: the canal from the side, to scale. What is expected, what has come, what the gate let through."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.core.money import Money

WIDTH, HEIGHT, HEADROOM = 1000, 196, 18
_GATE, _SENT, _SETTLED = 400, 600, 800


@dataclass(frozen=True, slots=True)
class Flow:
    """Money in motion, one currency. What is held at the gate is partly here (`held_here`) and partly missing."""

    reserved: Money
    sent: Money
    settled: Money
    held: Money
    held_here: Money

    @property
    def expected(self) -> Money:
        return self.reserved + self.held

    @property
    def received(self) -> Money:
        return self.reserved + self.held_here

    @property
    def missing(self) -> Money:
        return self.held - self.held_here


@dataclass(frozen=True, slots=True)
class Levels:
    """How far below the top each water lies, in units of the figure: zero money lies at `HEIGHT`."""

    expected: float
    received: float
    reserved: float
    sent: float
    settled: float


def levels(flow: Flow) -> Levels:
    """All amounts on one scale from zero; the largest leaves `HEADROOM` above it."""
    scale = (HEIGHT - HEADROOM) / max(flow.expected.minor, 1)
    amounts = (flow.expected, flow.received, flow.reserved, flow.sent, flow.settled)
    return Levels(*(HEIGHT - amount.minor * scale for amount in amounts))


def canal(flow: Flow) -> str:
    """The figure as SVG. Heights are to scale from zero; the gate's foot stands at what was let through."""
    at = levels(flow)
    downstream = f"{_fall(_SENT, at.reserved, at.sent)}{_fall(_SETTLED, at.sent, at.settled)}"
    return f"""<svg class="water" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true"><defs>
<linearGradient id="deep" gradientUnits="userSpaceOnUse" x1="0" x2="{WIDTH}" y1="0" y2="0">{_stops()}</linearGradient>
<pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect width="7" height="7" fill="var(--surface)"/>
<path d="M0 0v7" stroke="var(--warn)" stroke-width="1.5"/></pattern></defs>
<path d="M0 {at.expected:.1f}H200V{HEIGHT}H0z" fill="var(--water-1)"/>
<path d="M200 {at.reserved:.1f}H{_GATE}V{HEIGHT}H200z" fill="var(--water-2)"/>
<path d="M200 {at.received:.1f}H{_GATE}V{at.reserved:.1f}H200z" fill="var(--warn-bg)"/>
<path d="M200 {at.expected:.1f}H{_GATE}V{at.received:.1f}H200z" fill="url(#hatch)"/>
<path d="M0 {at.expected:.1f}H{_GATE}" stroke="var(--edge)" stroke-dasharray="4 4" fill="none"/>
{_held_lines(flow, at)}
<path d="M{_GATE} {HEIGHT}V{at.reserved:.1f}{downstream}H{WIDTH}V{HEIGHT}z" fill="url(#deep)"/>
<path d="M396 0V{HEIGHT}M404 0V{HEIGHT}M390 1.5H410" stroke="var(--ink)" stroke-width="1.5" fill="none"/>
<path d="M396 6H404V{at.reserved:.1f}H396z" fill="var(--ink)"/>
<path d="M0 {HEIGHT - 1}H{WIDTH}" stroke="var(--edge)" stroke-width="2"/></svg>"""


def _held_lines(flow: Flow, at: Levels) -> str:
    """The edges of what is held; where nothing is, there is no edge to draw."""
    if not flow.held:
        return ""
    return f'<path d="M200 {at.received:.1f}H{_GATE}M200 {at.reserved:.1f}H{_GATE}" stroke="var(--warn)" fill="none"/>'


def _fall(at: int, before: float, after: float) -> str:
    """Water falls from one height to the next around `at`."""
    return f"H{at - 22} C{at + 2} {before:.1f} {at - 2} {after:.1f} {at + 22} {after:.1f}"


def _stops() -> str:
    depths = ((0.4, 0.6, 3), (0.6, 0.8, 4), (0.8, 1, 5))
    return "".join(
        f'<stop offset="{offset}" stop-color="var(--water-{depth})"/>'
        for start, end, depth in depths
        for offset in (start, end)
    )
