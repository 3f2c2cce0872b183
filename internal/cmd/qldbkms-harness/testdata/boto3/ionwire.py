"""Just enough Ion for a QLDB client: the hash of texts, whole numbers and structs, and single scalars from the wire.

Written from the Ion hash and Ion binary documents alone, so that it shares no mistake with the server.
"""

import hashlib
import re

BEGIN, END, ESCAPE = 0x0B, 0x0E, 0x0C


def _escaped(data):
    return re.sub(rb"[\x0b\x0c\x0e]", lambda found: bytes([ESCAPE]) + found.group(), data)


def _framed(type_code, content):
    return bytes([BEGIN, type_code]) + content + bytes([END])


def _serialized(value):
    if isinstance(value, str):
        return _framed(0x80, _escaped(value.encode()))
    if isinstance(value, int):
        size = (abs(value).bit_length() + 7) // 8
        return _framed(0x20 if value >= 0 else 0x30, _escaped(abs(value).to_bytes(size, "big")))
    fields = []
    for name, member in value.items():
        symbol = _framed(0x70, _escaped(name.encode()))
        fields.append(hashlib.sha256(symbol + _serialized(member)).digest())
    return _framed(0xD0, b"".join(_escaped(field) for field in sorted(fields)))


def ion_hash(value):
    """The SHA-256 Ion hash of a str, an int or a dict of them."""
    return hashlib.sha256(_serialized(value)).digest()


def dot(a, b):
    """Hash of two hashes, the smaller first: compared as signed bytes from the last one on."""
    if not a or not b:
        return a or b
    signed = [tuple(byte - 256 if byte > 127 else byte for byte in reversed(x)) for x in (a, b)]
    return hashlib.sha256(a + b if signed[0] <= signed[1] else b + a).digest()


def scalar(data):
    """The one text or whole number that a ValueHolder's IonBinary has."""
    assert data[:4] == b"\xe0\x01\x00\xea", data
    kind, size, rest = data[4] >> 4, data[4] & 15, data[5:]
    if size == 14:  # the length follows, seven bits a byte, the last one marked
        size = 0
        while True:
            byte, rest = rest[0], rest[1:]
            size = size << 7 | byte & 127
            if byte & 128:
                break
    assert size == len(rest), data
    if kind == 8:
        return rest.decode()
    assert kind == 2, data
    return int.from_bytes(rest, "big")
