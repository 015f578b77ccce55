"""Answers of models as other tools write them, joined to the questions and to the ground truth."""
