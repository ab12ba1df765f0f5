"""The Flask ML backend that Label Studio calls."""
