from halluc.language.words.vocabulary import coco_vocabulary


def test_the_published_list_and_its_quirks():
    words = coco_vocabulary()
    assert (len(words.nodes), len(words.classes), len(words.pairs)) == (403, 80, 55)
    assert {word for word in words.nodes if word != word.strip()} == {" motor bike", " cheesecake"}
    assert {"televison", "solider", "phon", "knive", "iPhone"} <= words.nodes.keys()
    assert all(words.nodes[node] == node for node in words.classes)


def test_pairs_and_overrides():
    pairs = coco_vocabulary().pairs
    assert pairs["bow tie"] == "tie"
    assert pairs["toilet seat"] == "toilet"
    assert pairs["passenger jet"] == "jet"
    assert pairs["adult cub"] == "cub"
    assert pairs["home plate"] == "home plate"
