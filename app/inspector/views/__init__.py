"""The pages: each shows what the plain functions of the inspector give, with Streamlit."""
