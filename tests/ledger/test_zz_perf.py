"""A rough look at plans: 200k entries, clearing, cut-off, close, check."""
import time
from datetime import UTC, datetime, timedelta
from tests.ledger.conftest import Book
from tests import make
from headgate import ledger
from headgate.core import invariants
from headgate.ledger import Entry, Posting

def test_perf(book: Book):
    now = datetime.now(UTC)
    def t(name, f):
        s=time.time(); r=f(); print(f"{name}: {time.time()-s:.2f}s", flush=True); return r
    accounts=[]
    with book.begin() as tx:
        for n in range(1000):
            accounts.append(ledger.create_account(tx, code=f"a{n}", name="x", type="ASSET", currency="USD").id)
    usd=make.usd("1.00")
    k=0
    def fill(day, rounds):
        nonlocal k
        for r in range(rounds):
            batch=[]
            for i in range(10000):
                k+=1
                a = accounts[k%1000] if k%2 else book.cash
                d,c = (a, book.clearing) if k%4<2 else (book.clearing, a)
                batch.append(Posting(f"k{k}",[Entry(d,c,usd)], now-timedelta(days=day), "o", f"{k//2}"))
            book.do(ledger.post_many, batch)
    t("fill 100k", lambda: fill(60,3))
    p1=book.do(ledger.open_period,name="1",starts_on=(now-timedelta(days=90)).date(),ends_on=(now-timedelta(days=40)).date())
    p2=book.do(ledger.open_period,name="2",starts_on=(now-timedelta(days=39)).date(),ends_on=(now-timedelta(days=10)).date())
    t("close 1", lambda: book.do(ledger.close_period,period_id=p1.id,reason="x"))
    t("fill 50k", lambda: fill(20,3))
    t("close 2", lambda: book.do(ledger.close_period,period_id=p2.id,reason="x"))
    t("cut off clearing", lambda: book.do(ledger.cut_off,account=book.clearing,at=now-timedelta(days=30),name="a"))
    t("cut off clearing 2", lambda: book.do(ledger.cut_off,account=book.clearing,at=now-timedelta(days=5),name="b"))
    book.do(ledger.set_must_be_zero,account=book.clearing,must_be_zero=True,max_age=timedelta(days=300),reason="x")
    book.post(book.cash, book.clearing, "7.00")
    r=t("clearing", lambda: book.do(ledger.clearing_report))
    print(r[0].residual, len(r[0].items))
    for full in (True, False, False):
        rep=t(f"check full={full}", lambda: invariants.run_checks(book.database,[book.tenant.id],full=full))
    with book.database.connect("app") as c:
        c.execute("SET statement_timeout = 15000"); c.execute("SELECT set_config('headgate.tenant_id', %s, false), set_config('headgate.check_full','off',false)", [str(book.tenant.id)])
        for v in ("closed_accounts","closed_periods","frozen_balance","settlements","clearing","monitors","positions"):
            for full in ("off","on"):
                c.execute("SELECT set_config('headgate.check_full',%s,false)",[full])
                s=time.time(); c.execute(f"SELECT * FROM ledger.invariant_{v}").fetchall(); print(v, full, f"{time.time()-s:.3f}")
