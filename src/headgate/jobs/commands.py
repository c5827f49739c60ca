"""`headgate jobs`: what is done by the clock, and doing it now."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from headgate import tenants
from headgate.core.db import Actor
from headgate.core.errors import Malformed
from headgate.core.terminal import emit, open_database
from headgate.jobs.model import INSTALLATION, Job
from headgate.jobs.runs import discover, history, run_by_name
from headgate.tenants import command_parts

app = typer.Typer(name="jobs", help="What is done by the clock.", no_args_is_help=True)
Json = command_parts.Json
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="The tenant's id or slug; without it, the installation.")
]
_ACTOR = Actor("human", "administrator")


@app.command("list")
def list_jobs(tenant: TenantOption = None, json: Json = False) -> None:
    """Every job with its schedule and its last run."""
    with open_database() as database:
        tenant_id = tenants.find_tenant(database, tenant).id if tenant else INSTALLATION
        rows: list[dict[str, Any]] = []
        with database.begin(tenant_id=tenant_id, actor=_ACTOR) as tx:
            for name, job in sorted(discover().items()):
                last = history(tx, job=name, limit=1)
                rows.append(
                    {
                        "name": name,
                        "scope": job.scope,
                        "schedule": _schedule(job),
                        "last_run_at": last[0].started_at if last else None,
                        "status": last[0].status if last else None,
                        "outcome": last[0].outcome if last else None,
                    }
                )
    emit(rows, as_json=json)


@app.command("run")
def run(
    name: Annotated[str, typer.Argument(help="The job's name, from `headgate jobs list`.")],
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Run a job now, due or not; exit 1 where it fails."""
    jobs = discover()
    with open_database() as database:
        if name in jobs and jobs[name].scope == "tenant" and tenant is None:
            raise Malformed(f"{name} runs for one tenant: say which with --tenant")
        tenant_id = tenants.find_tenant(database, tenant).id if tenant else INSTALLATION
        done = run_by_name(database, jobs, name, tenant_id)
    emit(done, as_json=json)
    if done.status != "succeeded":
        raise typer.Exit(1)


def _schedule(job: Job) -> str:
    return f"every {job.every}" if job.every is not None else f"daily at {job.at:%H:%M} {job.zone}"
