from __future__ import annotations

import random

import pytest
from tensorboardX.record_writer import masked_crc32c

from synecore_tensorboard.event_file import FILE_NAME, EventFile, checksum, frame


def test_the_checksum_is_that_of_tensorboardx_for_every_length():
    generator = random.Random(0)
    for length in range(80):
        data = generator.randbytes(length)
        assert checksum(data) == masked_crc32c(data)


def test_the_checksum_of_the_test_vector_of_the_rfc():
    masked = (checksum(bytes(32)) - 0xA282EAD8) & 0xFFFFFFFF
    assert ((masked >> 17) | (masked << 15)) & 0xFFFFFFFF == 0x8A9136AA  # RFC 3720, B.4


def test_a_new_file_begins_with_the_version_and_is_empty_until_flushed(tmp_path, records_of):
    file = EventFile(tmp_path / "run", b"version")
    assert file.n_held == 0
    file.add(b"one")
    assert not (tmp_path / "run" / FILE_NAME).exists()
    file.flush()
    file.flush()
    assert records_of(tmp_path / "run" / FILE_NAME) == [b"version", b"one"]


def test_a_file_goes_on_where_it_ends(tmp_path, records_of):
    for n in range(3):
        file = EventFile(tmp_path, b"version")
        assert file.n_held == n
        file.add(b"record %d" % n)
        file.flush()
    assert records_of(tmp_path / FILE_NAME)[1:] == [b"record 0", b"record 1", b"record 2"]


@pytest.mark.parametrize("cut", range(1, len(frame(b"torn")) + 1))
def test_a_record_that_was_cut_short_is_cut_off(tmp_path, records_of, cut):
    whole = frame(b"version") + frame(b"one")
    (tmp_path / FILE_NAME).write_bytes((whole + frame(b"torn"))[:-cut])
    file = EventFile(tmp_path, b"version")
    assert file.n_held == 1
    file.add(b"two")
    file.flush()
    assert records_of(tmp_path / FILE_NAME) == [b"version", b"one", b"two"]


def test_what_is_no_record_is_cut_off(tmp_path, records_of):
    (tmp_path / FILE_NAME).write_bytes(frame(b"version") + b"\0" * 100)
    EventFile(tmp_path, b"version").flush()
    assert records_of(tmp_path / FILE_NAME) == [b"version"]


def test_a_file_that_was_cut_before_its_first_record_is_begun_again(tmp_path, records_of):
    (tmp_path / FILE_NAME).write_bytes(frame(b"version")[:5])
    file = EventFile(tmp_path, b"version")
    assert file.n_held == 0
    file.flush()
    assert records_of(tmp_path / FILE_NAME) == [b"version"]
