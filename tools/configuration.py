"""Write docs/configuration.md from the types of `overheard.study.config`, the one place of keys, ranges and defaults. Run by `make docs`."""

from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from overheard.study.experiment import Split
from overheard.study.fusion import experiment as fusion
from overheard.study.fusion.source import Stills, UrbanTwin, Videos
from overheard.study.transfer import experiment as transfer
from overheard.study.transfer import source

HEAD = """\
# Configuration

An experiment is one file `config/NAME.yaml`; `overheard run NAME` makes `results/NAME/` from it. It is checked before anything runs: an
unknown key, a wrong type or an impossible value is named with what is allowed, and nothing starts. A default is what holds where the key is left out.
Cores and clusters are not part of an experiment: `--cores`, `workflow/profiles/`. Generated from `src/overheard/study/transfer/experiment.py` by `make docs`.

`null` for a key under `train` takes the protocol's value (`config/protocols/`), which is meant for full networks.
"""
SECTIONS = [
    ("", transfer.Experiment, "The experiment"),
    ("source.", source.Twin, "`source`, kind `twin`"),
    ("source.", source.Directory, "`source`, kind `directory`"),
    ("split.", Split, "`split`"),
    ("networks.image. and networks.sound.", transfer.Network, "`networks`"),
    ("networks.….pretrain.", transfer.Pretrain, "`pretrain` of a network"),
    ("train.", transfer.Train, "`train`"),
    ("", fusion.Experiment, "An experiment of the study `tau` ([what it is](tau.md))"),
    ("source.", UrbanTwin, "`source`, kind `urban_twin`"),
    ("source.", Videos, "`source`, kind `videos`"),
    ("source.", Stills, "`source`, kind `stills`"),
    ("embeddings.audio. and embeddings.video.", fusion.Embedding, "`embeddings`"),
    ("pretrain.", fusion.Pretrain, "`pretrain` of the small networks"),
    ("train.", fusion.Train, "`train` of the study `tau`"),
    ("control.", fusion.Control, "`control` of the study `tau`"),
]


_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def _allowed(name: str, model: type[BaseModel]) -> str:
    """The type and range of a key, from its JSON schema."""
    schema = model.model_json_schema()["properties"][name]
    found = schema.get("anyOf", [schema])
    words = []
    for kind in found:
        if "const" in kind or "enum" in kind:
            words.append(", ".join(kind.get("enum", [kind.get("const")])))
        elif kind.get("type") == "array":
            least, most = kind.get("minItems"), kind.get("maxItems")
            words.append(f"list of {most}" if least == most and most else f"list of up to {most}" if most else "list")
        else:
            low = [f"{sign} {kind[key]}" for key, sign in _BOUNDS.items() if key in kind]
            words.append(" ".join([kind.get("type", "section"), *low]))
    return " or ".join(words)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    words = {"None": "null", "True": "true", "False": "false"}
    return words.get(str(field.default), str(field.default))


def page() -> str:
    """The whole page."""
    lines = [HEAD]
    for prefix, model, title in SECTIONS:
        lines += [
            f"## {title}",
            "",
            model.__doc__.strip(),
            "",
            "| key | allowed | default | meaning |",
            "|---|---|---|---|",
        ]
        for name, field in model.model_fields.items():
            if isinstance(field.default, BaseModel) or name == "source":
                continue
            lines.append(
                f"| `{prefix}{name}` | {_allowed(name, model)} | {_default(field)} | {field.description or ''} |"
            )
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    path = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"
    path.write_text(page(), encoding="utf-8")
    print(path)
