"""N12: which language a caller gets, and what is written in each."""

from __future__ import annotations

from pathlib import Path

import pytest

import mesh
from mesh.errors import Reason
from mesh.localizing import LANGUAGES, LONGEST_HEADER, best_language, language_wanted, sentences

FOLDER = Path(mesh.__file__).with_name("languages")


def test_N12_each_language_has_a_file_and_each_file_is_a_language() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_N12_each_reason_has_its_own_sentence_that_any_program_can_show(language: str) -> None:
    written = sentences(language)
    assert set(written) == set(Reason)
    assert len(set(written.values())) == len(Reason)
    end = "。" if language == "ja" else "."
    for reason, sentence in written.items():
        assert 10 <= len(sentence) <= 180, reason
        assert sentence.endswith(end), reason
        # Commands and buttons are Slack's, and nothing is filled in.
        assert not set("/`{}<>*_") & set(sentence), reason
        # RESUME_TOKEN_INVALID, `request_id` and their like are words for programmers.
        assert reason.value not in sentence, reason
        assert "token" not in sentence.lower(), reason


def test_N12_no_language_has_sentences_of_another() -> None:
    everything = [sentence for language in LANGUAGES for sentence in sentences(language).values()]
    assert len(set(everything)) == len(everything)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-CH", "de"),
        ("PT-br", "pt"),
        ("ja-JP-u-ca-japanese", "ja"),
        ("fr;q=0.4, es;q=0.9, de;q=0.5", "es"),
        ("fr ; q=0.9 ,de;Q=0.95", "de"),
        ("nl, da;q=0.9, fr;q=0.1", "fr"),
        ("fr, de", "fr"),
        ("de;q=0, fr;q=0.1", "fr"),
        ("de;q=0", "en"),
        ("tlh", "en"),
        ("*", "en"),
        ("", "en"),
        (";q=1,,;", "en"),
        ("de;q=viel", "en"),
        ("de;q=nan", "en"),
        ("de;q=2, fr;q=-1, es;q=0.001", "es"),
        ("de;level=1", "en"),
        ("../../de", "en"),
        ("de" + " " * LONGEST_HEADER, "en"),
    ],
)
def test_N12_the_heaviest_language_that_there_is_wins_and_junk_is_passed_over(header: str, language: str) -> None:
    assert best_language(header) == language


def test_N12_who_asks_for_no_language_gets_no_sentence() -> None:
    assert language_wanted(None) is None
    assert language_wanted([("user-agent", "de"), ("accept-language-bin", b"de")]) is None
    assert language_wanted([("accept-language", "nl"), ("accept-language", "fr")]) == "fr"
