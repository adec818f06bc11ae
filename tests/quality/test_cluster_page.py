"""The page of a customer: complete, masked, loading nothing, drawn the same way each time, readable at any size."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from identity.cluster_view import Change, ClusterView, Evidence, Profile
from identity.graph_layout import lay_out
from identity.review.decisions import Decision
from quality.cluster_drawing import draw_cluster
from quality.cluster_page import render_cluster_page

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
REQUIRED = os.environ.get("UNAVISTA_REQUIRE_BROWSER") == "1"
A, B = "a" * 32, "b" * 32
SHAPES = {
    "one": (1, []),
    "chain": (100, [(n, n + 1) for n in range(99)]),
    "star": (100, [(0, n) for n in range(1, 100)]),
    "crowd": (30, [(a, b) for a in range(30) for b in range(a)]),
    "two parts": (8, [(0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (6, 7)]),
}


def profile(number: int, records: int = 1) -> Profile:
    facts = dict.fromkeys(("document_number", "email", "phone", "birth_date", "city")) | {"full_name": "A*** <L>***"}
    sources = (("crm crm_customers", records),)
    return Profile(number, f"{number:032x}", "crm crm_customers", facts, sources, None, datetime(2025, 1, 1))


def view(count: int, pairs: list[tuple[int, int]], **changes) -> ClusterView:
    facts = {
        "customer_id": "c34413c63c98beb764643a16",
        "folder": "run-1",
        "profiles": tuple(profile(number, number) for number in range(1, count + 1)),
        "edges": tuple(Evidence(a + 1, b + 1, "same_email_and_given_name", 30, "email", "a***a@x.pt") for a, b in pairs),
        "guards": (), "decisions": (), "history": (), "retired_ids": (), "waiting": (),
    }  # fmt: skip
    return ClusterView(**facts | changes)


def whole() -> ClusterView:
    at = datetime(2026, 1, 31, tzinfo=UTC)
    return view(
        3,
        [(0, 1), (1, 2)],
        edges=(
            Evidence(1, 2, "same_email_and_given_name", 30, "email", "a***a@x.pt"),
            Evidence(2, 3, "decided_same", 1000, None, None),
            Evidence(3, None, "same_phone_and_given_name", 28, "phone", "+55***67", other_customer_id="c999"),
        ),
        guards=(("phone", "+55***67", "shared by 9 given names", 12),),
        decisions=(Decision(decision_id="d" + "0" * 23, record_id_left=A, record_id_right=B, decision="same",
                            decided_by="Maria", decided_at=at, reason="<married>"),),
        history=(Change(at, "run-1", "merge", "c111", "c344", 2, "same_email"),),
        retired_ids=("c111",),
    )  # fmt: skip


def page_of(one: ClusterView) -> str:
    return render_cluster_page(one, workspace="Shop", show_values=False)


@pytest.mark.parametrize("shape", SHAPES)
def test_layout_is_the_same_each_time_and_keeps_nodes_apart(shape):
    count, edges = SHAPES[shape]
    places = lay_out(count, edges)
    assert places == lay_out(count, list(reversed([(b, a) for a, b in edges])))
    assert len(places) == count and all(math.isfinite(value) for place in places for value in place)
    gaps = [math.dist(a, b) for number, a in enumerate(places) for b in places[:number]]
    assert min(gaps, default=1) > 0.2, "circles would cover each other"
    assert max(gaps, default=1) < 14, "a screen would not hold it"


def test_neighbours_lie_closer_than_strangers():
    places = lay_out(6, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)])
    assert math.dist(places[0], places[1]) < math.dist(places[0], places[2]) < math.dist(places[0], places[5])
    assert lay_out(0, []) == []


def test_page_says_everything_and_loads_nothing():
    page = page_of(whole())
    assert not re.search(r"""(src|href)=|url\(|@import|https?://|<script""", page)
    for text in ("c34413c63c98beb764643a16", "decided same", "refused", "shared by 9 given names", "Maria",
                 "&lt;married&gt;", "c111", "merge", "A*** &lt;L&gt;***", "c999", "values masked"):  # fmt: skip
        assert text in page, text
    assert page == page_of(whole())


def test_refused_evidence_is_dashed_and_leads_to_the_other_customer():
    drawing = draw_cluster(whole())
    assert drawing.count('class="profile"') == 3 and drawing.count('class="ghost"') == 1
    assert drawing.count('class="edge"') == 2 and drawing.count('class="refused"') == 1
    widths = [float(one) for one in re.findall(r'stroke-width="([\d.]+)"', drawing)]
    assert widths == [4.8, 6.0, 4.5], "thicker when it weighs more"
    assert "email and given name" in drawing


def test_parallel_evidence_is_one_line_with_all_rules_in_its_title():
    twice = view(2, [], edges=(
        Evidence(1, 2, "same_email_and_given_name", 30, "email", "a***a@x.pt"),
        Evidence(1, 2, "same_rare_name", 16, None, None),
    ))  # fmt: skip
    drawing = draw_cluster(twice)
    assert drawing.count("<line") == 1 and "email and given name +1" in drawing and "rare name  (weight 16)" in drawing


def test_large_customers_are_drawn_without_labels():
    count, edges = SHAPES["crowd"]
    drawing = draw_cluster(view(count, edges))
    assert 'class="graph dense"' in drawing and 'class="rule"' not in drawing
    assert 'class="name"' not in draw_cluster(view(*SHAPES["chain"]))


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(not BROWSER and not REQUIRED, reason="needs Chromium: apt-get install chromium")
@pytest.mark.parametrize("shape", [*SHAPES, "whole"])
def test_a_browser_shows_the_whole_graph_within_the_page(shape, tmp_path: Path):
    assert BROWSER, "UNAVISTA_REQUIRE_BROWSER=1 and there is no Chromium"
    measure = """<script>
    const page = document.documentElement, graph = document.querySelector('svg.graph').getBoundingClientRect();
    const circles = [...document.querySelectorAll('circle')].map(one => one.getBoundingClientRect());
    const inside = circles.every(one => one.left >= 0 && one.right <= page.clientWidth && one.width >= 6);
    document.title = [page.scrollWidth <= page.clientWidth, inside, graph.width > 0, circles.length].join(' ');
    </script>"""
    file = tmp_path / "page.html"
    one = whole() if shape == "whole" else view(*SHAPES[shape])
    file.write_text(page_of(one).replace("</body>", measure + "</body>"), encoding="utf-8")
    shown = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,900", "--dump-dom", file.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    title = re.search("<title>(.*?)</title>", shown)
    assert title and title.group(1) == f"true true true {len(one.profiles) + (shape == 'whole')}"
