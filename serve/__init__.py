"""The Gradio app that names every face in a picture, and its REST endpoints."""
