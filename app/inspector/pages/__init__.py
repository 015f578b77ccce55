"""The inspector's pages. Only these modules know Streamlit; `main` is the script that it runs."""
