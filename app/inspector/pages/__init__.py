"""The inspector's pages. Only these modules and `app.inspector.main` know Streamlit."""
