"""The inspector: which words are wrong, of which kind, against which evidence in the picture.

`reading` opens runs and counts, `drawing` makes HTML and charts, `pages` are the Streamlit pages.
"""
