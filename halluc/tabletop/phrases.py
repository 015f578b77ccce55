"""Words of the embedded world: what its things, places and surfaces are called, and prompts."""

from __future__ import annotations

from halluc.tabletop.world import CLASSES

# What each class is called: singular and plural, the usual name first.
NAMES: dict[str, tuple[tuple[str, str], ...]] = {
    name: ((name, f"{name}s"),) for name in CLASSES
} | {
    "knife": (("knife", "knives"),),
    "mouse": (("mouse", "mice"), ("computer mouse", "computer mice")),
    "wine glass": (("wine glass", "wine glasses"),),
    "scissors": (("pair of scissors", "pairs of scissors"),),
    "cell phone": (
        ("cell phone", "cell phones"),
        ("phone", "phones"),
        ("mobile phone", "mobile phones"),
    ),
    "donut": (("donut", "donuts"), ("doughnut", "doughnuts")),
    "remote": (("remote", "remotes"), ("remote control", "remote controls")),
    "laptop": (("laptop", "laptops"), ("laptop computer", "laptop computers")),
    "clock": (("clock", "clocks"), ("alarm clock", "alarm clocks")),
}

USUAL = 0.75
"""How often a thing has its usual name."""

PHRASES: dict[str, tuple[str, ...]] = {
    "left of": ("to the left of", "left of", "on the left side of"),
    "right of": ("to the right of", "right of", "on the right side of"),
    "above": ("above",),
    "below": ("below", "beneath", "underneath"),
    "next to": ("next to", "beside", "alongside"),
}
"""Predicate to the ways of saying it, the usual one first."""

VALUES: dict[str, tuple[str, ...]] = {
    "small": ("small", "small", "little"),
    "large": ("large", "large", "big"),
    "dotted": ("dotted", "dotted", "spotted"),
}
"""Values of attributes that have more words than one to the words."""

STATES: dict[str, tuple[str, ...]] = {
    "standing": ("is standing", "is standing upright", "stands upright"),
    "lying": ("is lying", "lies flat", "is lying flat"),
    "lying on its side": ("is lying", "is lying on its side", "lies on its side"),
    "leaning": ("is leaning", "leans to one side", "is leaning to one side"),
    "sitting": ("is sitting", "sits upright"),
}
"""Pose to the ways of saying it."""

POSTURES = {"standing": "stands", "lying": "lies", "sitting": "sits"}
"""Pose to the verb with which a relation is told."""

SETTINGS: dict[str, tuple[str, ...]] = {
    "counter": (
        "a grey stone counter",
        "a kitchen counter",
        "the top of a kitchen counter",
        "a smooth grey countertop",
        "a stone countertop",
    ),
    "tablecloth": (
        "a checked tablecloth",
        "a grey checked tablecloth",
        "a tablecloth with a checked pattern",
        "a piece of checked cloth",
    ),
    "floor": (
        "a wooden floor",
        "a brown wooden floor",
        "a floor made of wooden boards",
        "a floor of brown planks",
        "a floor of long timber boards",
    ),
}
"""Setting to the ways of saying it, in noun phrases."""

DETAILED_PROMPTS = (
    "Describe this image in detail.",
    "Please describe this image in detail.",
    "Describe the image in detail.",
    "What do you see in this image?",
    "Describe this picture in as much detail as possible.",
    "Give a detailed description of this photo.",
    "Could you explain what is happening in this picture?",
    "Tell me everything that you notice here.",
    "How would you describe this scene to someone who cannot see it?",
    "Look at the photo and write down what it contains.",
    "Take a close look and report your observations.",
    "Go through the picture and mention each object, its color and its neighbors.",
    "I would like to know what is shown here. Use full sentences.",
    "Please write a paragraph about the contents of this image.",
    "Provide a thorough account of the scene, one thing after another.",
)
SHORT_PROMPTS = (
    "Describe this image in one sentence.",
    "Give a short caption.",
    "Write a short caption for this image.",
    "Briefly describe the picture.",
    "Which objects are visible?",
    "Name the things in this scene.",
    "Summarize the picture in a few words.",
    "What does this photograph contain?",
    "Sum up the photo in no more than twenty words.",
    "What is this a picture of? Answer with a single phrase.",
)
INVENTORY_PROMPTS = (
    "List every object with its appearance and location.",
    "List all objects in the image.",
    "Make an inventory: for every item give color, size, pattern and position.",
    "Make a complete list of the items that are present, from left to right.",
)
