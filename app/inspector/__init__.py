"""The inspector: which words are wrong, of which kind, against which evidence in the picture.

The modules here are plain functions; `page` and the folder `views` are all that know Streamlit.
"""
