"""What the four programs share: records, the store, the face networks, Label Studio's door."""
