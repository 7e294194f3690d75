import re
import xml.etree.ElementTree as ET

import pytest
from pictures import PICTURES, flow, scalars, tables

from viz import Box, Picture
from viz.svg import to_svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", PICTURES)
def test_svg_is_valid_xml_with_every_box_and_arrow(name):
    picture = PICTURES[name]()
    kinds = [group.get("class") for group in ET.fromstring(to_svg(picture)).iter(f"{SVG}g")]
    assert kinds.count("box") == len(picture.boxes)
    assert kinds.count("arrow") == len(picture.arrows)
    assert kinds.count("group") == len(picture.groups)


def test_ids_differ_between_drawings_and_within_one():
    ids = [name for picture in (flow(), scalars(), tables()) for name in re.findall(r' id="([^"]+)"', to_svg(picture))]
    assert len(ids) == len(set(ids))


def test_tips_are_titles():
    titles = [title.text for title in ET.fromstring(to_svg(tables())).iter(f"{SVG}title")]
    assert titles == ["layer 0", "layer 1", "layer 2", "layer 3"]


def test_a_table_is_drawn_with_its_rules_and_cells():
    box = next(group for group in ET.fromstring(to_svg(tables())).iter(f"{SVG}g") if group.get("class") == "box")
    assert [text.text for text in box.iter(f"{SVG}text")] == [
        "input (Layer)",
        "input",
        "(None, 28, 28)",
        "output",
        "(None, 28, 28)",
    ]
    assert len(list(box.iter(f"{SVG}path"))) == 4 + 2  # over four cells, left of two


def test_an_empty_picture_is_an_empty_page():
    assert ET.fromstring(to_svg(Picture())).find(f"{SVG}g") is None


def test_a_box_without_text_has_a_size():
    assert float(ET.fromstring(to_svg(Picture([Box("n", (("",),))]))).find(f"{SVG}g/{SVG}rect").get("width")) > 0
