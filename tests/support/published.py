"""Published figures of POPE that several tests hold to."""

# TP, FP, TN, FN of LLaVA-1.5-13B's official answers.
POPE_13B = {
    "random": (1182, 31, 1379, 318),
    "popular": (1182, 59, 1441, 318),
    "adversarial": (1182, 117, 1383, 318),
}
# Accuracy and F1 of LLaVA-1.5-7B in percent.
POPE_7B = {
    ("greedy", "random"): (87.00, 85.50),
    ("greedy", "popular"): (85.90, 84.47),
    ("greedy", "adversarial"): (83.33, 82.12),
    ("sample", "random"): (83.63, 81.67),
    ("sample", "popular"): (81.73, 79.69),
    ("sample", "adversarial"): (79.83, 78.64),
}
