"""Jobs and files as a graph; networkx says what ancestors and cycles are."""

import networkx
import numpy as np
import pytest

from overheard.jobs.records import load_records
from overheard.lineage.graph import Graph


def entry(path, made_by=None, digest="a" * 64):
    return {"path": path, "sha256": digest, "bytes": 1, "record": made_by}


def record(stage, reads=(), writes=()):
    return {"stage": stage, "reads": {"files": list(reads)}, "writes": {"files": list(writes)}}


def linked(parents):
    """Jobs `n` that each write `n.out` and read their parents' files."""
    return Graph(
        {
            job: record("train", [entry(f"{parent}.out", parent) for parent in above], [entry(f"{job}.out")])
            for job, above in parents.items()
        }
    )


def random_links(seed, nodes=40, acyclic=True):
    rng = np.random.default_rng(seed)
    links = {str(node): [] for node in range(nodes)}
    for node in range(nodes):
        pool = node if acyclic else nodes
        count = min(pool, int(rng.integers(0, 4)))
        links[str(node)] = [str(parent) for parent in sorted(rng.choice(pool, count, replace=False))] if count else []
    names = list(links)
    rng.shuffle(names)
    return {name: links[name] for name in names}


def as_networkx(links):
    graph = networkx.DiGraph()
    graph.add_nodes_from(links)
    graph.add_edges_from((parent, job) for job, above in links.items() for parent in above)
    return graph


@pytest.mark.parametrize("seed", range(5))
def test_ancestors_are_all_that_a_job_rests_on_each_after_what_it_read(seed):
    links = random_links(seed)
    graph, peer = linked(links), as_networkx(links)
    for job in links:
        order = graph.ancestors([job])
        assert set(order) == networkx.ancestors(peer, job) | {job}
        assert all(order.index(parent) < order.index(child) for child in order for parent in links[child])
        below = graph.descendants([job])
        assert set(below) == networkx.descendants(peer, job) | {job}
        assert all(below.index(p) < below.index(c) for c in below for p in links[c] if p in below)


@pytest.mark.parametrize("seed", range(5))
def test_cycles_are_the_strong_components_of_more_than_one_job_and_jobs_that_read_themselves(seed):
    links = random_links(seed, acyclic=False)
    peer = as_networkx(links)
    expected = [
        sorted(group)
        for group in networkx.strongly_connected_components(peer)
        if len(group) > 1 or peer.has_edge(*list(group) * 2)
    ]
    assert linked(links).cycles() == sorted(expected)
    assert expected, "the draw has no cycle: the test says nothing"


def test_an_acyclic_graph_has_no_cycles():
    assert linked(random_links(0)).cycles() == []


def test_a_chain_of_ten_thousand_jobs_is_walked_without_recursion():
    links = {str(job): [str(job - 1)] if job else [] for job in range(10_000)}
    assert linked(links).ancestors(["9999"]) == list(links)


def test_a_whole_study_fits(study):
    graph = Graph(load_records(study))
    assert graph.cycles() == graph.misfits() == graph.orphans() == []
    assert graph.written_twice() == {}
    assert graph.parents["results/mini/tables/table2.record.json"] == [
        "results/mini/evaluate/scene/image/evaluate.record.json",
        "results/mini/evaluate/scene+event/image/evaluate.record.json",
    ]


def test_a_file_inside_a_folder_is_its_folders_jobs(study):
    graph = Graph(load_records(study))
    found = graph.producer("results/mini/draw/pairs/vision/forest/00000.jpg")
    assert (found.job, found.flag) == ("results/mini/draw/pairs.record.json", "media")
    assert graph.producer("results/mini/draw/elsewhere.jpg") is None


def test_a_seed_that_no_table_shows_is_an_orphan(made, study):
    made.put("train/scene/image/seed-7/student.pt", "left over")
    writes = {"student": made.path("train/scene/image/seed-7/student.pt")}
    settings = {"method": "scene", "modality": "image", "seed": 7}
    made.job("train/scene/image/seed-7/student", "train", settings, {"index": made.path("media/index.csv")}, writes)
    graph = Graph(load_records(study))
    assert graph.orphans() == ["results/mini/train/scene/image/seed-7/student.record.json"]


def test_what_no_record_and_no_manifest_has_is_named():
    records = {
        "a": record("draw", writes=[entry("media", digest="1" * 64)]),
        "b": record(
            "media", [entry("media", "a", "2" * 64), entry("gone", "lost"), entry("other", "a"), entry("mine")]
        ),
        "c": record("features", [entry("media/x.jpg", "a"), entry("given", digest="3" * 64)]),
    }
    known = [
        ("b", "media", "a wrote sha256 111111111111…, read was 222222222222…"),
        ("b", "gone", "lost is not among the records"),
        ("b", "other", "a did not write it"),
    ]
    assert Graph(records).misfits() == known
    with_outside = Graph(records).misfits({"given": "4" * 64})
    assert set(with_outside) - set(known) == {
        ("b", "mine", "no job made it and no manifest has it"),
        ("c", "given", "another sha256 than its manifest's"),
    }


def test_two_jobs_that_write_one_file_are_named():
    records = {"b": record("train", writes=[entry("x")]), "a": record("train", writes=[entry("x"), entry("y")])}
    assert Graph(records).written_twice() == {"x": ["a", "b"]}
