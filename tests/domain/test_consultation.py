"""Answers are found as measured, and no text whatever is too strange to be read."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.consultation import knowledge, talk
from chalicelib.domain.consultation.index import NEAREST, SURE, Index, Match, Passage
from chalicelib.domain.consultation.words import facets, grams, parse
from chalicelib.errors import BrokenDefinition
from chalicelib.lexicon import lexicon
from tests.bench.consultation import Outcome, ask, failures
from tests.support import published, questions

outside = pytest.mark.skipif(not questions.shared(), reason="../shared/data is not there")
STRANGE = ['"', "*", "NEAR(", " OR ", "'; DROP TABLE", "<b>", "{{7*7}}", "%s", "\0", "𠮷", "㐂", "👮", "證", "Ⅻ", "ﬁ"]
texts = st.lists(st.text(max_size=40) | st.sampled_from([*STRANGE, "身份证", "护照", "ID card"])).map("".join)


@cache
def found(name: str) -> list[Outcome]:
    return ask(questions.sample_index(), questions.written(name))


def test_questions_that_were_held_out_are_answered_rightly_or_not_at_all() -> None:
    shares = failures(found("held_out"))
    assert shares["first"] <= 0.2
    assert shares["three"] <= 0.05
    assert shares["wrong"] <= 0.06
    assert shares["other"] <= 0.1


def test_what_was_reported_as_sure_and_wrong_is_right_or_refused() -> None:
    assert failures(found("reported")) == {"first": 0.0, "three": 0.0, "wrong": 0.0, "other": 0.0}
    shares = failures(found("reported_held_out"))
    assert shares["first"] <= 0.2
    assert shares["wrong"] <= 0.12
    assert shares["other"] <= 0.12


def test_questions_like_the_reported_ones_that_were_never_worked_on_are_right_or_unsure() -> None:
    shares = failures(found("unseen"))
    assert shares["first"] <= 0.1
    assert shares["wrong"] <= 0.05
    assert shares["other"] <= 0.1


@pytest.mark.parametrize(
    "text",
    [
        "我爸打我电话说身份证丢了",
        "材料被打印错了怎么办",
        "我打算和老婆去打工要办居住证吗",
        "狗走丢了狗证怎么注销",
        "抢手的号牌怎么选",
        "孩子的身份证丢了",
        "老人身份证丢了",
        "我儿子丢了护照",
    ],
)
def test_no_danger_is_seen_where_there_is_none(text: str) -> None:
    found = questions.sample_index().search(text)
    assert not [match for match in found if match.sure and match.passage.about == "knowledge/emergency"]


def test_what_comes_nearer_is_no_less_sure() -> None:
    for name in questions.SETS:
        for outcome in found(name):
            confidences = [match.confidence for match in outcome.found]
            assert confidences == sorted(confidences, reverse=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("谢谢", True),
        ("好的，谢谢！", True),
        ("👍", True),
        ("2025", True),
        ("护照", False),
        ("你好，护照怎么办", False),
    ],
)
def test_small_talk_is_told_from_a_question(text: str, said: bool) -> None:
    assert (talk.answered(text, lexicon().talk) is not None) == said


@outside
def test_damaged_names_are_found_and_other_matters_refused_with_one_threshold() -> None:
    shares = failures(ask(questions.guangdong_index(), questions.damaged(3, each=2)))
    assert shares["first"] <= 0.15
    assert shares["three"] <= 0.05
    assert failures(ask(questions.guangdong_index(), questions.others()[::2]))["other"] <= 0.1
    assert failures(ask(questions.sample_index(), questions.others(whole=True)[::5]))["other"] <= 0.1


def test_confidence_is_the_share_of_right_answers() -> None:
    sure = [each for each in [*found("held_out"), *found("fitted")] if each.answered]
    expected = sum(each.found[0].confidence for each in sure) / len(sure)
    assert abs(expected - sum(each.right for each in sure) / len(sure)) < 0.1


@given(texts)
def test_any_text_is_read_and_every_confidence_is_one(text: str) -> None:
    matches = questions.sample_index().search(text)
    assert len(matches) <= NEAREST
    assert all(0 <= match.confidence <= 1 and match.sure == (match.confidence >= SURE) for match in matches)
    assert len({match.passage.about for match in matches}) == len(matches)
    assert facets(text, lexicon()) == facets(text, lexicon())


@given(texts)
def test_a_phrase_of_its_own_is_found_again(text: str) -> None:
    own = Passage("knowledge/own@1", "knowledge/own", (text,))
    matches = Index([own], lexicon()).search(text)
    assert [match.passage for match in matches] == ([own] if grams(text, lexicon()) else [])


def test_nothing_is_found_where_nothing_is_in_common() -> None:
    assert questions.sample_index().search("") == []
    assert questions.sample_index().search("???!!!…") == []
    assert Index([], lexicon()).search("护照") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("身分證遺失補辦", "身份证丢失补办"),
        ("ＰＡＳＳＰＯＲＴ", "passport"),
        ("我的驾照过期了", "我的驾驶证到期了"),
        ("licensing", "licensed"),
    ],
)
def test_what_means_the_same_is_read_the_same(one: str, other: str) -> None:
    assert grams(one, lexicon()) == grams(other, lexicon())


def test_a_question_says_which_part_of_the_guide_it_is_after() -> None:
    assert facets("办护照要带什么，多少钱？", lexicon()) == ("materials", "fee")
    assert facets("How long does it take?", lexicon()) == ("limit",)
    assert facets("护照", lexicon()) == ()


def test_equal_matches_come_in_one_order() -> None:
    twins = [Passage(f"item/{name}@1", f"item/{name}", ("普通护照签发",)) for name in "cab"]
    assert [match.passage.ref for match in Index(twins, lexicon()).search("护照")] == [
        "item/a@1",
        "item/b@1",
        "item/c@1",
    ]


def test_what_is_nearer_is_surer() -> None:
    passage = Passage("item/a@1", "item/a", ("护照",))
    near, far = Match(passage, "护照", 0.9, 0.9), Match(passage, "护照", 0.9, 0.3)
    assert near.confidence > far.confidence
    assert near.order > far.order


@pytest.mark.parametrize("lacking", ["source", "question", "answer"])
def test_knowledge_without_its_parts_is_refused_by_name(lacking: str) -> None:
    document = next(iter(published.read(published.REGISTRY / "knowledge.toml")["knowledge"]))
    assert knowledge.parse(document, 1).passage.about == f"item/{document['item']}"
    with pytest.raises(BrokenDefinition, match=lacking):
        knowledge.parse({**document, lacking: None}, 1)


def test_a_word_with_two_meanings_is_refused_by_name() -> None:
    table = published.read(published.ROOT / "chalicelib" / "lexicon" / "lexicon.toml")
    with pytest.raises(BrokenDefinition, match="驾照"):
        parse({**table, "synonyms": [*table["synonyms"], ["号牌", "驾照"]]})
    with pytest.raises(BrokenDefinition, match="traditional"):
        parse({**table, "traditional": "證证 護"})
    with pytest.raises(BrokenDefinition, match="facets"):
        parse({**table, "facets": {}})
