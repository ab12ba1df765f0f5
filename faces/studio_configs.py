"""The labeling configs of the two projects, tried by mouse and keyboard in Label Studio 1.23.2."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

MOST_ROWS = 30
"""So many rows can have a name field of their own; no page shows more tiles."""

PHOTOS_CONFIG = """<View>
  <Header value="$caption" size="5"/>
  <RectangleLabels name="face" toName="image" value="$people" showInline="true" canRotate="false"/>
  <Choices name="turn" toName="image" choice="single" showInline="true">
    <Choice value="Turn left" hotkey="j"/>
    <Choice value="Turn right" hotkey="l"/>
    <Choice value="Upside down" hotkey="i"/>
  </Choices>
  <Image name="image" value="$image" zoom="true" zoomControl="true" rotateControl="false"/>
  <View visibleWhen="region-selected">
    <TextArea name="new_name" toName="image" perRegion="true" maxSubmissions="1" rows="1"
              editable="true" placeholder="Type a name, then Enter"/>
    <Choices name="verdict" toName="image" perRegion="true" choice="single" showInline="true">
      <Choice value="Stranger"/>
      <Choice value="Not a face"/>
      <Choice value="Cannot tell"/>
    </Choices>
  </View>
</View>
"""

_PEOPLE_STYLE = """
    .lsf-sidepanels { padding: 0 !important; }
    .lsf-sidepanels__wrapper, .lsf-sidepanels__wrapper * { visibility: hidden !important;
      pointer-events: none !important; }
    .fl-desk { display: flex; flex-direction: column; }
    .fl-first { order: -2; }
    .fl-controls { order: -1; }
    .fl-desk .lsf-toolbar { display: none; }
    .fl-desk h3 { flex: 1; margin: 0 !important; font-size: 20px; white-space: nowrap; }
    .fl-question { padding: 6px 12px; margin-bottom: 8px; font-weight: 600;
      border-left: 4px solid #f5a623; background: #f5a62322; }
    .fl-row { position: relative; z-index: 6; display: flex; flex-wrap: wrap; align-items: center;
      gap: 6px 14px; margin-bottom: 8px; }
    .fl-row .lsf-choices { margin: 0; display: flex; flex-wrap: wrap; gap: 6px; }
    .fl-row .lsf-choice, .fl-row .lsf-choice__item, .fl-row .lsf-labels { margin: 0; padding: 0; }
    .fl-row .lsf-choice .ant-checkbox { display: none; }
    .fl-row .lsf-choice label { display: flex; align-items: center; height: 30px; margin: 0;
      padding: 0 12px; border: 1px solid #8886; border-radius: 15px; }
    .fl-row .lsf-choice label:hover { border-color: #4c5fa9; }
    .fl-row .lsf-choice label.ant-checkbox-wrapper-checked { color: white; background: #4c5fa9; }
    .fl-row .lsf-choice label span { padding: 0; color: inherit; }
    .fl-row .lsf-choice .lsf-hint { margin-left: 5px; color: inherit; opacity: .7; }
    .fl-row .lsf-text-area { margin: 0 !important; width: 180px; height: 40px; }
    .fl-row .lsf-text-area .ant-form-item { margin: 0; }
    .fl-row .taxonomy { margin: 0; }
    .fl-row .lsf-label { margin: 0 6px 0 0; }
    .fl-whole { display: contents; }
    .fl-tile { display: none; }
    .fl-page { position: relative; max-width: 1009px; }
    .fl-photos { position: absolute; top: 0; left: 0; width: 100%; z-index: 5;
      pointer-events: none; }
    .fl-photos summary { position: absolute; min-width: 36px; padding: 0 6px; line-height: 24px;
      list-style: none; text-align: center; font-size: 15px; font-weight: 600; color: white;
      background: #111; border-radius: 0 0 8px 0; cursor: zoom-in; pointer-events: auto; }
    .fl-photos summary:hover, .fl-photos details[open] summary { background: #4c5fa9; }
    .fl-photos details:not([open]) summary { z-index: 6; }
    .fl-photos details[open] summary::before { content: ""; position: fixed; inset: 0; z-index: 5;
      cursor: zoom-out; }
    .fl-photo { position: absolute; top: 0; z-index: 7; max-width: 60%; padding: 8px;
      color: #222; background: white; border-radius: 8px; box-shadow: 0 2px 24px #0009;
      pointer-events: auto; }
    .fl-left { left: 0; }
    .fl-right { right: 0; }
    .fl-told { margin-bottom: 6px; overflow-wrap: anywhere; }
    .fl-frame { position: relative; width: fit-content; }
    .fl-frame img { display: block; max-width: 100%; max-height: max(300px, calc(100vh - 330px)); }
    .fl-frame i { position: absolute; border: 3px solid #ffb300; border-radius: 3px;
      box-shadow: 0 0 0 1px #000a; }
"""
"""How the People page looks: hidden are the lists of regions, which say nothing here.

A checkbox is hidden, too, since a click on it would take the keys: Label Studio takes none while an
input has the focus.
"""

_ROWS_STYLE = """
    .fl-desk:has(.fl-several, .fl-same) { display: flex; flex-flow: row-reverse wrap; gap: 0 14px;
      justify-content: flex-end; align-items: flex-start; }
    .fl-desk:has(.fl-several, .fl-same) .fl-first { flex: 1 0 100%; }
    .fl-desk:has(.fl-several, .fl-same) .fl-page { flex: 0 1 1009px; min-width: 0; }
    .fl-desk:has(.fl-several, .fl-same) .fl-controls { position: sticky; top: 0; z-index: 6;
      flex: 1 1 200px; container-type: inline-size; background: var(--color-neutral-background); }
    .fl-desk:has(.fl-several, .fl-same) .fl-names { display: none; }
    .fl-desk:has(.fl-several) .fl-whole { display: none; }
    .fl-desk:has(.fl-several) .fl-tile { display: block; height: 40px; }
    .fl-inputs { display: flex; gap: 14px; align-items: center; }
    .fl-desk .fl-tile h4 { margin: 0 !important; font-size: 14px; line-height: 40px;
      font-weight: normal; }
    .fl-desk:has(.fl-several) .lsf-labels { flex: 1; display: flex; flex-wrap: wrap; gap: 4px 6px; }
    .fl-desk:has(.fl-several) .lsf-label { margin: 0; order: 3; }
    .fl-desk:has(.fl-several) .lsf-label:nth-child(7) { order: 1; }
    .fl-desk:has(.fl-several) .lsf-label:nth-child(n+8) { order: 0; }
    .fl-desk:has(.fl-several) .lsf-labels::after { content: ""; order: 2; flex: 0 0 100%; }
    .fl-desk:has(.fl-same) .fl-said .lsf-choices { order: -1; }
    .fl-desk:has(.fl-several) .lsf-label_selected:nth-child(1) { color: #222; }
    .fl-said .lsf-label__text { max-width: 160px; overflow: hidden; text-overflow: ellipsis; }
    .fl-caption { position: absolute; transform: translateY(-100%); margin: -2px 0 0 2px;
      padding: 0 8px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis;
      font-size: 14px; font-weight: 600; line-height: 21px; color: white; background: #111c;
      border-radius: 0 8px 0 0; }
    .fl-desk:has(.fl-same) .fl-controls { display: flex; flex-direction: column; gap: 8px; }
    @container (max-width: 920px) {
      .fl-row { flex-direction: column; align-items: stretch; }
      .fl-row h3 { flex: none; white-space: normal; line-height: 28px; }
      .fl-desk:has(.fl-several) .fl-tile { height: 82px; }
      .fl-inputs { flex-direction: column; align-items: stretch; gap: 4px; }
      .fl-desk .fl-tile h4 { line-height: 20px; }
      .fl-row .lsf-text-area { width: 100%; }
      .fl-desk:has(.fl-several, .fl-same) .lsf-labels { display: grid; gap: 3px;
        grid-template-columns: 1fr 1fr; }
      .fl-said .lsf-labels, .fl-said .lsf-choices, .fl-tile, .fl-whole { max-width: 330px; }
      .fl-desk:has(.fl-several, .fl-same) .lsf-label { margin: 0; height: 24px; }
      .fl-desk:has(.fl-several) .lsf-label:nth-child(n+7),
      .fl-desk:has(.fl-several) .lsf-labels::after { grid-column: 1 / -1; }
      .fl-desk:has(.fl-same) .fl-row:first-child { display: contents; }
      .fl-desk:has(.fl-same) .fl-whole { order: 1; display: flex; flex-direction: column;
        gap: 8px; margin-top: 8px; }
      .fl-said .lsf-choices { flex-direction: column; }
      .fl-said .lsf-choice label { height: 34px; justify-content: center; }
      .fl-said .lsf-label { font-size: 13px; }
      .fl-said .lsf-label__hotkey { margin-left: auto; padding-left: 5px; }
    }
"""
"""How pages of several rows look: their controls stand beside the picture where there is room."""

_FIELDS_STYLE = """
    .fl-page { container-type: inline-size; }
    .fl-field { display: none; position: absolute; z-index: 6; height: 24px; margin: -1px 0 0 2px;
      transform: translateY(-100%); }
    .fl-field .lsf-text-area { width: 100%; height: 24px; margin: 0 !important; }
    .fl-field .ant-form-item { margin: 0; }
    .fl-field input, .fl-field textarea { height: 24px !important; min-height: 0 !important;
      padding: 0 7px !important; font-size: 14px; line-height: 22px; border-radius: 0 8px 0 0; }
    .fl-field [data-testid="textarea-regions"] { margin: 0 !important; }
    .fl-field [data-testid="htx-textbox-content"] { min-height: 0; width: fit-content;
      max-width: 100%; height: 24px; margin-right: auto; padding: 0 8px; color: white;
      background: #111c; border: 0; border-radius: 0 8px 0 0; }
    .fl-field [data-testid="htx-textbox-content"] p { margin: 0; overflow: hidden;
      white-space: nowrap; text-overflow: ellipsis; font-size: 14px; font-weight: 600;
      line-height: 24px; }
    .fl-field .lsf-textarea__actions { display: none; position: absolute; right: 0; bottom: 24px; }
    .fl-field:hover .lsf-textarea__actions { display: flex; }
"""
"""How a row's own name field looks; `$context` shows it and tells where it lies.

A name that was typed looks like one that is proposed. The buttons to change it come with the mouse
alone, so that the Tab key leads from field to field.
"""

_FIELD = """<View className="fl-field fl-field-{row}">
      <TextArea name="row_{row}" toName="montage" maxSubmissions="1" rows="1" editable="true"
                placeholder="Name"/>
    </View>"""

_PEOPLE_PAGE = """<View className="fl-desk">
  <Style>{style}</Style>
  <Markdown value="$question" className="fl-first"/>
  <View className="fl-page">
    <Markdown value="$context"/>
    {fields}
    <Image name="montage" value="$montage" zoom="false" zoomControl="false" rotateControl="false"
           maxHeight="none"/>
  </View>
  <View className="fl-controls">
    <View className="fl-row">
      <Header value="$title" size="4"/>
      <View className="fl-whole">
        <TextArea name="new_name" toName="montage" maxSubmissions="1" rows="1" editable="true"
                  placeholder="Type a name, then Enter"/>
        <Taxonomy name="everyone" toName="montage" maxUsages="1" placeholder="or find it here"
                  minWidth="180px" pathSeparator="&#xE000;"{everyone}
      </View>
      <View className="fl-tile">
        <View visibleWhen="no-region-selected">
          <Header value="Type a row's name, or click a face and press a key." size="5"/>
        </View>
        <View className="fl-inputs" visibleWhen="region-selected">
          <TextArea name="tile_name" toName="montage" perRegion="true" maxSubmissions="1" rows="1"
                    editable="true" placeholder="Tab, type, Enter"/>
          {of_tile}
        </View>
      </View>
    </View>
    <View className="fl-row fl-names">
      <Choices name="name" toName="montage" choice="single" showInline="true" value="$people"/>
    </View>
    <View className="fl-row fl-said">
      <RectangleLabels name="face" toName="montage" value="$labels" showInline="true" opacity="0"
                       strokeWidth="3" canRotate="false"/>
      <Choices name="verdict" toName="montage" choice="single" showInline="true"
               value="$verdicts"/>
    </View>
  </View>
</View>
"""


EVERYONE_FILE = "everyone.json"
_EVERYONE_URL = f"/projects/0/resolve/../../../data/local-files/?d=montages/{EVERYONE_FILE}"
"""Label Studio takes only addresses that are absolute, or that begin like the first part of this
one, which it makes absolute (`onPresignUrlForProject` in 1.23.2); of `..` browsers take care. So
the list comes from the host that the annotator works at, whatever its name.
"""


def people_config(everyone: Iterable[str]) -> str:
    """The labeling config of People with all names in it, for a Label Studio without our files.

    They are there once, since each of them costs time; for a tile of several rows one types.
    """
    names = "".join(f"<Choice value={quoteattr(name)}/>" for name in everyone)
    return _people_page(everyone=f">{names}</Taxonomy>")


def _people_page(*, everyone: str, of_tile: str = "") -> str:
    """U+E000 separates the steps of a path, since no name can hold it."""
    style = _PEOPLE_STYLE + _ROWS_STYLE + _FIELDS_STYLE
    fields = "".join(_FIELD.format(row=row) for row in range(1, MOST_ROWS + 1))
    return _PEOPLE_PAGE.format(style=style, fields=fields, everyone=everyone, of_tile=of_tile)


_OF_TILE = f"""<Taxonomy name="tile_everyone" toName="montage" perRegion="true" maxUsages="1"
                    placeholder="or find it here" minWidth="180px" pathSeparator="&#xE000;"
                    apiUrl="{_EVERYONE_URL}"/>"""
PEOPLE_CONFIG = _people_page(everyone=f' apiUrl="{_EVERYONE_URL}"/>', of_tile=_OF_TILE)
"""The labeling config of People, whose browser reads all names from a file."""


def photos_config_matches(label_config: str) -> bool:
    """Whether a project's config has the controls that a Photos prediction speaks of."""
    try:
        root = ElementTree.fromstring(label_config)  # noqa: S314  # expat refuses entity bombs since 2.4.1
    except ElementTree.ParseError:
        return False
    images = [tag for tag in root.iter("Image") if tag.get("name") == "image"]
    boxes = [tag for tag in root.iter("RectangleLabels") if tag.get("name") == "face"]
    return any(tag.get("value") == "$image" for tag in images) and any(
        tag.get("toName") == "image" for tag in boxes
    )
