"""The labeling configs of the two projects, tried by mouse and keyboard in Label Studio 1.23.2."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

PHOTOS_CONFIG = """<View>
  <Header value="$caption" size="5"/>
  <RectangleLabels name="face" toName="image" value="$people" showInline="true" canRotate="false"/>
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

PEOPLE_CONFIG = """<View>
  <Header value="Who is this?  $size faces in $photos photos" size="4"/>
  <View style="display:flex; gap:1em; align-items:flex-end; flex-wrap:wrap">
    <Choices name="name" toName="montage" choice="single" showInline="true" value="$people"/>
    <TextArea name="new_name" toName="montage" maxSubmissions="1" rows="1" editable="true"
              placeholder="Type a name, then Enter"/>
    <Choices name="verdict" toName="montage" choice="single" showInline="true">
      <Choice value="Stranger" hotkey="x"/>
      <Choice value="Not faces" hotkey="n"/>
      <Choice value="Mixed" hotkey="m"/>
      <Choice value="Cannot tell" hotkey="c"/>
    </Choices>
  </View>
  <RectangleLabels name="face" toName="montage" showInline="true" opacity="0" strokeWidth="4"
                   canRotate="false">
    <Label value="Same person" background="#2e7d32" hotkey="q"/>
    <Label value="Someone else" background="#c62828" hotkey="w"/>
    <Label value="Not a face" background="#616161" hotkey="e"/>
  </RectangleLabels>
  <Image name="montage" value="$montage" zoomControl="true" rotateControl="false"/>
</View>
"""


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
