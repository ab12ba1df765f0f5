"""Photos to faces, clusters and tasks in Label Studio, and what people said there back."""
