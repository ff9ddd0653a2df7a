"""What the log of the embedded store promises."""

from adapters.sqlite import checkpoint
from adapters.sqlite.checkpoint import WritingConnection
from adapters.store import open_store

_NOTE = {"resourceType": "Basic", "code": {"text": "x" * 2000}}


def _fill(store, number):
    store.transact(lambda tx: [tx.create(_NOTE) for _ in range(number)])


def test_the_log_stays_short_beside_a_busy_writer(tmp_path, monkeypatch):
    """It is copied while commits go on, and begun anew when it has reached its longest length."""
    monkeypatch.setattr(checkpoint, "PIECE", 50)
    monkeypatch.setattr(checkpoint, "LONGEST", 300)
    store = open_store(tmp_path)
    for _ in range(60):
        _fill(store, 20)
    log = (tmp_path / "isthmus.sqlite-wal").stat().st_size
    assert log < 900 * 4120
    assert store.status()["resources"] == 1200
    store.close()
    again = open_store(tmp_path)
    assert again.status()["resources"] == 1200
    again.close()


def test_a_log_that_somebody_else_copies_does_not_fail_a_commit(tmp_path, monkeypatch):
    """The commit stands; the next one tries to copy again."""
    monkeypatch.setattr(checkpoint, "LONGEST", 1)
    connection = WritingConnection(tmp_path / "one.db")
    connection.execute("CREATE TABLE t (a)")
    other = WritingConnection(tmp_path / "one.db")
    other.execute("BEGIN")
    other.execute("SELECT * FROM t").fetchall()
    for number in range(20):
        connection.execute("INSERT INTO t VALUES (?)", (number,))
    other.execute("COMMIT")
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (20,)
    other.close()
    connection.close()
