"""What an audit says of `saved/`; whole audits with it are in tests/lineage/test_audit.py."""

import pytest

from overheard.sharing import curves, save
from overheard.sharing.audit_saved import audit_saved


@pytest.fixture
def packed(study):
    save.pack(study)
    curves.write_curves(study)
    return study


@pytest.mark.parametrize(
    ("path", "old", "new", "table"),
    [
        ("tables/cells.csv", "mean", "average", "f_scores.csv"),
        ("train/scene/image/seed-0/history.csv", "val_f_score", "score", "curves.csv"),
        ("train/scene/image/seed-0/history.csv", "0.", "zero", "curves.csv"),
    ],
)
def test_a_table_that_cannot_be_made_again_is_a_finding(packed, path, old, new, table):
    history = packed / "train/scene/image/seed-0/history.csv"
    history.write_text("epoch,val_f_score\n1,0.5\n", encoding="utf-8")
    source = packed / path
    source.write_text(source.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    curve = [one for one in audit_saved(packed, ()) if one.path.endswith(f"/{table}")]
    assert [one.kind for one in curve] == ["number"]
    assert "cannot be made again" in curve[0].found


def test_a_bug_of_ours_is_no_finding(packed, monkeypatch):
    def broken(folder, name):
        raise TypeError("a bug")

    monkeypatch.setattr(curves, "table", broken)
    with pytest.raises(TypeError, match="a bug"):
        list(audit_saved(packed, ()))
