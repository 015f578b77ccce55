"""Language models as judges of texts.

A judge is any model, asked by `halluc generate` on data whose samples are its prompts: its replies
are a run, so they are stored, resumed and retried as all answers are. What follows from them is a
pure function of the replies, and can be counted again when the judge is gone.
"""
