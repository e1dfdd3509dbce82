"""How figures look, and how they become bytes: the same for the same data, whatever the user's matplotlib settings.

Figures are made without pyplot, so that no window system and no global list of figures is touched.
"""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib.style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Bbox
from PIL import Image

from overheard.scores.origin import Origin
from overheard.scores.plots.fonts import BASE
from overheard.scores.tabular import SYMBOL, symbol_math

# Okabe and Ito's colours, told apart with every kind of colour vision
COLOURS = {"sound": "#E69F00", "image": "#56B4E9", "image+sound": "#009E73"}
BAR, MARK, WARNING, INK, PALE = "#56B4E9", "#D55E00", "#D55E00", "#222222", "#DDDDDD"

_STYLE = {
    "font.size": 9.0,
    "mathtext.fontset": "dejavusans",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.axisbelow": True,
    "grid.color": PALE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.hashsalt": "overheard",
    "figure.dpi": 200,
    "savefig.dpi": 200,
    "text.hinting": "none",  # so that text has one width, drawn or measured, at every resolution
}
_WIDTH_IN = 7.6
_LINE_IN = 0.17
_MARGIN_IN = 0.09
_SMALL_PT = 7.6
_PLACES = 6


@contextmanager
def styled(families: Sequence[str] = ()) -> Iterator[None]:
    """Our look and matplotlib's own defaults under it, in place of the user's settings.

    Args:
        families: fonts for what the first one lacks.
    """
    with matplotlib.style.context(["default", _STYLE | {"font.family": [BASE, *families]}]):
        yield


def figure(title: str, sentences: Sequence[str], source: Origin, body_in: float) -> Figure:
    """An empty figure with the badge of its source, a title and what every number is.

    Args:
        title: one line.
        sentences: what stands under the title, wrapped.
        source: whose numbers these are.
        body_in: height left for the axes, in inches.
    """
    lines = wrapped(" ".join(sentences), _WIDTH_IN - 2 * _MARGIN_IN, _SMALL_PT)
    badge = source.badge
    head_in = 0.42 + _LINE_IN * len(lines) + (0.32 if badge else 0.0)
    height = body_in + head_in
    engine = ConstrainedLayoutEngine(rect=(0, 0, 1, 1 - head_in / height), w_pad=0.08, h_pad=0.06)
    made = Figure(figsize=(_WIDTH_IN, height), layout=engine)
    FigureCanvasAgg(made)
    top, left = height - 0.1, _MARGIN_IN / _WIDTH_IN
    if badge:
        box = {"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": WARNING, "linewidth": 1.4}
        made.text(
            left + 0.01, (top - 0.04) / height, badge, color=WARNING, weight="bold", va="top", bbox=box, gid="badge"
        )
        top -= 0.32
    made.text(left, top / height, title, size=11, weight="bold", va="top", gid="title")
    text = "\n".join(lines)
    look: dict[str, Any] = {"size": _SMALL_PT, "linespacing": 1.35, "parse_math": False}
    made.text(left, (top - 0.24) / height, text, va="top", gid="conditions", **look)
    return made


def wrapped(text: str, width_in: float, size_pt: float) -> list[str]:
    """Text in lines no wider than `width_in` inches as drawn; a longer single word stands alone."""
    font = FontProperties(size=size_pt)
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        # in points, of which an inch has 72
        width, _, _ = text_to_path.get_text_width_height_descent(longer, font, ismath=False)
        if lines and width <= 72 * width_in:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def shortened(name: str, longest: int) -> str:
    """A name of at most so many signs; of a longer one both ends, so that names that begin alike stay apart."""
    if len(name) <= longest:
        return name
    end = (longest - 1) // 3
    return f"{name[: longest - 1 - end]}…{name[-end:]}"


def math(label: str) -> str:
    """A label of the study with the paper's symbols set as mathematics: `L_s` becomes `$L_{s}$`."""
    return re.sub(SYMBOL, symbol_math, label.replace("$", r"\$"))


def settle(page: Figure) -> None:
    """Lay a figure out for good, at places rounded to a millionth of the page.

    The solver behind matplotlib's layout goes through its variables by their address in memory, so that the last bits
    of a place change from one drawing to the next, and with them now and then a shade of an edge.
    """
    if not isinstance(page.get_layout_engine(), ConstrainedLayoutEngine):
        return
    page.draw_without_rendering()
    page.set_layout_engine("none")
    for ax in page.axes:
        places = (round(float(end), _PLACES) for end in ax.get_position(original=True).bounds)
        ax.set_position(Bbox.from_bounds(*places))
    for text in page.texts:
        x, y = text.get_position()
        text.set_position((round(float(x), _PLACES), round(float(y), _PLACES)))


def png(pages: Sequence[Figure]) -> bytes:
    """The pages as one PNG, one below the other, without dates and versions."""
    for page in pages:
        settle(page)
    if len(pages) == 1:
        pages[0].savefig(stream := io.BytesIO(), format="png", metadata={"Software": None})
        return stream.getvalue()
    pictures = [_picture(page) for page in pages]
    whole = Image.new("RGB", (max(each.width for each in pictures), sum(each.height for each in pictures)), "white")
    top = 0
    for each in pictures:
        whole.paste(each, (0, top))
        top += each.height
    whole.save(stream := io.BytesIO(), "PNG")
    return stream.getvalue()


def _picture(page: Figure) -> Image.Image:
    page.savefig(stream := io.BytesIO(), format="rgba")
    width, height = map(int, page.bbox.size)
    return Image.frombytes("RGBA", (width, height), stream.getvalue()).convert("RGB")


def pdf(pages: Sequence[Figure]) -> bytes:
    """The pages as PDF with embedded TrueType fonts, without dates."""
    with PdfPages(stream := io.BytesIO(), metadata={"CreationDate": None}) as file:
        for page in pages:
            settle(page)
            file.savefig(page)
    return stream.getvalue()
