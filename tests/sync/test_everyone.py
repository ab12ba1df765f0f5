import dataclasses
import json
import re
from html import unescape

from faces.confirmations import PersonCreated, PersonRenamed
from faces.records import PersonId
from tests.sync.conftest import Workspace

ODD = 'Anna "A" & B'


def listed(workspace: Workspace) -> list[str]:
    """The names that a browser gets to search in."""
    return [one["value"] for one in json.loads(workspace.media.everyone.read_text("utf-8"))]


def in_config(workspace: Workspace) -> list[str]:
    config = workspace.double.projects[workspace.desk.people]["label_config"]
    (everyone,) = re.findall("<Taxonomy.*?</Taxonomy>", config, re.DOTALL)
    values = re.findall("<Choice value=(?:\"(.*?)\"|'(.*?)')/>", everyone)
    return [unescape(double or single) for double, single in values]


def test_everyone_is_listed_by_name_and_a_rename_reaches_the_list(workspace: Workspace) -> None:
    workspace.push()
    assert listed(workspace) == []
    workspace.say(PersonCreated(PersonId("p1"), "zoë"), PersonCreated(PersonId("p2"), ODD))
    workspace.push()
    assert listed(workspace) == [ODD, "zoë"]
    workspace.say(PersonRenamed(PersonId("p1"), "Aaron"))
    workspace.push()
    assert listed(workspace) == ["Aaron", ODD]


def test_a_new_name_changes_no_labeling_config(workspace: Workspace) -> None:
    workspace.push()
    workspace.double.requests.clear()
    workspace.say(PersonCreated(PersonId("p1"), "Zoë"))
    workspace.push()
    assert workspace.double.writes == []


def test_a_label_studio_without_our_files_has_the_names_in_its_config(workspace: Workspace) -> None:
    workspace.desk = dataclasses.replace(workspace.desk, pictures="upload")
    workspace.say(PersonCreated(PersonId("p1"), "Zoë"), PersonCreated(PersonId("p2"), ODD))
    workspace.push()
    assert in_config(workspace) == [ODD, "Zoë"]
    workspace.double.requests.clear()
    workspace.push()
    assert workspace.double.writes == []
