"""What the inspector reads of a run and counts in it. Nothing here knows Streamlit."""
