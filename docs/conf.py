"""The site: ``sphinx-build -W --keep-going docs docs/_build``, with the extra ``docs``.

Pages are Markdown (MyST), so that they can be read in the repository too. The scripts of
``docs/examples/gallery`` are executed (sphinx-gallery), and what they print and draw is the
gallery. Where measured data are neither at hand nor to be downloaded, the scripts that read them
are shown without results, with a note. The pages of ``results/`` are copied in.
"""

from __future__ import annotations

import os
import re
import shutil
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as the command line does

from sphinx_gallery.scrapers import figure_rst
from sphinx_gallery.sorting import ExplicitOrder

from noether_sym import __version__
from noether_sym.datasets.filmed import FILMS, locate_film
from noether_sym.datasets.systems.schmidt_lipson import DATA_VARIABLE, RECORDINGS, locate
from noether_sym.errors import DatasetError

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
SCRIPTS = HERE / "examples" / "gallery"
RESULTS = HERE.parent / "results"

project = "noether-sym"
copyright = "The noether-sym developers"
author = "The noether-sym developers"
release = version = __version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx_click",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "examples"]
suppress_warnings = ["config.cache"]  # the settings of the gallery hold a sorter

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "none"  # numpydoc's sections hold the types
numpydoc_show_class_members = False

copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

smartquotes = False  # two hyphens begin an option

html_theme = "pydata_sphinx_theme"
html_title = "noether-sym"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "show_nav_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
}


def without_data() -> dict[str, str]:
    """Scripts of the gallery that cannot run, by name, each with the data it lacks."""
    absent = []
    measured = [(one.name, partial(locate, one)) for one in RECORDINGS.values()]
    measured += [(one.name, partial(locate_film, one)) for one in FILMS.values()]
    for name, found in measured:
        try:
            found()
        except DatasetError:
            absent.append(name)
    lacking = {}
    for script in SCRIPTS.glob("plot_*.py"):
        text = script.read_text(encoding="utf-8")
        named = [name for name in absent if f'"{name}"' in text]
        if named:
            lacking[script.stem] = named[0]
    return lacking


WITHOUT_DATA = without_data()


def returned_figure(
    block: object, variables: dict[str, Any], settings: dict[str, Any], **options: object
) -> str:
    """Show the figure that a block names ``plotted``: what `Discovery.plot` returns.

    A scraper of sphinx-gallery, beside its own for figures of pyplot; returns reStructuredText.
    """
    figure = variables["example_globals"].pop("plotted", None)
    if figure is None:
        return ""
    path = next(variables["image_path_iterator"])
    figure.savefig(path)
    return figure_rst([path], settings["src_dir"])


sphinx_gallery_conf = {
    "examples_dirs": "examples/gallery",
    "gallery_dirs": "gallery",
    "filename_pattern": "|".join(
        rf"{script.stem}\.py$"
        for script in sorted(SCRIPTS.glob("plot_*.py"))
        if script.stem not in WITHOUT_DATA
    ),
    "within_subsection_order": ExplicitOrder(
        [
            "plot_kepler.py",
            "plot_reactions.py",
            "plot_noisy_sensor.py",
            "plot_real_pendulum.py",
            "plot_real_double_pendulum.py",
            "plot_no_law.py",
            "*",
        ]
    ),
    "image_scrapers": ("matplotlib", returned_figure),
    "capture_repr": ("_repr_html_",),
    "write_computation_times": False,
    "download_all_examples": False,
    "remove_config_comments": True,
}
# a figure that Agg cannot show is saved all the same
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")


def copy_results(app: Sphinx, config: object) -> None:
    """Make the pages of ``results/`` pages of the site."""
    target = HERE / "results"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(RESULTS / "figures", target / "figures")
    pages = sorted(RESULTS.glob("*.md"))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        # a page that is a section of another as well begins one level lower
        text = re.sub(r"^#(?=#+ )", "", text, flags=re.M) if text.startswith("## ") else text
        (target / page.name).write_text(text, encoding="utf-8")
    entries = "\n".join(page.stem for page in pages)
    (target / "index.md").write_text(
        "# Results\n\nWhat the programs in `benchmarks/` measured; each page names the command "
        f"that writes it.\n\n```{{toctree}}\n:maxdepth: 1\n\n{entries}\n```\n",
        encoding="utf-8",
    )


def in_the_site(app: Sphinx, docname: str, source: list[str]) -> None:
    """Lead links to ``results/`` to the pages of the site; say which page has no results."""
    up = "../" * docname.count("/")
    source[0] = source[0].replace(f"]({up}../results/", f"]({up}results/")
    name = docname.rpartition("/")[2]
    results = "sphx-glr-script-out" in source[0]  # kept from a build that had the data
    if docname.startswith("gallery/") and name in WITHOUT_DATA and not results:
        note = (
            ".. note::\n\n   This page was built where the measured data of "
            f"``{WITHOUT_DATA[name]}`` were not available, so its code was not run and it shows no "
            f"results. Set ``{DATA_VARIABLE}`` to the folder that holds them (the loader's error "
            "says where to find them) and build the site again.\n"
        )
        source[0] = re.sub(r"(\n=+\n)", rf"\1\n{note}\n", source[0], count=1)


def setup(app: Sphinx) -> None:
    """Connect the hooks above."""
    app.connect("config-inited", copy_results)
    app.connect("source-read", in_the_site)
