"""A payroll application on SQLAlchemy, with tables of its own in the database that Headgate lies in.

Imported by the tests that have SQLAlchemy, and by nobody else.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, MetaData, Numeric, create_engine
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import URL, Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from headgate.psp import PSP, PayrollBatch, PSPConfig


class Base(DeclarativeBase):
    metadata = MetaData()
    type_annotation_map = {dict[str, Any]: JSONB, Decimal: Numeric(14, 2)}  # noqa: RUF012 - as SQLAlchemy has it


class Company(Base):
    __tablename__ = "companies"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    runs: Mapped[list[Run]] = relationship(back_populates="company")


class Run(Base):
    """A payroll run as the application knows it."""

    __tablename__ = "payroll_runs"
    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id"))
    name: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str]
    total: Mapped[Decimal]
    told: Mapped[dict[str, Any]]
    company: Mapped[Company] = relationship(back_populates="runs")


def engine_for(conninfo: dict[str, Any], schema: str, **kwargs: Any) -> Engine:
    """An engine of the application, whose tables are found by its search path."""
    url = URL.create("postgresql+psycopg", username=conninfo["user"], database=conninfo["dbname"])
    places = {"host": conninfo["host"], "port": conninfo.get("port"), "options": f"-c search_path={schema}"}
    return create_engine(url, connect_args={key: value for key, value in places.items() if value}, **kwargs)


def run_payroll(session: Session, config: PSPConfig, company: Company, batch: PayrollBatch) -> Run:
    """What the application does on the day: Headgate's judgement and its own row, in one transaction."""
    result = PSP(session, config).commit_payroll_batch(batch)
    run = Run(
        company=company,
        name=batch.payroll_id,
        status=result.status,
        total=result.payroll.total.major,
        told={"client_message": result.client_message},
    )
    session.add(run)
    return run
