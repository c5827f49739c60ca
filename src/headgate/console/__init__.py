"""The live console: server-rendered pages for the people who watch the money, one module a screen.

It only looks and asks: every figure is read through the domains' own queries, in a transaction of the person's tenant
and role. A browser enters by a one-time link (`sessions.make_link`), the address says which tenant is on the page
(`/console/{slug}/payments`), and new rows are announced by server-sent events, never put under the hand.
"""

from headgate.console.routes import mount
from headgate.console.sessions import Grant, make_link

__all__ = ["Grant", "make_link", "mount"]
