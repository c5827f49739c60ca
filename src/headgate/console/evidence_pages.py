"""The addresses of evidence beside its lists: sources, an artifact's lines, its mapping, and files that are brought."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Header, Path, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from headgate import ingestion
from headgate.console import acts, artifacts, mapping_page, pages, sources, uploading
from headgate.console.desk import Desk
from headgate.console.render import HEADERS, fragment, plain

SAVED_WITHIN = timedelta(minutes=1)
Line = Annotated[int, Path(ge=1, le=2**31 - 1)]
QueryText = Annotated[str, Query(max_length=300)]
Fragment = Annotated[str | None, Header()]


def add(router: APIRouter, at_desk: Callable[..., Desk]) -> None:
    """Put these addresses before those of any list. `at_desk` gives the session's desk."""
    here = Depends(at_desk)

    @router.get("/{tenant}/sources")
    def all_sources(desk: Desk = here) -> Response:
        """The sources and how they fare."""
        return sources.all_sources(desk)

    @router.post("/{tenant}/artifacts/upload")
    def upload(
        request: Request,
        token: Annotated[str, Form(max_length=100)],
        file: Annotated[list[UploadFile], File()],
        source: Annotated[str, Form(max_length=60)] = "upload",
        x_headgate_fragment: Fragment = None,
        desk: Desk = here,
    ) -> Response:
        """Files that a person brings; the script is told of each, a plain form is led to the first."""
        acts.require_same_site(request)
        acts.require_token(desk, token)
        brought = uploading.bring(desk, file, source=source.strip())
        if x_headgate_fragment:
            text = fragment("uploaded.html", brought=brought, base=desk.seat.address)
            return HTMLResponse(text, headers=HEADERS)
        first = next((one.artifact_id for one in brought if one.artifact_id), None)
        if len(brought) == 1 and first is None:
            return _told(desk, brought)
        where = f"/{first}" if first and len(brought) == 1 else ""
        return RedirectResponse(f"{desk.seat.address}/artifacts{where}", status_code=303)

    @router.get("/{tenant}/artifacts/{artifact_id}/lines/{line}")
    def lines(
        artifact_id: str, line: Line, q: QueryText = "", x_headgate_fragment: Fragment = None, desk: Desk = here
    ) -> Response:
        """An artifact's lines about one of them: those alone for the script, else the page with the drawer there."""
        if x_headgate_fragment == "lines":
            with desk.begin("ingestion.read") as tx:
                words: dict[str, Any] = artifacts.lines_of(tx, artifact_id, line)
                clock = pages.clock(tx)
            return pages.part(desk, "lines.html", clock, view=words)
        screen = artifacts.screen_at(line)
        if x_headgate_fragment:
            return screen.item(desk, item_id=artifact_id, query_text=q.strip(), after=None)
        return screen.list_page(desk, query_text=q.strip(), after=None, item_id=artifact_id)

    @router.get("/{tenant}/artifacts/{artifact_id}/save")
    def save(artifact_id: str, desk: Desk = here) -> Response:
        """The bytes of an artifact as they are stored, by a link of a minute."""
        with desk.begin("ingestion.reveal") as tx:
            link = ingestion.make_link(tx, artifact_id, life=SAVED_WITHIN)
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return RedirectResponse(link.path, status_code=303, headers=headers)

    @router.get("/{tenant}/artifacts/{artifact_id}/mapping")
    def mapping(artifact_id: str, desk: Desk = here) -> Response:
        """What a table's columns mean: as it is saved, else as its bytes suggest."""
        return mapping_page.show(desk, artifact_id)

    @router.post("/{tenant}/artifacts/{artifact_id}/mapping")
    def look_again(request: Request, artifact_id: str, desk: Desk = here) -> Response:
        """The same by what the form says; nothing is stored."""
        return mapping_page.show(desk, artifact_id, acts.form_of(request, desk))


def _told(desk: Desk, brought: list[uploading.Brought]) -> Response:
    """One file that was not taken, without script: said on a page of its own."""
    return plain(
        "trouble.html", status=422, code="ingestion.not_taken", message=f"{brought[0].filename}: {brought[0].said}",
        request_id=desk.seat.slug,
    )  # fmt: skip
