"""What the inspector draws: marked text, boxes, charts, reports. Nothing here knows Streamlit."""
