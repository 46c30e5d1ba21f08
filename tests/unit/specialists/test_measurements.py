"""Measurements of a specialist: kept while nothing changes, and never those of another method or point."""

from types import SimpleNamespace

from cscsanet.specialists.measurements import keep


class Value:
    def __init__(self, value):
        self.value = value

    def content(self):
        return {"value": self.value}


def test_a_measurement_is_made_once_and_again_where_another_was_put_in_its_place(smoke, tmp_path):
    made = []

    def measure(name):
        keep(
            SimpleNamespace(params=smoke, code="code"),
            tmp_path / name,
            ("seed",),
            {},
            lambda: made.append(name) or Value(name),
        )

    names = ("point/a.json", "point/b.json", "other/a.json")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        measure(name)
    assert made == list(names)
    for name in names:
        measure(name)
    assert made == list(names)
    for name in names[1:]:
        (tmp_path / name).write_bytes((tmp_path / names[0]).read_bytes())
        measure(name)
    assert made == [*names, *names[1:]]
